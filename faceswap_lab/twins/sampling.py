"""Choosing which surface points to shade: one in the calm middle of a surface, all of them along its edges.

Multisampling as graphics cards do it: visibility is found at every sample, colour only as often as a pixel needs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.rasteriser import Float, Fragments, Int

# Within one pixel a surface that spreads over more depth than this (decimetres) is an edge, or nearly edge-on.
_CALM = np.float32(0.08)
_NOTHING = 255


@dataclass(frozen=True)
class Plan:
    """K points to shade.

    Attributes:
        first: (K,) the fragment of each point.
        second: (M,) for the first M points another fragment of the same pixel: their mean lies at its centre.
        pixel: (K,) the pixel of the final picture (flat index) that it colours.
        weight: (K,) float32, which share of the pixel.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    pixel: NDArray[np.intp]
    weight: Float


def plan_samples(seen: Fragments, parts: NDArray[np.uint8], size: int, supersampling: int) -> Plan:
    """Decide which fragments are shaded.

    Args:
        seen: fragments of a picture ``size * supersampling`` wide and high.
        parts: (K,) the part of each fragment.
        size: side length of the final picture.
        supersampling: samples per pixel and direction.
    """
    side = size * supersampling
    fragment = np.full(side * side, -1)
    fragment[seen.pixels] = np.arange(len(seen.pixels))
    part = np.full(side * side, _NOTHING, np.uint8)
    part[seen.pixels] = parts
    depth = np.zeros(side * side, np.float32)
    depth[seen.pixels] = seen.depth

    samples = [(dy, dx) for dy in range(supersampling) for dx in range(supersampling)]
    part_at, depth_at = ([_sample(grid, size, at) for at in samples] for grid in (part, depth))
    same = np.logical_and.reduce([p == part_at[0] for p in part_at]) & (part_at[0] != _NOTHING)
    calm = same & (np.maximum.reduce(depth_at) - np.minimum.reduce(depth_at) < _CALM)

    middle, other = (supersampling - 1) // 2, supersampling // 2  # one sample if odd, the two on a diagonal if even
    first = _sample(fragment, size, (middle, middle))[calm]
    second = _sample(fragment, size, (other, other))[calm]
    x, y = seen.pixels % side, seen.pixels // side
    pixel = y // supersampling * size + x // supersampling
    rest = np.flatnonzero(~calm.ravel().take(pixel))
    whole = np.flatnonzero(calm.ravel())
    weights = np.full(len(whole) + len(rest), 1 / supersampling**2, np.float32)
    weights[: len(whole)] = 1
    return Plan(np.concatenate([first, rest]), second, np.concatenate([whole, pixel.take(rest)]), weights)


def _sample(grid: NDArray, size: int, at: tuple[int, int]) -> NDArray:
    """Return one of the samples of every pixel, (size, size), of a flat grid of all samples."""
    side = math.isqrt(len(grid))
    step = side // size
    return grid.reshape(side, side)[at[0] :: step, at[1] :: step]


def interpolated(values: Float, triangles: Int, seen: Fragments, plan: Plan) -> Float:
    """Return the values (C, K) at the planned points, from values (N, C) at the vertices."""
    point = _at(values, triangles, seen, plan.first)
    calm = len(plan.second)
    point[:calm] += _at(values, triangles, seen, plan.second)
    point[:calm] *= np.float32(0.5)
    return np.ascontiguousarray(point.T)


def _at(values: Float, triangles: Int, seen: Fragments, fragment: NDArray[np.intp]) -> Float:
    corners, weights = triangles.take(seen.triangles.take(fragment), axis=0), seen.weights.take(fragment, axis=0)
    point = values.take(corners[:, 0], axis=0) * weights[:, :1]
    point += values.take(corners[:, 1], axis=0) * weights[:, 1:2]
    point += values.take(corners[:, 2], axis=0) * weights[:, 2:]
    return point
