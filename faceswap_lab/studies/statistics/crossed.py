"""An interval over two kinds of noise at once: the seeds of the trainings, and the held-out pictures that judge them.

Every seed is judged on the same pictures, so the two are crossed. Frames of one block of a film are alike: the block is
what might have been another one, not the frame.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceswap_lab.studies.statistics.intervals import Interval, half_width


class Blocks(NamedTuple):
    """Held-out pictures by the blocks they come in.

    Attributes:
        means: (G,) mean over the pictures of each block; or (S, G), for S seeds.
        sizes: (G,) pictures in each.
    """

    means: NDArray[np.float64]
    sizes: NDArray[np.int64]


def in_blocks(values: ArrayLike, blocks: ArrayLike) -> Blocks:
    """Return the values (n,) of single pictures by their blocks (n,)."""
    names, place = np.unique(np.asarray(blocks), return_inverse=True)
    sizes = np.bincount(place, minlength=len(names))
    return Blocks(np.bincount(place, np.asarray(values, np.float64), len(names)) / sizes, sizes)


def over_blocks(values: Blocks, centre: float | None = None, confidence: float = 0.95) -> Interval:
    """Return an interval for the mean over pictures of one run, (G,): other blocks might have been held out.

    Arguments as below. Infinite ends where there is but one block.
    """
    mean = float(values.sizes @ values.means / values.sizes.sum())
    if len(values.sizes) < 2:
        return Interval(-np.inf, np.inf)
    half = float(half_width(_of_blocks(values.means - mean, values.sizes), len(values.sizes) - 1, confidence))
    middle = mean if centre is None else centre
    return Interval(middle - half, middle + half)


def over_seeds_and_blocks(values: Blocks, centre: float | None = None, confidence: float = 0.95) -> Interval:
    """Return an interval for the mean over seeds and pictures, (S, G), where both might have been others.

    The variance of a mean over two crossed random factors is V_seeds + V_blocks - V_both, as of a table without
    replication (Scheffé, "The analysis of variance", 1959, chapter 7), with degrees of freedom by Satterthwaite
    (Biometrics Bulletin 2, 1946). Blocks weigh by their pictures, as in a jackknife that leaves out blocks of unequal
    size (Busing, Meijer and van der Leeden, Statistics and Computing 9, 1999). Never less than of one factor alone.

    Args:
        values: S seeds and G blocks.
        centre: the middle; None: the mean. For metrics that are no means over pictures, whose values are linearised.
        confidence: between 0 and 1.

    Returns:
        Infinite ends with one seed or one block: what one is does not tell what others would be.
    """
    means, sizes = np.atleast_2d(values.means), values.sizes
    seeds, blocks = means.shape
    of_seeds, of_blocks = means @ sizes / sizes.sum(), means.mean(axis=0)
    mean = float(of_seeds.mean())
    if min(seeds, blocks) < 2:
        return Interval(-np.inf, np.inf)
    rest = means - of_seeds[:, None] - of_blocks + mean
    by_seed = float(of_seeds.var(ddof=1)) / seeds
    by_block = _of_blocks(of_blocks - mean, sizes)
    both = float(sum(_of_blocks(row, sizes) for row in rest)) / (seeds * (seeds - 1))
    variance = max(by_seed + by_block - both, by_seed, by_block)
    spread = by_seed**2 / (seeds - 1) + by_block**2 / (blocks - 1)
    middle = mean if centre is None else centre
    half = float(half_width(variance, variance**2 / spread, confidence)) if spread else 0.0
    return Interval(middle - half, middle + half)


def _of_blocks(deviations: NDArray[np.float64], sizes: NDArray[np.int64]) -> float:
    """Return the variance of a mean over pictures, from the deviations (G,) of its blocks."""
    return float((deviations**2 / (sizes.sum() / sizes - 1)).mean())
