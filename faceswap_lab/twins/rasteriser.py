"""Which triangle does each pixel see? A z-buffer in NumPy whose coverage is decided in whole numbers.

Corners are snapped to 1/16 pixel and coverage is tested with integer edge functions (Pineda, "A parallel algorithm
for polygon rasterization", SIGGRAPH 1988), so no pixel falls to another triangle because of a rounding in the last bit.
Only depth and weights are floats, and all are float32: an int32 array times a float32 one would silently become
float64 in NumPy, and a depth compared with its own float64 twin loses the test.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUBPIXELS = 16


@dataclass(frozen=True)
class Fragments:
    """What K visible pixels see.

    Attributes:
        pixels: (K,) flat indices (row * width + column), increasing.
        triangles: (K,) indices of the nearest triangle.
        weights: (K, 3) float32 barycentric weights of its corners, each in [0, 1], sum 1.
    """

    pixels: NDArray[np.int32]
    triangles: NDArray[np.int32]
    weights: NDArray[np.float32]


def rasterise(
    points: NDArray[np.float32], triangles: NDArray[np.int32], height: int, width: int, two_sided: NDArray[np.bool_] | bool = False
) -> Fragments:
    """Find the nearest triangle at the centre of every pixel.

    Args:
        points: (N, 3): x and y in pixels (y down; the first pixel's centre is at 0.5, 0.5), depth (larger is nearer).
        triangles: (T, 3) corner indices, counter-clockwise seen from outside.
        height: rows of the picture.
        width: columns of the picture.
        two_sided: which triangles (T,), or whether all, are seen from behind too.

    Returns:
        The visible fragments. A pixel centre exactly on an edge belongs to both triangles; of equal depths the
        triangle that comes last in ``triangles`` wins.
    """
    snapped = np.rint(points[:, :2] * np.float32(SUBPIXELS)).astype(np.int32)
    a, b, c = (snapped[triangles[:, corner]] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    kept = np.flatnonzero((area < 0) | (two_sided & (area > 0)))  # y points down: outside is negative
    a, b, c, area = a[kept], b[kept], c[kept], area[kept]

    # The box of pixel centres each triangle can cover, clipped to the picture.
    half = SUBPIXELS // 2
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    first = np.maximum(-((half - low) // SUBPIXELS), 0)
    last = np.minimum((high - half) // SUBPIXELS, np.array([width - 1, height - 1], np.int32))
    extent = last - first + 1
    seen = np.flatnonzero((extent > 0).all(1))
    a, b, c, area, first, extent, kept = (x[seen] for x in (a, b, c, area, first, extent, kept))
    if not len(kept):
        return Fragments(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((0, 3), np.float32))

    # One candidate per triangle and pixel of its box, all triangles laid end to end.
    counts = extent[:, 0] * extent[:, 1]
    owner = np.repeat(np.arange(len(kept), dtype=np.int32), counts)
    local = np.arange(len(owner), dtype=np.int32) - (np.cumsum(counts) - counts).astype(np.int32)[owner]
    row, column = np.divmod(local, extent[:, 0][owner])
    sign = np.sign(area).astype(np.int32)

    def edge(start: NDArray[np.int32], end: NDArray[np.int32]) -> NDArray[np.int32]:
        step = (end - start) * sign[:, None]
        origin = first * SUBPIXELS + half - start
        constant = step[:, 0] * origin[:, 1] - step[:, 1] * origin[:, 0]
        return constant[owner] + (step[:, 0] * SUBPIXELS)[owner] * row - (step[:, 1] * SUBPIXELS)[owner] * column

    edge_a, edge_b = edge(b, c), edge(c, a)
    edge_c = np.abs(area)[owner] - edge_a - edge_b
    inside = np.flatnonzero((edge_a | edge_b | edge_c) >= 0)  # the sign bit of the "or" is set if any is negative
    owner = owner[inside]
    pixels = (first[:, 1] * width + first[:, 0])[owner] + row[inside] * width + column[inside]

    inverse_area = (np.float32(1) / np.abs(area).astype(np.float32))[owner]
    weight_a = edge_a[inside].astype(np.float32) * inverse_area
    weight_b = edge_b[inside].astype(np.float32) * inverse_area
    weight_c = edge_c[inside].astype(np.float32) * inverse_area
    corner_depth = points[:, 2].astype(np.float32)[triangles[kept]]
    depth = corner_depth[owner, 0] * weight_a + corner_depth[owner, 1] * weight_b + corner_depth[owner, 2] * weight_c
    nearest = _nearest(pixels, depth, height * width)
    visible = np.flatnonzero(nearest >= 0).astype(np.int32)
    chosen = nearest[visible]
    weights = np.stack([weight_a[chosen], weight_b[chosen], weight_c[chosen]], 1)
    return Fragments(visible, kept[owner[chosen]].astype(np.int32), weights)


def _nearest(pixels: NDArray[np.int32], depth: NDArray[np.float32], count: int) -> NDArray[np.int32]:
    """Return for each of ``count`` pixels the index of its nearest candidate, -1 where there is none."""
    z_buffer = np.full(count, -np.inf, np.float32)
    np.maximum.at(z_buffer, pixels, depth)
    winners = np.flatnonzero(depth >= z_buffer[pixels]).astype(np.int32)
    nearest = np.full(count, -1, np.int32)
    nearest[pixels[winners]] = winners
    return nearest
