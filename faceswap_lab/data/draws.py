"""Everything random about a sample, as a pure function of (seed, side, index).

The draws are plain numbers of unit size, the same for every recipe: a recipe scales them (``faceswap_lab.data.warp``).
So two arms with different augmentation still turn the tenth face in the same direction, and a recipe that does without
jitter shifts nobody else's numbers.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from faceswap_lab.data.faces import MOST_SIDES, Side
from faceswap_lab.randomness import stream, uniforms

GRID = 5  # control points per axis of the 2018 warp
CELLS = 8  # the finest grid of DeepFaceLab's warp, per axis
_CUT = 2.5  # standard deviations
_POSE = 5  # rotation, zoom, shift x, shift y, flip
_WIDTH = _POSE + 2 * GRID * GRID
SMALLEST = 2.0**-54  # the inverse CDF of 0 is minus infinity; half of the smallest positive draw stands in for it


@dataclass(frozen=True)
class Draws:
    """The random numbers of n samples.

    Attributes:
        rotation: (n,) uniform in [-1, 1).
        zoom: (n,) uniform in [-1, 1).
        shift: (n, 2) uniform in [-1, 1): x, y.
        flip: (n,) uniform in [0, 1); a sample is flipped where it is below the recipe's probability.
        jitter: (n, 2, 5, 5) standard normal: x then y of each control point, rows from top to bottom; or that of
            ``jitter_in_cells``, (n, 2, 9, 9), or of ``LandmarkWarp.warped``, (n, 2, 17, 17).
    """

    rotation: NDArray[np.float64]
    zoom: NDArray[np.float64]
    shift: NDArray[np.float64]
    flip: NDArray[np.float64]
    jitter: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rotation)


def draw(seed: int, side: Side, first: int, count: int) -> Draws:
    """Return the draws of samples ``first`` … ``first + count - 1`` of a side; sample i has the same in any batch."""
    u = uniforms(seed, "draw", side, first=first, count=count, width=_WIDTH)
    signed = 2.0 * u[:, : _POSE - 1] - 1.0
    normal = ndtri(np.maximum(u[:, _POSE:], SMALLEST))
    return Draws(signed[:, 0], signed[:, 1], signed[:, 2:4], u[:, 4], normal.reshape(count, 2, GRID, GRID))


def jitter_in_cells(seed: int, side: Side, first: int, count: int) -> NDArray[np.float64]:
    """Return the jitter of DeepFaceLab's warp (core/imagelib/warp.py, gen_warp_params) for some samples.

    The picture is cut into 2x2, 4x4 or 8x8 cells, drawn for each sample. Nodes inside of it move, by two normal numbers
    (none beyond 2.5 standard deviations) in proportion to the cell; those on its edge stay. There both numbers come
    into either axis: its ``mapy`` is a view of ``mapx``, so that what moves x at (i, j) moves y at (j, i).

    Returns:
        (n, 2, 9, 9) in parts of the picture's side: a coarser grid's nodes, and the points between them on its cells.
    """
    u = uniforms(seed, "draw_cells", side, first=first, count=count, width=1 + 2 * (CELLS - 1) ** 2)
    tail = ndtr(-_CUT)
    normal = ndtri(tail + u[:, 1:] * (1 - 2 * tail)).reshape(count, 2, CELLS - 1, CELLS - 1)
    finest = np.zeros((count, 2, CELLS + 1, CELLS + 1))
    for i, cells in enumerate(2 ** (1 + (3 * u[:, 0]).astype(np.int64))):
        one, other = normal[i, :, : cells - 1, : cells - 1] / cells
        nodes = np.zeros((2, cells + 1, cells + 1))
        nodes[:, 1:-1, 1:-1] = one + other.T, one.T + other
        between = np.maximum(0, 1 - np.abs(np.linspace(0, cells, CELLS + 1)[:, None] - np.arange(cells + 1)))
        finest[i] = between @ nodes @ between.T
    return finest


def shown(seed: int, side: Side, first: int, count: int, faces: int) -> NDArray[np.int64]:
    """Return which of ``faces`` stored faces samples ``first`` … show: (count,), each face once per epoch.

    Epoch e is the samples e·faces … (e+1)·faces - 1; each epoch has its own order.
    """
    epochs, places = np.divmod(np.arange(first, first + count), faces)
    rows = [_order(seed, side, int(epoch), faces)[places[epochs == epoch]] for epoch in np.unique(epochs)]
    return np.concatenate(rows) if rows else np.empty(0, np.int64)


@lru_cache(maxsize=2 * MOST_SIDES)  # a batch may straddle two epochs; at 100,000 faces an order is 0.8 MB
def _order(seed: int, side: Side, epoch: int, faces: int) -> NDArray[np.int64]:
    order = stream(seed, "order", side, epoch).permutation(faces)
    order.flags.writeable = False  # it is shared by all who ask
    return order
