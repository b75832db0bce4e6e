"""Hair and beards as locks: flat, tapered strips that grow from the skin, are combed, and fall.

Games call them hair cards (there with transparent textures; a taper and supersampling do for opaque ones). A lock is
a path marched from its root: at every step it follows the comb, gravity pulls, and the head pushes it out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import CANVAS_HEIGHT, CANVAS_WIDTH, Float, smoothstep
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.pack import HeadPack, Part
from faceswap_lab.twins.rasteriser import rasterise

SKULL = np.array([0, 7.45, 0.3], np.float32)
_MAP_HEIGHT, _MAP_WIDTH = 96, 192
_STREAKS = 200  # columns of the canvas per decimetre of a lock's width


@dataclass(frozen=True)
class Locks:
    """Strips of hair.

    Attributes:
        vertices: (V, 3) float32.
        triangles: (T, 3) int32.
        tangents: (V, 3) float32 unit vectors along the hair.
        anchors: (V,) the vertex of the body each one moves with.
        canvas: (V, 2) float32 column and row on the painted canvas of the hair, whose streaks run along the rows.
        tone: (V,) float32 brightness relative to the hair's colour: darker at the root, different from lock to lock.
    """

    vertices: Float
    triangles: NDArray[np.int32]
    tangents: Float
    anchors: NDArray[np.int64]
    canvas: Float
    tone: Float


def grow(person: Identity, body: Float, pack: HeadPack, scalp: Float, beard: Float, rng: np.random.Generator) -> Locks:
    """Grow the locks of a head.

    Args:
        person: style, length and thickness of the hair, and the beard.
        body: (N, 3) shaped vertices, the scalp already swollen by the hair's thickness.
        pack: where the vertices come from.
        scalp: (N,) cover of the scalp in [0, 1].
        beard: (N,) cover of the beard in [0, 1].
        rng: draws roots and the differences between locks.

    Returns:
        All locks; none for a bald or cropped head without a beard.
    """
    skull = _SkullMap(body, pack)
    grown = []
    if not person.bald and person.hair_style != "cropped":
        grown.append(_strips(*_STYLES[person.hair_style](person, body, pack, scalp, skull, rng), rng))
    if person.beard > 0.3:
        grown.append(_strips(*_beard(person, body, pack, beard, skull, rng), rng))
    if not grown:
        empty = np.zeros((0, 3), np.float32)
        return Locks(empty, np.zeros((0, 3), np.int32), empty, np.zeros(0, np.int64), empty[:, :2], empty[:, 0])
    offsets = np.cumsum([0, *[len(g.vertices) for g in grown[:-1]]])
    return Locks(
        np.concatenate([g.vertices for g in grown]),
        np.concatenate([g.triangles + np.int32(o) for g, o in zip(grown, offsets)]),
        np.concatenate([g.tangents for g in grown]),
        np.concatenate([g.anchors for g in grown]),
        np.concatenate([g.canvas for g in grown]),
        np.concatenate([g.tone for g in grown]),
    )


class _SkullMap:
    """How far the skin reaches in every direction from the middle of the skull, drawn by the rasteriser itself."""

    def __init__(self, body: Float, pack: HeadPack) -> None:
        column, row, radius = self._polar(body - SKULL)
        triangles = pack.triangles[pack.parts[pack.triangles[:, 0]] == Part.SKIN]
        # Shoulders are left out: a lock that touches them lies on them, it is not pushed off sideways.
        triangles = triangles[(body[triangles, 1] > 6.15).all(1)]
        across_the_seam = np.ptp(column[triangles], axis=1) > _MAP_WIDTH / 4
        triangles = triangles[~across_the_seam]
        seen = rasterise(np.stack([column, row, radius], 1), triangles, _MAP_HEIGHT, _MAP_WIDTH, two_sided=True)
        reach = np.zeros(_MAP_HEIGHT * _MAP_WIDTH, np.float32)
        reach[seen.pixels] = (radius[triangles[seen.triangles]] * seen.weights).sum(1)
        reach = reach.reshape(_MAP_HEIGHT, _MAP_WIDTH)
        while (reach == 0).any():  # the seam and the poles: take the nearest
            reach = np.where(reach == 0, cv2.dilate(reach, np.ones((3, 3), np.uint8)), reach)
        self._reach = cv2.GaussianBlur(reach, (0, 0), 1.0)

    def above(self, points: Float, lift: Float, stand: float) -> Float:
        """Keep points (S, 3) at least ``lift`` (S,) above the skin and, above the ears, at most ``stand`` more."""
        offset = points - SKULL
        column, row, radius = self._polar(offset)
        reach = cv2.remap(self._reach, column[:, None], row[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        least = reach[:, 0] + lift
        most = least + np.float32(stand) + 2 * np.maximum(np.float32(7.5) - points[:, 1], 0)
        kept = np.clip(radius, least, most)
        return (SKULL + offset * (kept / np.maximum(radius, 1e-6))[:, None]).astype(np.float32)

    @staticmethod
    def _polar(offset: Float) -> tuple[Float, Float, Float]:
        radius = np.sqrt((offset * offset).sum(1))
        column = (np.arctan2(offset[:, 0], offset[:, 2]) / np.float32(2 * np.pi) + np.float32(0.5)) * _MAP_WIDTH
        row = np.arccos(np.clip(offset[:, 1] / np.maximum(radius, 1e-6), -1, 1)) / np.float32(np.pi) * _MAP_HEIGHT
        return column.astype(np.float32), row.astype(np.float32), radius.astype(np.float32)


# A style returns: paths (S, K, 3), half widths (S,), anchors (S,), tone (S,), curl of the strip about its own path (S,)
_Paths = tuple[Float, Float, NDArray[np.int64], Float]


def _roots(
    body: Float, pack: HeadPack, cover: Float, count: int, rng: np.random.Generator, least: float = 0.3
) -> tuple[Float, Float, NDArray[np.int64]]:
    """Draw points on the covered skin, evenly by area: positions, outward normals, nearest corner."""
    skin = pack.triangles[(cover[pack.triangles] > least).all(1)]
    a, b, c = (body[skin[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    area = np.sqrt((normals * normals).sum(1))
    share = np.cumsum(area, dtype=np.float64)
    # One draw in each of `count` equal shares of the area: no clumps, no holes.
    chosen = np.searchsorted(share, (np.arange(count) + rng.random(count)) / count * share[-1]).clip(0, len(skin) - 1)
    u, v = rng.random((2, count)).astype(np.float32)
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u)[:, None], np.where(flip, 1 - v, v)[:, None]
    points = a[chosen] * (1 - u - v) + b[chosen] * u + c[chosen] * v
    return points, normals[chosen] / np.maximum(area[chosen], 1e-9)[:, None], skin[chosen, 0].astype(np.int64)


def _march(
    roots: Float,
    normals: Float,
    comb: Float,
    length: Float,
    steps: int,
    gravity: float,
    lift: Float,
    skull: _SkullMap,
    stiffness: float = 0.5,
    hangs_below: float = 7.2,
    stand: float = 0.08,
) -> Float:
    """Let locks grow: (S, steps + 1, 3) positions.

    Each begins along its normal, turns into the comb's direction, and ends up falling; ``stiffness`` is how long the
    normal and the comb keep their say.
    """
    points = [roots]
    position = roots
    stride = (length / steps)[:, None]
    for step in range(steps):
        t = (step + 1) / steps
        outward = position - SKULL
        outward = outward / np.maximum(np.sqrt((outward * outward).sum(1, keepdims=True)), 1e-6)
        along = comb - outward * (comb * outward).sum(1, keepdims=True)  # combed along the head, not through it
        along = along / np.maximum(np.sqrt((along * along).sum(1, keepdims=True)), 1e-6)
        hanging = smoothstep(hangs_below, hangs_below - 0.5, position[:, 1:2])
        direction = along * (1 - hanging) + normals * max(0.0, 0.9 - 3 * t * (1.2 - stiffness))
        direction = direction + np.float32([0, -1, 0]) * (np.float32(gravity * t) + hanging)
        direction = direction / np.maximum(np.sqrt((direction * direction).sum(1, keepdims=True)), 1e-6)
        position = skull.above(
            (position + direction * stride).astype(np.float32), lift * np.float32(min(1, 2.5 * t)), stand
        )
        points.append(position)
    return np.stack(points, 1).astype(np.float32)


def _tones(count: int, rng: np.random.Generator, spread: float = 0.16) -> Float:
    return np.clip(rng.normal(1, spread, count), 0.6, 1.5).astype(np.float32)


def _short(person: Identity, body: Float, pack: HeadPack, scalp: Float, skull: _SkullMap, rng: np.random.Generator):
    """Grown a finger long all over, combed from the crown outwards and a little aside at the front."""
    count = 620
    roots, normals, anchors = _roots(body, pack, scalp, count, rng)
    crown = np.float32([0.12, 8.45, -0.35])
    aside = np.float32(0.5) * smoothstep(0.5, 1.2, roots[:, 2])
    comb = roots - crown + rng.normal(0, 0.22, (count, 3)).astype(np.float32)
    comb[:, 0] += aside
    top = smoothstep(7.4, 8.1, roots[:, 1])
    length = (0.16 + 0.30 * top) * rng.uniform(0.7, 1.2, count).astype(np.float32) * (1 + 2.0 * person.hair_thickness)
    lift = (0.015 + 0.05 * top * rng.random(count)).astype(np.float32)
    paths = _march(roots, normals, comb, length.astype(np.float32), 4, 0.35, lift, skull)
    return paths, np.full(count, 0.044, np.float32), anchors, _tones(count, rng)


def _swept(person: Identity, body: Float, pack: HeadPack, scalp: Float, skull: _SkullMap, rng: np.random.Generator):
    """Combed back from the forehead."""
    count = 520
    roots, normals, anchors = _roots(body, pack, scalp, count, rng)
    comb = np.float32([0, 0.25, -1]) + np.float32([0.35, -0.25, 0]) * np.sign(roots[:, :1]) * np.float32([1, 0, 0])
    comb = comb + rng.normal(0, 0.1, (count, 3)).astype(np.float32)
    comb[:, 1] -= 0.8 * smoothstep(0.4, -0.4, roots[:, 2])
    length = rng.uniform(0.6, 1.0, count).astype(np.float32)
    lift = (0.02 + person.hair_thickness * 0.5 * rng.random(count)).astype(np.float32)
    paths = _march(roots, normals, comb, length, 5, 0.15, lift, skull, stiffness=0.6, stand=0.02)
    return paths, np.full(count, 0.048, np.float32), anchors, _tones(count, rng)


def _parted(person: Identity, body: Float, pack: HeadPack, scalp: Float, skull: _SkullMap, rng: np.random.Generator):
    """Parted on top, falling to both sides: to the ears or over the shoulders, by the length."""
    count = 260
    roots, normals, anchors = _roots(body, pack, scalp, count, rng)
    parting = np.float32(person.hair_parting)
    side = np.where(roots[:, 0] > parting, np.float32(1), np.float32(-1))
    comb = np.stack([side, np.full(count, -0.15, np.float32), np.float32(-0.12) - 0.2 * roots[:, 2]], 1)
    comb = (comb + rng.normal(0, 0.09, (count, 3))).astype(np.float32)
    end = np.float32(7.1 - 1.6 * person.hair_length) + rng.normal(0, 0.07, count).astype(np.float32)
    around_the_head = 0.75 * smoothstep(7.3, 8.3, roots[:, 1])
    length = np.maximum(roots[:, 1] - end, 0.3) + around_the_head.astype(np.float32)
    lift = (0.02 + 0.05 * rng.random(count) + 0.03 * smoothstep(7.6, 8.4, roots[:, 1])).astype(np.float32)
    paths = _march(roots, normals, comb, length.astype(np.float32), 8, 0.5, lift, skull, hangs_below=7.8, stand=0.02)
    return paths, np.full(count, 0.075, np.float32), anchors, _tones(count, rng)


def _curly(person: Identity, body: Float, pack: HeadPack, scalp: Float, skull: _SkullMap, rng: np.random.Generator):
    """Tight curls standing off the head."""
    count = 1000
    roots, normals, anchors = _roots(body, pack, scalp, count, rng, least=0.35)
    comb = normals + rng.normal(0, 0.5, (count, 3)).astype(np.float32)
    length = (person.hair_thickness * 0.9 + 0.12) * rng.uniform(0.7, 1.2, count).astype(np.float32)
    lift = np.full(count, 0.01, np.float32)
    steps = 5
    paths = _march(roots, normals, comb, length.astype(np.float32), steps, 0.1, lift, skull, stand=0.5)
    turn = np.linspace(0, 1, steps + 1, dtype=np.float32) * np.float32(3.2 * np.pi)
    phase = rng.uniform(0, 2 * np.pi, (count, 1)).astype(np.float32)
    u = np.cross(normals, np.float32([0.3, 0.2, 1]))
    u = u / np.maximum(np.sqrt((u * u).sum(1, keepdims=True)), 1e-6)
    w = np.cross(normals, u)
    radius = np.float32(0.045) * np.linspace(0.3, 1, steps + 1, dtype=np.float32)
    spiral = np.cos(turn + phase)[..., None] * u[:, None] + np.sin(turn + phase)[..., None] * w[:, None]
    return paths + radius[:, None] * spiral, np.full(count, 0.02, np.float32), anchors, _tones(count, rng, 0.18)


def _beard(person: Identity, body: Float, pack: HeadPack, beard: Float, skull: _SkullMap, rng: np.random.Generator):
    """A beard's locks point down and a little forward."""
    count = int(650 * person.beard)
    roots, normals, anchors = _roots(body, pack, beard / max(person.beard, 1e-6), count, rng, least=0.35)
    comb = np.float32([0, -1, 0.15]) + rng.normal(0, 0.25, (count, 3)).astype(np.float32)
    comb[:, 0] += 0.6 * np.sign(roots[:, 0]) * smoothstep(6.68, 6.76, roots[:, 1]) * (np.abs(roots[:, 0]) < 0.3)
    length = (0.06 + 0.14 * person.beard * smoothstep(6.75, 6.45, roots[:, 1])) * rng.uniform(0.7, 1.2, count)
    points = [roots]
    for step in range(3):
        direction = comb + normals * (0.5 - 0.16 * step)
        direction = direction / np.sqrt((direction * direction).sum(1, keepdims=True))
        points.append(points[-1] + direction * (length / 3)[:, None])
    paths = np.stack(points, 1).astype(np.float32)
    return paths, np.full(count, 0.022, np.float32), anchors, _tones(count, rng, 0.16)


_STYLES = {"short": _short, "swept": _swept, "parted": _parted, "curly": _curly}


def _strips(
    paths: Float, half_width: Float, anchors: NDArray[np.int64], tone: Float, rng: np.random.Generator
) -> Locks:
    """Turn paths (S, K, 3) into strips two vertices wide that lie flat on the head and taper to their tips."""
    count, knots, _ = paths.shape
    tangents = np.gradient(paths, axis=1)
    tangents /= np.maximum(np.sqrt((tangents * tangents).sum(2, keepdims=True)), 1e-6)
    outward = paths - SKULL
    outward[..., 1] *= 0.4  # below the ears the strips face sideways, not down
    across = np.cross(outward, tangents)
    across /= np.maximum(np.sqrt((across * across).sum(2, keepdims=True)), 1e-6)
    tilt = rng.normal(0, 0.25, (count, 1, 1)).astype(np.float32)
    outward /= np.maximum(np.sqrt((outward * outward).sum(2, keepdims=True)), 1e-6)
    across = across + tilt * outward
    t = np.linspace(0, 1, knots, dtype=np.float32)
    taper = np.sqrt(np.clip(1 - t**2.5, 0, 1)) * (0.75 + 0.25 * smoothstep(0, 0.2, t))
    reach = (
        (half_width * rng.uniform(0.7, 1.25, count).astype(np.float32))[:, None, None] * taper[None, :, None] * across
    )
    vertices = np.stack([paths - reach, paths + reach], 2).reshape(-1, 3)
    knot = np.arange(knots - 1)
    a = (np.arange(count)[:, None] * knots + knot).ravel() * 2
    triangles = np.concatenate([np.stack([a, a + 2, a + 1], 1), np.stack([a + 2, a + 3, a + 1], 1)])
    column = rng.uniform(0, CANVAS_WIDTH, (count, 1, 1)) + _STREAKS * half_width[:, None, None] * np.float32([-1, 1])
    canvas = np.stack(np.broadcast_arrays(column, (t * CANVAS_HEIGHT / 2)[None, :, None]), 3)
    shade = tone[:, None] * (0.55 + 0.45 * smoothstep(0, 0.45, t))
    return Locks(
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        np.repeat(tangents.reshape(-1, 3), 2, axis=0).astype(np.float32),
        np.repeat(anchors, 2 * knots),
        canvas.reshape(-1, 2).astype(np.float32),
        np.repeat(shade.ravel(), 2).astype(np.float32),
    )
