"""A straight line through values at ordered levels: by how much it changes from the first level to the last."""

from collections.abc import Mapping, Sequence

import numpy as np


def change_along_a_line(levels: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return seed → slope of the least-squares line over the levels' ranks, times (number of levels - 1).

    The ranks are 0, 1, …: the levels' own values may be words, or sizes with no distance between them. With two levels
    this is the second value minus the first.

    Args:
        levels: seed → finite value, level by level in their order; two levels or more. A seed that is not at every
            level has no line, and is left out.

    Raises:
        ValueError: there are fewer than two levels.
    """
    if len(levels) < 2:
        raise ValueError(f"{len(levels)} levels: a line takes two or more")
    last = len(levels) - 1
    centred = np.arange(last + 1) - last / 2
    weights = centred * last / (centred**2).sum()
    seeds = sorted(set.intersection(*(set(values) for values in levels)))
    return {seed: float(weights @ [values[seed] for values in levels]) for seed in seeds}
