"""How many seeds would probably decide an undecided arm?

The observed difference and its spread are themselves uncertain, and a plain power calculation from them hides that.
So the truth is drawn from what the seeds so far leave possible, the seeds still to come are drawn from it, and the
share of futures that end with a verdict is counted ("assurance": O'Hagan, Stevens and Campbell, Pharmaceutical
Statistics 4, 2005).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from faceswap_lab.studies.statistics.p_values import fewest_seeds

_FUTURES = 2_000
_EVEN, _LIKELY = 0.5, 0.8


@dataclass(frozen=True)
class Outlook:
    """How many seeds, those already run included, would decide an arm.

    Attributes:
        even: seeds with an even chance of a verdict; None if ``limit`` seeds do not reach it.
        likely: seeds with a chance of 80 %; None if ``limit`` seeds do not reach it.
        limit: the most seeds that were considered.
    """

    even: int | None
    likely: int | None
    limit: int


def outlook(
    difference: float,
    sd: float,
    seeds: int,
    *,
    smallest_difference: float | None,
    alpha: float = 0.05,
    arms: int = 1,
    limit: int = 200,
) -> Outlook:
    """Return how many seeds would probably decide an arm.

    Noise is taken as normal, with the usual prior that favours nothing: variance ~ (n - 1) sd² / χ²(n - 1) and, given
    it, mean ~ N(difference, variance / n). Student's t stands for the sign-flip test, from which it hardly differs.
    Without a smallest difference the answer is too hopeful for an arm that does exactly nothing: this prior holds that
    every arm does something, however little, and only such a difference could ever be shown.

    Args:
        difference: mean of the paired differences so far.
        sd: their standard deviation, >= 0.
        seeds: how many there are, at least 2.
        smallest_difference: the smallest difference that matters, > 0, or None if equivalence is not asked for.
        alpha: level of the verdicts.
        arms: how many arms share the level; a difference must be seen at ``alpha / arms``.
        limit: the most seeds to consider.

    Raises:
        ValueError: fewer than 2 seeds: they tell no spread.
    """
    if seeds < 2:
        raise ValueError(f"seeds={seeds}: at least 2 are needed to know any spread")

    def chance(total: int) -> float:
        return _chance_of_a_verdict(difference, sd, seeds, total, smallest_difference, alpha, arms)

    first = max(seeds + 1, fewest_seeds(alpha))
    return Outlook(even=_first(chance, _EVEN, first, limit), likely=_first(chance, _LIKELY, first, limit), limit=limit)


def _first(chance: Callable[[int], float], wanted: float, low: int, high: int) -> int | None:
    """Return the first total in low … high whose chance is ``wanted`` or more, by bisection: more seeds decide more."""
    if low > high or chance(high) < wanted:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(middle) >= wanted else (middle + 1, high)
    return low


def _chance_of_a_verdict(
    difference: float, sd: float, seeds: int, total: int, margin: float | None, alpha: float, arms: int
) -> float:
    """Return the share of possible futures in which ``total`` seeds end with a verdict."""
    from scipy.special import stdtrit  # imported here to keep the room's import cheap

    rng = np.random.default_rng(0)  # the same futures for every total: the chance is smooth in it
    more = total - seeds
    variance = (seeds - 1) * sd**2 / rng.chisquare(seeds - 1, _FUTURES)
    truth = difference + np.sqrt(variance / seeds) * rng.standard_normal(_FUTURES)
    mean_of_new = truth + np.sqrt(variance / more) * rng.standard_normal(_FUTURES)
    squares_of_new = variance * rng.chisquare(more - 1, _FUTURES) if more > 1 else np.zeros(_FUTURES)

    mean = (seeds * difference + more * mean_of_new) / total
    between = seeds * more / total * (difference - mean_of_new) ** 2
    squares = (seeds - 1) * sd**2 + squares_of_new + between
    error = np.sqrt(squares / (total - 1) / total)

    corrected = stdtrit(total - 1, 1 - alpha / (2 * arms))
    seen = (np.abs(mean) > corrected * error) & (total >= fewest_seeds(alpha, arms))
    if margin is None:
        return float(seen.mean())
    equivalent = np.abs(mean) + stdtrit(total - 1, 1 - alpha / 2) * error < margin
    return float((seen | equivalent).mean())
