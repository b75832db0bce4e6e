"""One person's head: the shape, what hangs on it, and its painted surface; made once, posed and drawn many times."""

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.randomness import stream
from faceswap_lab.twins.curves import Float, angle_around, beard_cover, hairline, smoothstep
from faceswap_lab.twins.glasses import build_glasses
from faceswap_lab.twins.hair import grow
from faceswap_lab.twins.harmonics import WINDOW
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.landmarks import LANDMARK_NAMES
from faceswap_lab.twins.pack import HeadPack, Part, head_pack
from faceswap_lab.twins.state import State
from faceswap_lab.twins.texture import canvas_coordinates, paint

# Everyone's eyes meet here, whatever the shape: faces of different people are aligned as a face detector would.
EYES = np.array([0, 7.284, 1.245], np.float32)
TEETH_BACK = np.float32(0.06)  # keeps the teeth behind the lips of every shape
COLLAR_Y = 5.82


class Head:
    """Geometry and textures of one identity (about 0.2 s to make; rendering it does not change it).

    Attributes:
        identity: who it is.
        vertices: (N, 3) float32 at rest, decimetres.
        triangles: (T, 3) int32.
        part_of_triangle: (T,) uint8.
        surface: (N, 9) float32 per vertex: canvas column and row, ambient, lips, eyeliner, hair, inside of the mouth,
            face mask, cloth.
        visibility: (N, 16) float32, windowed coefficients of ``harmonics.basis``.
        follows_head: (N, 1) float32, 1 where a vertex turns with the head, 0 where it stays with the shoulders.
        textures: the painted canvas.
        landmarks: (L,) vertex indices in the order of ``LANDMARK_NAMES``.
    """

    def __init__(self, identity: Identity) -> None:
        pack = head_pack()
        self.identity = identity
        skin = pack.parts == Part.SKIN
        angle, height = angle_around(pack.positions), pack.positions[:, 1]
        hair = _scalp_cover(identity, pack, angle, height) * skin
        beard = _beard_cover(identity, pack, angle, height) * skin
        body = _shaped(identity, pack)
        swelling = hair * identity.hair_thickness * (1 + 0.6 * smoothstep(7.9, 8.4, height)) + beard * 0.05
        cloth = smoothstep(COLLAR_Y, COLLAR_Y - 0.03, _collar_height(pack.positions)) * skin
        body = body + vertex_normals(body, pack.triangles) * (swelling + 0.04 * cloth)[:, None]

        kept = (
            pack.triangles if identity.lashes else pack.triangles[pack.parts[pack.triangles[:, 0]] < Part.LEFT_LASHES]
        )
        vertices, triangles, parts = [body], [kept], [pack.parts[kept[:, 0]]]
        locks = grow(identity, body, pack, hair, beard, stream(identity.seed, "twins", "hair"))
        vertices.append(locks.vertices)
        triangles.append(locks.triangles + np.int32(len(body)))
        parts.append(np.full(len(locks.triangles), Part.HAIR, np.uint8))
        if identity.glasses:
            frame, frame_triangles = build_glasses(identity.glasses, body, pack)
            vertices.append(frame)
            triangles.append(frame_triangles + np.int32(len(body) + len(locks.vertices)))
            parts.append(np.full(len(frame_triangles), Part.GLASSES, np.uint8))
        self.vertices: Float = np.concatenate(vertices).astype(np.float32)
        self.triangles: NDArray[np.int32] = np.concatenate(triangles).astype(np.int32)
        self.part_of_triangle: NDArray[np.uint8] = np.concatenate(parts)
        self.landmarks = np.array([pack.landmarks[name] for name in LANDMARK_NAMES])

        added = len(self.vertices) - len(body)
        column, row = canvas_coordinates(angle, height)
        mouth = np.clip(pack.masks["inside_mouth"] * 1.3 - pack.masks["lips"], 0, 1) * (pack.positions[:, 2] < 1.5)
        mask = np.maximum(np.maximum(pack.masks["face"], pack.masks["lips"]), pack.masks["inside_mouth"] * 2)
        channels = [
            column,
            row,
            pack.ambient,
            smoothstep(0.35, 0.65, pack.masks["lips"]),
            _eyeliner(pack),
            np.maximum(hair, beard),
            mouth,
            np.clip(mask, 0, 1) * (1 - hair),
            cloth,
        ]
        self.surface = np.pad(np.stack(channels, 1), ((0, added), (0, 0))).astype(np.float32)
        self.surface[len(body) :, 2] = 0.9
        first, last = len(body), len(body) + len(locks.vertices)
        self.surface[first:last, 3] = locks.tone
        self.surface[first:last, 5] = 1
        self.tangents = np.zeros_like(self.vertices)
        self.tangents[first:last] = locks.tangents
        still = int(pack.positions[:, 1].argmax())  # the top of the head takes no part in any expression
        self.anchors = np.concatenate([np.arange(first), locks.anchors, np.full(len(self.vertices) - last, still)])
        self.two_sided = self.part_of_triangle == Part.HAIR
        self.visibility = np.pad(pack.visibility * WINDOW.astype(np.float32), ((0, added), (0, 0)))
        self.visibility[len(body) :, 0] = 1 / 0.28209479  # additions see everything
        self.visibility[first:last] = (pack.visibility * WINDOW.astype(np.float32))[locks.anchors]
        self.follows_head = smoothstep(5.55, 6.2, self.vertices[:, 1:2])
        self.textures = paint(identity, stream(identity.seed, "twins", "texture"))

    def deformed(self, state: State) -> Float:
        """Return the vertices (N, 3) with the state's expression, before the pose."""
        pack = head_pack()
        moved = np.zeros_like(pack.positions)
        for name, weight in expression_weights(state).items():
            if weight:
                moved += pack.expressions[name] * np.float32(weight)
        return self.vertices + moved[self.anchors]


def expression_weights(state: State) -> dict[str, float]:
    """Translate a state into weights of the pack's expressions."""
    raised, lowered = max(state.brow_raise, 0.0), max(-state.brow_raise, 0.0)
    weights = {
        "mouth_open": state.mouth_open,
        "smile": state.smile,
        "frown": state.frown,
        "purse": state.purse,
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
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    corners = triangles.ravel()
    total = np.stack(
        [np.bincount(corners, np.repeat(faces[:, axis], 3), len(vertices)) for axis in range(3)], 1
    ).astype(np.float32)
    return total / np.maximum(np.sqrt((total * total).sum(1, keepdims=True)), np.float32(1e-9))


def _shaped(identity: Identity, pack: HeadPack) -> Float:
    body = pack.positions.copy()
    for name, weight in identity.shape:
        signed = name if name in pack.shapes else name + ("+" if weight >= 0 else "-")
        body += pack.shapes[signed] * np.float32(weight if signed == name else abs(weight))
    eyes = (body[pack.parts == Part.LEFT_EYE].mean(0) + body[pack.parts == Part.RIGHT_EYE].mean(0)) / 2
    body += (EYES - eyes) * smoothstep(5.45, 6.1, pack.positions[:, 1:2])
    body[(pack.parts >= Part.UPPER_TEETH) & (pack.parts <= Part.TONGUE), 2] -= TEETH_BACK
    return body.astype(np.float32)


def _scalp_cover(identity: Identity, pack: HeadPack, angle: Float, height: Float) -> Float:
    if identity.bald:
        return np.zeros_like(height)
    above = height - hairline(angle, identity.hair_low)
    return smoothstep(-0.02, 0.16, above) * (1 - smoothstep(0.3, 0.6, pack.masks["ears"]))


def _beard_cover(identity: Identity, pack: HeadPack, angle: Float, height: Float) -> Float:
    lips = smoothstep(0.2, 0.5, pack.masks["lips"])
    mouth = smoothstep(0.1, 0.4, pack.masks["inside_mouth"])
    return beard_cover(angle, height) * (1 - lips) * (1 - mouth) * np.float32(identity.beard)


def _collar_height(positions: Float) -> Float:
    """Return a height whose level lines are collars: lower in front than at the nape."""
    return positions[:, 1] + np.float32(0.12) * (positions[:, 2] - np.float32(0.3))


def _eyeliner(pack: HeadPack) -> Float:
    liner = np.zeros(len(pack.positions), np.float32)
    for eye in (Part.LEFT_EYE, Part.RIGHT_EYE):
        distance = np.linalg.norm(pack.positions - pack.positions[pack.parts == eye].mean(0), axis=1)
        liner = np.maximum(liner, 1 - smoothstep(0.150, 0.185, distance))
    return liner * (pack.parts == Part.SKIN) * (pack.positions[:, 2] > 1.3)
