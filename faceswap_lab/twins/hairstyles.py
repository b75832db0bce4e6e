"""The styles: where locks of hair are rooted, how they are combed, and how they fall."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import Float, smoothstep, vector
from faceswap_lab.twins.identity import HairStyle, Identity
from faceswap_lab.twins.pack import HeadPack
from faceswap_lab.twins.skull import SKULL_CENTRE, SkullMap


@dataclass(frozen=True)
class Ground:
    """What hair grows on: a shaped body (N, 3), the cover (N,) in [0, 1] of the part that is hairy, and the skull."""

    person: Identity
    body: Float
    pack: HeadPack
    cover: Float
    skull: SkullMap
    rng: np.random.Generator


@dataclass(frozen=True)
class Paths:
    """S locks as lines.

    Attributes:
        points: (S, K, 3) from root to tip.
        anchors: (S,) the vertex of the body at the root.
        half_width: half the width of each lock, in decimetres.
        spread: how much the locks differ in brightness, as a standard deviation.
    """

    points: Float
    anchors: NDArray[np.int64]
    half_width: float
    spread: float = 0.16


def short(ground: Ground) -> Paths:
    """Grown a finger long all over, combed from the crown outwards and a little aside at the front."""
    rng, count = ground.rng, 620
    roots, normals, anchors = _roots(ground, count)
    comb = roots - vector(0.12, 8.45, -0.35) + rng.normal(0, 0.22, (count, 3))
    comb[:, 0] += 0.5 * smoothstep(0.5, 1.2, roots[:, 2])
    top = smoothstep(7.4, 8.1, roots[:, 1])
    length = (0.16 + 0.30 * top) * rng.uniform(0.7, 1.2, count) * (1 + 2.0 * ground.person.hair_thickness)
    lift = 0.015 + 0.05 * top * rng.random(count)
    return Paths(_marched(ground, roots, normals, comb, length, lift, steps=4, gravity=0.35), anchors, 0.044)


def swept(ground: Ground) -> Paths:
    """Combed back from the forehead, and down at the back."""
    rng, count = ground.rng, 520
    roots, normals, anchors = _roots(ground, count)
    comb = vector(0, 0.25, -1) + vector(0.35, 0, 0) * np.sign(roots[:, :1]) + rng.normal(0, 0.1, (count, 3))
    comb[:, 1] -= 0.8 * smoothstep(0.4, -0.4, roots[:, 2])
    length, lift = rng.uniform(0.6, 1.0, count), 0.02 + ground.person.hair_thickness * 0.5 * rng.random(count)
    points = _marched(ground, roots, normals, comb, length, lift, steps=5, gravity=0.15, stand=0.02)
    return Paths(points, anchors, 0.048)


def parted(ground: Ground) -> Paths:
    """Parted on top, falling to both sides: to the ears or over the shoulders, by the length."""
    person, rng, count = ground.person, ground.rng, 260
    # What grows lower would hang hidden under what falls from above.
    upper = replace(ground, cover=ground.cover * (ground.pack.positions[:, 1] > 7.2))
    roots, normals, anchors = _roots(upper, count)
    comb = np.stack(
        [np.where(roots[:, 0] > person.hair_parting, 1, -1), np.full(count, -0.15), -0.12 - 0.2 * roots[:, 2]], 1
    )
    comb = comb + rng.normal(0, 0.09, (count, 3))
    end = 7.1 - 1.6 * person.hair_length + rng.normal(0, 0.07, count)
    around_the_head = 0.75 * smoothstep(7.3, 8.3, roots[:, 1])
    length = np.maximum(roots[:, 1] - end, 0.3) + around_the_head
    lift = 0.02 + 0.05 * rng.random(count) + 0.03 * smoothstep(7.6, 8.4, roots[:, 1])
    points = _marched(ground, roots, normals, comb, length, lift, steps=8, gravity=0.5, stand=0.02, hangs_below=7.8)
    return Paths(points, anchors, 0.075)


def curly(ground: Ground) -> Paths:
    """Tight curls standing off the head: spirals around straight locks."""
    rng, count, steps = ground.rng, 1000, 5
    roots, normals, anchors = _roots(ground, count)
    comb = normals + rng.normal(0, 0.5, (count, 3))
    length, lift = (ground.person.hair_thickness * 0.9 + 0.12) * rng.uniform(0.7, 1.2, count), np.full(count, 0.01)
    points = _marched(ground, roots, normals, comb, length, lift, steps=steps, gravity=0.1, stand=0.5)
    right = unit(np.cross(normals, vector(0.3, 0.2, 1)))
    up = np.cross(normals, right)
    turn = np.linspace(0, 3.2 * np.pi, steps + 1) + rng.uniform(0, 2 * np.pi, (count, 1))
    spiral = np.cos(turn)[..., None] * right[:, None] + np.sin(turn)[..., None] * up[:, None]
    radius = 0.045 * np.linspace(0.3, 1, steps + 1)
    return Paths((points + radius[:, None] * spiral).astype(np.float32), anchors, 0.02, 0.18)


def beard(ground: Ground) -> Paths:
    """A beard's locks point down and a little forward; those of the moustache point aside."""
    person, rng = ground.person, ground.rng
    count = int(650 * person.beard)
    roots, normals, anchors = _roots(ground, count)
    comb = vector(0, -1, 0.15) + rng.normal(0, 0.25, (count, 3))
    comb[:, 0] += 0.6 * np.sign(roots[:, 0]) * smoothstep(6.68, 6.76, roots[:, 1]) * (np.abs(roots[:, 0]) < 0.3)
    length = (0.06 + 0.14 * person.beard * smoothstep(6.75, 6.45, roots[:, 1])) * rng.uniform(0.7, 1.2, count)
    points = [roots]
    for step in range(3):
        points.append(points[-1] + unit(comb + normals * (0.5 - 0.16 * step)) * (length / 3)[:, None])
    return Paths(np.stack(points, 1).astype(np.float32), anchors, 0.022)


STYLES: dict[HairStyle, Callable[[Ground], Paths]] = {"short": short, "swept": swept, "parted": parted, "curly": curly}


def unit(vectors: Float) -> Float:
    """Return vectors (..., 3) at length 1; nearly zero ones stay short."""
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(-1, keepdims=True)), 1e-6)


def _roots(ground: Ground, count: int) -> tuple[Float, Float, NDArray[np.int64]]:
    """Draw points on the covered skin, evenly by area: positions, outward normals, nearest corner."""
    skin = ground.pack.triangles[(ground.cover[ground.pack.triangles] > 0.3).all(1)]
    a, b, c = (ground.body[skin[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    share = np.cumsum(np.sqrt((normals * normals).sum(1)), dtype=np.float64)
    # One draw in each of `count` equal shares of the area: no clumps, no holes.
    at = (np.arange(count) + ground.rng.random(count)) / count * share[-1]
    chosen = np.searchsorted(share, at).clip(0, len(skin) - 1)
    u, v = ground.rng.random((2, count, 1)).astype(np.float32)
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = a[chosen] * (1 - u - v) + b[chosen] * u + c[chosen] * v
    return points, unit(normals[chosen]), skin[chosen, 0].astype(np.int64)


def _marched(
    ground: Ground,
    roots: Float,
    normals: Float,
    comb: Float,
    length: Float,
    lift: Float,
    *,
    steps: int,
    gravity: float,
    stand: float = 0.08,
    hangs_below: float = 7.2,
) -> Float:
    """Let locks grow from roots (S, 3): each leaves along its normal, turns into its comb, and ends up falling.

    Args:
        ground: what they grow on.
        roots: (S, 3) where.
        normals: (S, 3) away from the skin.
        comb: (S, 3) the direction they are combed in.
        length: (S,) of each lock.
        lift: (S,) how far each is kept off the skin.
        steps: how many straight pieces a lock has.
        gravity: how strongly the tip falls.
        stand: how much farther than its lift a lock may stand off above the ears.
        hangs_below: the height under which locks no longer follow the head but hang.

    Returns:
        (S, steps + 1, 3) float32 points.
    """
    position: Float = roots.astype(np.float32)
    points = [position]
    stride = (length / steps)[:, None]
    for step in range(steps):
        t = (step + 1) / steps
        outward = unit(position - SKULL_CENTRE)
        along = unit(comb - outward * (comb * outward).sum(1, keepdims=True))  # along the head, not through it
        hanging = smoothstep(hangs_below, hangs_below - 0.5, position[:, 1:2])
        direction = along * (1 - hanging) + normals * max(0.0, 0.9 - 2 * t)
        direction = unit(direction + vector(0, -1, 0) * (gravity * t + hanging))
        raised = lift * min(1, 2.5 * t) * (1 - 0.5 * t**3)  # the tip comes down again
        position = ground.skull.above((position + direction * stride).astype(np.float32), raised, stand)
        points.append(position)
    return np.stack(points, 1)
