"""Which triangle does each pixel see? A z-buffer in NumPy whose coverage is decided in whole numbers.

Corners are snapped to 1/16 pixel and coverage is decided by integer edge functions (Pineda, "A parallel algorithm for
polygon rasterization", SIGGRAPH 1988), so no pixel falls to another triangle because of a rounding in the last bit.
All triangles are drawn at once: triangles unfold into rows, rows into the run of pixels they cover.

Only depth and weights are floats, and all are float32: an int32 array times a float32 one would silently become
float64 in NumPy, and a depth compared with its own float64 twin loses the test.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUBPIXELS = 16
_HALF = SUBPIXELS // 2

Int = NDArray[np.int32]
Index = NDArray[np.intp]  # what take and repeat work with: anything else is converted at every call
Float = NDArray[np.floating]


@dataclass(frozen=True)
class Fragments:
    """What K visible pixels see.

    Attributes:
        pixels: (K,) flat indices (row * width + column), increasing.
        triangles: (K,) indices of the nearest triangle.
        weights: (K, 3) float32 barycentric weights of its corners, each in [0, 1], sum 1.
        depth: (K,) float32, interpolated linearly in the picture.
    """

    pixels: Index
    triangles: Index
    weights: Float
    depth: Float


def rasterise(
    points: Float, triangles: Int, height: int, width: int, two_sided: NDArray[np.bool_] | bool = False
) -> Fragments:
    """Find the nearest triangle at the centre of every pixel.

    Args:
        points: (N, 3): x and y in pixels (y down; the first pixel's centre is at 0.5, 0.5), depth (larger is nearer).
            Triangles up to some 2000 pixels across: an edge function must fit 32 bits.
        triangles: (T, 3) corner indices, counter-clockwise seen from outside.
        height: rows of the picture.
        width: columns of the picture.
        two_sided: which triangles (T,), or whether all, are seen from behind too.

    Returns:
        The visible fragments. A pixel centre exactly on an edge belongs to both triangles; of equal depths the
        triangle that comes last in ``triangles`` wins.
    """
    snapped = np.rint(points[:, :2] * np.float32(SUBPIXELS)).astype(np.int32)
    corners = snapped.take(triangles, axis=0)  # (T, 3, 2); take is several times faster than indexing
    area = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.flatnonzero((area < 0) | (two_sided & (area > 0)))  # y points down: outside is negative
    low, high = _covered_centres(corners.take(facing, axis=0), height, width)
    inside = np.flatnonzero((high >= low).all(1))
    kept = facing.take(inside)
    corners, area, low, high = (
        x.take(i, axis=0) for x, i in ((corners, kept), (area, kept), (low, inside), (high, inside))
    )
    edges = _edge_functions(corners, np.sign(area), low)
    area = np.abs(area)
    depth = _depth_planes(points[:, 2], triangles.take(kept, axis=0), edges, area)
    owner, row, start, run = _rows(edges, low, high)
    if not len(owner):
        nothing = np.zeros((0, 3), np.float32)
        return Fragments(kept[:0], kept[:0], nothing, nothing[:, 0])

    # Rows unfold into pixels: all runs end to end, and what a row knows is repeated along its run.
    first = np.cumsum(run) - run
    along = np.arange(first[-1] + run[-1])
    plane, corner = depth.take(owner, axis=0), low.take(owner, axis=0)
    pixel = np.repeat((corner[:, 1] + row) * width + corner[:, 0] + start - first, run) + along
    x = (along - np.repeat(first - start, run)).astype(np.float32)
    z = np.repeat(plane[:, 0] + plane[:, 2] * row.astype(np.float32), run) + np.repeat(plane[:, 1], run) * x
    nearest = _nearest(pixel, z, height * width)

    visible = np.flatnonzero(nearest >= 0)
    candidate = nearest.take(visible)
    row_of = np.repeat(np.arange(len(run)), run).take(candidate)
    chosen = owner.take(row_of)
    offset = np.stack([visible % width - low[:, 0].take(chosen), row.take(row_of)], 1).astype(np.int32)
    edge = edges.take(chosen, axis=0)  # (K, 3, 3)
    value = edge[:, :, 0] + edge[:, :, 1] * offset[:, :1] + edge[:, :, 2] * offset[:, 1:]
    weights = value.astype(np.float32) / area.take(chosen)[:, None].astype(np.float32)
    return Fragments(visible, kept.take(chosen), weights, z.take(candidate))


def _cross(a: Int, b: Int) -> Int:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _covered_centres(corners: Int, height: int, width: int) -> tuple[Int, Int]:
    """Return the first and the last pixel (x, y) whose centre lies in each triangle's box, clipped to the picture."""
    least = np.minimum(np.minimum(corners[:, 0], corners[:, 1]), corners[:, 2])
    most = np.maximum(np.maximum(corners[:, 0], corners[:, 1]), corners[:, 2])
    low = np.maximum((least - _HALF + SUBPIXELS - 1) // SUBPIXELS, 0)
    high = np.minimum((most - _HALF) // SUBPIXELS, np.array([width - 1, height - 1], np.int32))
    return low, high


def _edge_functions(corners: Int, sign: Int, low: Int) -> Int:
    """Return (T, 3, 3): per side the value at pixel ``low`` and its steps in x and y; >= 0 inside.

    Side k lies opposite corner k, so its value over twice the area is that corner's weight.
    """
    edges = np.empty((len(corners), 3, 3), np.int32)
    centre = low * np.int32(SUBPIXELS) + np.int32(_HALF)
    for side in range(3):
        start = corners[:, (side + 1) % 3]
        step = (corners[:, (side + 2) % 3] - start) * sign[:, None]
        edges[:, side, 0] = _cross(step, centre - start)
        edges[:, side, 1] = -step[:, 1] * SUBPIXELS
        edges[:, side, 2] = step[:, 0] * SUBPIXELS
    return edges


def _depth_planes(depth: Float, triangles: Int, edges: Int, area: Int) -> Float:
    """Return (T, 3): the depth at pixel ``low`` and its steps in x and y."""
    corner_depth = depth.take(triangles).astype(np.float64)
    return (np.einsum("tc,tcs->ts", corner_depth, edges) / area[:, None]).astype(np.float32)


def _rows(edges: Int, low: Int, high: Int) -> tuple[Index, Int, Index, Index]:
    """Unfold triangles into the rows they cover: owner, row from ``low``, first covered pixel from ``low``, run."""
    rows = (high[:, 1] - low[:, 1] + 1).astype(np.intp)
    owner = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(owner), dtype=np.int32) - np.repeat((np.cumsum(rows) - rows).astype(np.int32), rows)
    start = np.zeros(len(owner))
    end = np.repeat((high[:, 0] - low[:, 0]).astype(np.float64), rows)
    for side in range(3):
        # value + step * x >= 0 bounds x from below where the edge rises and from above where it falls. A float64 holds
        # these integers, and the floor of their quotient, exactly; an integer division is several times slower.
        origin, step, down = edges[:, side].astype(np.float64).T
        # A level edge has no crossing: half a unit and a tiny step send it far off, to the side of its sign.
        origin = np.where(step == 0, origin + 0.5, origin)
        per_step = np.repeat(np.where(step == 0, 2.0**-24, np.abs(step)), rows)
        bound = np.floor((np.repeat(origin, rows) + np.repeat(down, rows) * row) / per_step)
        rising = np.repeat(step > 0, rows)
        np.maximum(start, -bound, out=start, where=rising)
        np.minimum(end, bound, out=end, where=~rising)
    covered = np.flatnonzero(end >= start)
    first, last = start.take(covered).astype(np.intp), end.take(covered).astype(np.intp)
    return owner.take(covered), row.take(covered), first, last - first + 1


def _nearest(pixel: Index, depth: Float, count: int) -> Index:
    """Return for each of ``count`` pixels the index of its nearest candidate, -1 where there is none."""
    z_buffer = np.full(count, -np.inf, np.float32)
    np.maximum.at(z_buffer, pixel, depth)
    winners = np.flatnonzero(depth >= z_buffer.take(pixel))
    nearest = np.full(count, -1)
    nearest[pixel.take(winners)] = winners
    return nearest
