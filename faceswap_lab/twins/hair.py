"""Hair and beards as locks: flat, tapered strips that grow from the skin, are combed, and fall.

Games call them hair cards (there with transparent textures; a taper and supersampling do for opaque ones). A lock is
a path marched from its root: at every step it follows the comb, gravity pulls, and the head pushes it out.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import CANVAS_HEIGHT, CANVAS_WIDTH, Float, smoothstep, vector
from faceswap_lab.twins.hairstyles import STYLES, Ground, Paths, beard, unit
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.pack import HeadPack
from faceswap_lab.twins.skull import SKULL_CENTRE, SkullMap

LEAST_BEARD = 0.3  # thinner ones are only painted
_STREAKS = 200  # columns of the canvas per decimetre of a lock's width


@dataclass(frozen=True)
class Locks:
    """Strips of hair.

    Attributes:
        vertices: (V, 3) float32.
        triangles: (T, 3) int32.
        normals: (V, 3) float32 unit vectors, mostly away from the head: locks are lit as one volume, each a little
            differently, and what is seen of their inside is dark.
        tangents: (V, 3) float32 unit vectors along the hair.
        anchors: (V,) the vertex of the body each one moves with.
        canvas: (V, 2) float32 column and row on the painted canvas of the hair, whose streaks run along the rows.
        tone: (V,) float32 brightness relative to the hair's colour: darker at the root, different from lock to lock.
    """

    vertices: Float
    triangles: NDArray[np.int32]
    normals: Float
    tangents: Float
    anchors: NDArray[np.int64]
    canvas: Float
    tone: Float


def grow(
    person: Identity, body: Float, pack: HeadPack, scalp: Float, beard_cover: Float, rng: np.random.Generator
) -> Locks:
    """Grow the locks of a head.

    Args:
        person: style, length and thickness of the hair, and the beard.
        body: (N, 3) shaped vertices, the scalp already swollen by the hair's thickness.
        pack: where the vertices come from.
        scalp: (N,) cover of the scalp in [0, 1].
        beard_cover: (N,) cover of the beard in [0, 1].
        rng: draws roots and the differences between locks.

    Returns:
        All locks; none for a bald or cropped head without a beard.
    """
    skull = SkullMap(body, pack)
    grown = []
    if person.hair_style in STYLES and not person.bald:
        grown.append(_strips(STYLES[person.hair_style](Ground(person, body, pack, scalp, skull, rng)), rng))
    if person.beard > LEAST_BEARD:
        cover = beard_cover / np.float32(person.beard)
        grown.append(_strips(beard(Ground(person, body, pack, cover, skull, rng)), rng))
    if not grown:
        empty = np.zeros((0, 3), np.float32)
        return Locks(empty, np.zeros((0, 3), np.int32), empty, empty, np.zeros(0, np.int64), empty[:, :2], empty[:, 0])
    offsets = np.cumsum([0, *[len(g.vertices) for g in grown[:-1]]])
    grown = [replace(g, triangles=g.triangles + np.int32(o)) for g, o in zip(grown, offsets)]
    return Locks(*(np.concatenate([getattr(g, part.name) for g in grown]) for part in fields(Locks)))


def _strips(grown: Paths, rng: np.random.Generator) -> Locks:
    """Turn lines into strips two vertices wide that lie flat on the head and taper to their tips."""
    points = grown.points
    count, knots, _ = points.shape
    tangents = unit(np.gradient(points, axis=1))
    outward = points - SKULL_CENTRE
    outward[..., 1] *= 0.4  # below the ears the strips face sideways, not down
    flat, tilt = unit(np.cross(outward, tangents)), rng.normal(0, 0.25, (count, 1, 1))
    across = flat + tilt * unit(outward)
    normals = unit(unit(outward) - tilt * flat)
    t = np.linspace(0, 1, knots)
    taper = np.sqrt(1 - t**2.5) * (0.75 + 0.25 * smoothstep(0, 0.2, t))
    edge = grown.half_width * rng.uniform(0.7, 1.25, (count, 1, 1)) * taper[:, None] * across
    vertices = np.stack([points - edge, points + edge], 2).reshape(-1, 3)

    a = (np.arange(count)[:, None] * knots + np.arange(knots - 1)).ravel() * 2
    triangles = np.concatenate([np.stack([a, a + 2, a + 1], 1), np.stack([a + 2, a + 3, a + 1], 1)])
    column = rng.uniform(0, CANVAS_WIDTH, (count, 1, 1)) + _STREAKS * grown.half_width * vector(-1, 1)
    canvas = np.stack(np.broadcast_arrays(column, (t * CANVAS_HEIGHT / 2)[None, :, None]), 3)
    tone = np.clip(rng.normal(1, grown.spread, count), 0.6, 1.5)[:, None] * (0.55 + 0.45 * smoothstep(0, 0.45, t))
    return Locks(
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        np.repeat(normals.reshape(-1, 3), 2, axis=0).astype(np.float32),
        np.repeat(tangents.reshape(-1, 3), 2, axis=0).astype(np.float32),
        np.repeat(grown.anchors, 2 * knots),
        canvas.reshape(-1, 2).astype(np.float32),
        np.repeat(tone.ravel(), 2).astype(np.float32),
    )
