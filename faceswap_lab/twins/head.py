"""One person's head: the shape, what hangs on it, and its painted surface; made once, posed and drawn many times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.randomness import stream
from faceswap_lab.twins.curves import Float, angle_around, beard_cover, hairline, smoothstep
from faceswap_lab.twins.glasses import build_glasses
from faceswap_lab.twins.hair import Locks, grow
from faceswap_lab.twins.harmonics import WINDOW, basis
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.landmarks import LANDMARK_NAMES
from faceswap_lab.twins.pack import HeadPack, Part, head_pack
from faceswap_lab.twins.shape import shaped
from faceswap_lab.twins.state import State
from faceswap_lab.twins.texture import canvas_coordinates, paint

COLLAR_Y = 5.82
HANGING_Y = 7.3

# What the nine numbers at a vertex mean: canvas column and row, openness to the sky, covers in [0, 1], and how far
# below the collar it lies ...
SKIN_CHANNELS = ("column", "row", "ambient", "lips", "liner", "hair", "mouth", "face", "collar")
# ... or, on a lock of hair, its tone and the direction in which it runs.
HAIR_CHANNELS = ("column", "row", "ambient", "tone", "tangent_x", "tangent_y", "tangent_z", "face")


class Head:
    """Geometry and textures of one identity (about 0.15 s to make; rendering it does not change it).

    The vertices are the body's (the pack's own, in its order), then the locks of hair, then the glasses.

    Attributes:
        identity: who it is.
        vertices: (N, 3) float32 at rest, decimetres.
        triangles: (T, 3) int32.
        parts: (T,) uint8, a ``Part`` per triangle.
        two_sided: (T,) bool, triangles that are seen from both sides.
        surface: (N, 9) float32, what a point of the surface is like; see ``SKIN_CHANNELS`` and ``HAIR_CHANNELS``.
        normals: (N, 3) float32 at rest.
        anchors: (N,) the vertex of the body that each vertex moves with.
        follows_head: (N, 1) float32, 1 where a vertex turns with the head, 0 where it stays with the shoulders.
        textures: the painted canvas.
        landmarks: (L,) vertices in the order of ``LANDMARK_NAMES``.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._pack = pack = head_pack()
        cover = _covers(identity, pack)
        body = _dressed(shaped(identity, pack), identity, pack, cover)
        locks = grow(identity, body, pack, cover.hair, cover.beard, stream(identity.seed, "twins", "hair"))
        frame, frame_triangles = build_glasses(identity.glasses, body, pack)
        first_lock, first_frame = len(body), len(body) + len(locks.vertices)

        shown = pack.parts[pack.triangles[:, 0]] < (Part.HAIR if identity.lashes else Part.LEFT_LASHES)
        self._body_triangles = pack.triangles[shown]
        self.vertices: Float = np.concatenate([body, locks.vertices, frame])
        self.triangles: NDArray[np.int32] = np.concatenate(
            [self._body_triangles, locks.triangles + np.int32(first_lock), frame_triangles + np.int32(first_frame)]
        )
        self.parts: NDArray[np.uint8] = np.concatenate(
            [
                pack.parts[self._body_triangles[:, 0]],
                np.full(len(locks.triangles), Part.HAIR, np.uint8),
                np.full(len(frame_triangles), Part.GLASSES, np.uint8),
            ]
        )
        hanging = self.vertices[self.triangles, 1].min(1) < HANGING_Y  # higher up the skull hides a lock's back
        self.two_sided: NDArray[np.bool_] = (self.parts == Part.HAIR) & hanging
        self.surface: Float = np.concatenate(
            [_skin_channels(pack, cover), _hair_channels(locks, pack, cover), _frame_channels(frame)]
        ).astype(np.float32)
        self.normals: Float = vertex_normals(self.vertices, self.triangles)
        self.normals[first_lock:first_frame] = locks.normals
        still = int(pack.positions[:, 1].argmax())  # the top of the head takes no part in any expression
        self.anchors: NDArray[np.int64] = np.concatenate(
            [np.arange(len(body)), locks.anchors, np.full(len(frame), still)]
        )
        self.follows_head: Float = smoothstep(5.55, 6.2, self.vertices[:, 1:2])
        self.textures = paint(identity, stream(identity.seed, "twins", "texture"))
        self.landmarks = np.array([pack.landmarks[name] for name in LANDMARK_NAMES])
        self._visibility = pack.visibility * WINDOW.astype(np.float32)

    def deformed(self, state: State) -> Float:
        """Return the vertices (N, 3) with the state's expression, before the pose."""
        return self.vertices + self._moved(state, slice(None)).take(self.anchors, axis=0)

    def deformed_landmarks(self, state: State) -> Float:
        """Return the landmarks (L, 3) with the state's expression, before the pose."""
        return self.vertices[self.landmarks] + self._moved(state, self.landmarks)

    def _moved(self, state: State, rows: NDArray[np.int64] | slice) -> Float:
        """Return how far the state's expression moves rows of the body's vertices."""
        moved = np.zeros_like(self._pack.positions[rows])
        for name, weight in expression_weights(state).items():
            if weight:
                moved += self._pack.expressions[name][rows] * np.float32(weight)
        return moved

    def posed_normals(self, posed: Float, turn: Float) -> Float:
        """Return unit normals (N, 3) of posed vertices; hair and glasses keep those they have at rest."""
        normals = self.normals @ turn.T
        count = len(self._pack.positions)
        normals[:count] = vertex_normals(posed[:count], self._body_triangles)
        return normals

    def open_to_light(self, light: Float) -> Float:
        """Return how much of a distant light arrives at each vertex, in [0, 1]; ``light`` is in the head's frame."""
        arrives = np.clip(self._visibility @ basis(light).astype(np.float32), 0, 1)
        return arrives.take(self.anchors)


@dataclass(frozen=True)
class _Covers:
    """What lies on the skin, (N,) each, covers in [0, 1]."""

    hair: Float
    beard: Float
    cloth: Float
    collar: Float  # decimetres below the collar's edge, negative above


def _covers(identity: Identity, pack: HeadPack) -> _Covers:
    skin = (pack.parts == Part.SKIN).astype(np.float32)
    angle, height = angle_around(pack.positions), pack.positions[:, 1]
    above = height - hairline(angle, identity.hair_low)
    hair = smoothstep(-0.02, 0.16, above) * (1 - smoothstep(0.3, 0.6, pack.masks["ears"])) * (not identity.bald)
    mouth = smoothstep(0.2, 0.5, pack.masks["lips"]), smoothstep(0.1, 0.4, pack.masks["inside_mouth"])
    beard = beard_cover(angle, height) * (1 - mouth[0]) * (1 - mouth[1]) * np.float32(identity.beard)
    # Level lines of this height are collars: lower in front than at the nape.
    collar = height + np.float32(0.12) * (pack.positions[:, 2] - np.float32(0.3))
    below = np.where(pack.parts == Part.SKIN, COLLAR_Y - collar, np.float32(-1))
    return _Covers(hair * skin, beard * skin, smoothstep(-0.02, 0.03, below) * skin, below)


def _dressed(body: Float, identity: Identity, pack: HeadPack, cover: _Covers) -> Float:
    """Swell the body where hair, beard and clothes lie on it."""
    crown = 1 + np.float32(0.6) * smoothstep(7.9, 8.4, pack.positions[:, 1])
    swelling = cover.hair * np.float32(identity.hair_thickness) * crown
    swelling += np.float32(0.05) * cover.beard + np.float32(0.04) * cover.cloth
    return body + vertex_normals(body, pack.triangles) * swelling[:, None]


def _skin_channels(pack: HeadPack, cover: _Covers) -> Float:
    column, row = canvas_coordinates(angle_around(pack.positions), pack.positions[:, 1])
    lips, inside = pack.masks["lips"], pack.masks["inside_mouth"]
    mouth = np.clip(inside * 1.3 - lips, 0, 1) * (pack.positions[:, 2] < 1.5)
    face = _face(pack) * (1 - cover.hair)
    hair = np.maximum(cover.hair, cover.beard)
    lips = smoothstep(0.35, 0.65, lips)
    return np.stack([column, row, pack.ambient, lips, _eyeliner(pack), hair, mouth, face, cover.collar], 1)


def _hair_channels(locks: Locks, pack: HeadPack, cover: _Covers) -> Float:
    ambient, unused = np.full(len(locks.tone), 0.9, np.float32), np.zeros(len(locks.tone), np.float32)
    face = (_face(pack) * (cover.beard > cover.hair)).take(locks.anchors)  # a beard is part of the face, hair is not
    return np.column_stack([locks.canvas, ambient, locks.tone, locks.tangents, face, unused])


def _frame_channels(frame: Float) -> Float:
    channels = np.zeros((len(frame), len(SKIN_CHANNELS)), np.float32)
    channels[:, SKIN_CHANNELS.index("ambient")] = 1
    channels[:, SKIN_CHANNELS.index("face")] = frame[:, 2] > 1.2  # rims and bridge; the temples lie beside the face
    return channels


def _face(pack: HeadPack) -> Float:
    masks = pack.masks
    skin = np.maximum(np.maximum(masks["face"], masks["lips"]), masks["eyelids"])
    return np.clip(np.maximum(skin, 2 * masks["inside_mouth"]), 0, 1)


def _eyeliner(pack: HeadPack) -> Float:
    liner = np.zeros(len(pack.positions), np.float32)
    for eye in (Part.LEFT_EYE, Part.RIGHT_EYE):
        distance = np.linalg.norm(pack.positions - pack.positions[pack.parts == eye].mean(0), axis=1)
        liner = np.maximum(liner, 1 - smoothstep(0.150, 0.185, distance))
    return liner * (pack.parts == Part.SKIN) * (pack.positions[:, 2] > 1.3)


def expression_weights(state: State) -> dict[str, float]:
    """Translate a state into weights of the pack's expressions."""
    raised, lowered = max(state.brow_raise, 0.0), max(-state.brow_raise, 0.0)
    weights = {
        "mouth_open": state.mouth_open,
        "smile": state.smile,
        "frown": state.frown,
        "purse": 0.7 * state.purse,  # at its full weight the lips part and bare the teeth
    }
    for side, blink in (("left", state.blink_left), ("right", state.blink_right)):
        weights[f"blink_{side}"] = blink
        weights[f"wide_{side}"] = state.eyes_wide * (1 - blink)
        weights[f"brow_up_{side}"] = 1.1 * raised
        weights[f"brow_down_{side}"] = 1.4 * lowered
        # raising the outer brow alone looks sceptical: the inner end goes along
        weights[f"brow_inner_{side}"] = 1.4 * state.brow_inner + 1.3 * raised
    return weights


def vertex_normals(vertices: Float, triangles: NDArray[np.int32]) -> Float:
    """Return unit normals (N, 3), the area-weighted mean over the triangles at each vertex."""
    a, b, c = (vertices.take(triangles[:, corner], axis=0) for corner in range(3))
    u, v = (b - a).T, (c - a).T
    faces = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    corners = triangles.T.ravel()
    total = np.stack([np.bincount(corners, np.tile(axis, 3), len(vertices)) for axis in faces], 1).astype(np.float32)
    return total / np.maximum(np.sqrt((total * total).sum(1, keepdims=True)), np.float32(1e-9))
