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
_FAR = 2.0**20  # pixels, farther than any picture is wide

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
    x, y = np.rint(points[:, :2].T * np.float32(SUBPIXELS)).astype(np.int32)
    corner = np.ascontiguousarray(triangles.T)  # (3, T): numbers of one kind side by side are several times faster
    x, y = x.take(corner), y.take(corner)
    area = _cross(x[1] - x[0], y[1] - y[0], x[2] - x[0], y[2] - y[0])
    facing = np.flatnonzero((area < 0) | (two_sided & (area > 0)))  # y points down: outside is negative
    left, right = _covered_centres(x.take(facing, axis=1), width)
    top, bottom = _covered_centres(y.take(facing, axis=1), height)
    inside = np.flatnonzero((right >= left) & (bottom >= top))
    left, right, top, bottom = (bound.take(inside) for bound in (left, right, top, bottom))
    kept = facing.take(inside)
    area = area.take(kept)
    edges = _edge_functions(x.take(kept, axis=1), y.take(kept, axis=1), np.sign(area), left, top)
    area = np.abs(area)
    depth = _depth_planes(points[:, 2].take(corner.take(kept, axis=1)), edges, area)
    owner, row, start, run = _rows(edges, right - left, bottom - top)
    if not len(owner):
        nothing = np.zeros((0, 3), np.float32)
        return Fragments(kept[:0], kept[:0], nothing, nothing[:, 0])

    # Rows unfold into pixels: all runs end to end, and what a row knows is looked up along its run.
    first = np.cumsum(run) - run
    begins = np.zeros(first[-1] + run[-1], np.intp)
    begins[first[1:]] = 1
    row_of = np.cumsum(begins)  # as np.repeat has it, in half of the time
    along = np.arange(len(row_of)) - (first - start).take(row_of)  # columns from `left`
    origin, per_column, per_row = (plane.take(owner) for plane in depth)
    z = (origin + per_row * row.astype(np.float32)).take(row_of) + per_column.take(row_of) * along.astype(np.float32)
    pixel = ((top.take(owner) + row) * width + left.take(owner)).astype(np.intp).take(row_of) + along
    nearest = _nearest(pixel, z, height * width)

    visible = np.flatnonzero(nearest >= 0)
    candidate = nearest.take(visible)
    row_of = row_of.take(candidate)
    chosen = owner.take(row_of)
    across, down = along.take(candidate).astype(np.int32), row.take(row_of)
    whole = area.take(chosen).astype(np.float32)
    weights = np.empty((len(visible), 3), np.float32)
    for side, (at_low, per_column, per_row) in enumerate(edges):
        value = at_low.take(chosen) + per_column.take(chosen) * across + per_row.take(chosen) * down
        weights[:, side] = value.astype(np.float32) / whole
    return Fragments(visible, kept.take(chosen), weights, z.take(candidate))


def _cross(ax: Int, ay: Int, bx: Int, by: Int) -> Int:
    return ax * by - ay * bx


def _covered_centres(places: Int, size: int) -> tuple[Int, Int]:
    """Return the first and the last pixel whose centre lies between a triangle's corners, along one axis.

    Args:
        places: (3, T) the corners' places on the axis.
        size: pixels on it, to which both are clipped.
    """
    low = np.maximum((places.min(0) - _HALF + SUBPIXELS - 1) // SUBPIXELS, 0)
    high = np.minimum((places.max(0) - _HALF) // SUBPIXELS, np.int32(size - 1))
    return low, high


def _edge_functions(x: Int, y: Int, sign: Int, left: Int, top: Int) -> Int:
    """Return (3, 3, T): per side the value at pixel (left, top) and its steps in x and y; >= 0 inside.

    Side k lies opposite corner k, so its value over twice the area is that corner's weight.
    """
    edges = np.empty((3, 3, x.shape[1]), np.int32)
    centre_x, centre_y = (at * np.int32(SUBPIXELS) + np.int32(_HALF) for at in (left, top))
    for side, (start, end) in enumerate(((1, 2), (2, 0), (0, 1))):
        step_x, step_y = (x[end] - x[start]) * sign, (y[end] - y[start]) * sign
        edges[side, 0] = _cross(step_x, step_y, centre_x - x[start], centre_y - y[start])
        edges[side, 1] = -step_y * SUBPIXELS
        edges[side, 2] = step_x * SUBPIXELS
    return edges


def _depth_planes(depth: Float, edges: Int, area: Int) -> Float:
    """Return (3, T): the depth at pixel (left, top) and its steps in x and y, from that of the corners (3, T)."""
    weighted = depth.astype(np.float64)[:, None] * edges
    return (weighted.sum(0) / area).astype(np.float32)


def _rows(edges: Int, columns: Int, rows: Int) -> tuple[Index, Int, Index, Index]:
    """Unfold triangles into the rows they cover: owner, row from ``top``, first covered pixel from ``left``, run.

    Args:
        edges: (3, 3, T) edge functions.
        columns: (T,) how many pixels the last column lies from the first.
        rows: (T,) likewise the last row from the first.
    """
    count = rows.astype(np.intp) + 1
    owner = np.repeat(np.arange(len(count)), count)
    row = (np.arange(len(owner)) - (np.cumsum(count) - count).take(owner)).astype(np.int32)
    exact = row.astype(np.float64)
    start = np.zeros(len(owner))
    end = columns.astype(np.float64).take(owner)
    for origin, step, down in edges:
        # value + step * x >= 0 bounds x from below where the edge rises and from above where it falls. A float64 holds
        # these integers, and the floor of their quotient, exactly; an integer division is several times slower.
        # A level edge has no crossing: half a unit and a tiny step send it far off, to the side of its sign.
        level, rising = step == 0, step > 0
        value = np.where(level, origin + 0.5, origin).take(owner) + down.astype(np.float64).take(owner) * exact
        bound = np.floor(value / np.where(level, 2.0**-24, np.abs(step)).take(owner))
        # What bounds the other end is multiplied away: a choice row by row takes ten times as long.
        np.maximum(
            start, bound * np.where(rising, -1.0, 0).take(owner) - np.where(rising, 0, _FAR).take(owner), out=start
        )
        np.minimum(end, bound * np.where(rising, 0.0, 1).take(owner) + np.where(rising, _FAR, 0).take(owner), out=end)
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
