"""The sentences that go with a verdict: for a person, with the numbers that carry it."""

from faceswap_lab.studies.statistics.outlook import Outlook
from faceswap_lab.studies.statistics.p_values import fewest_seeds, smallest_p
from faceswap_lab.studies.statistics.paired import Comparison


def too_few(comparison: Comparison, alpha: float, arms: int) -> str:
    """Return why so few seeds decide nothing, and how many it takes."""
    n, any_verdict, a_difference = comparison.seeds, fewest_seeds(alpha), fewest_seeds(alpha, arms)
    if n == 0:
        return f"no seed has a value for both; a verdict takes at least {a_difference} seeds"
    reason = f"{n} seed{'s are' if n > 1 else ' is'} too few to decide anything"
    if n > 1:
        reason += f": even if every difference points the same way, p is {smallest_p(n):.3g}"
    reason += f"; at least {any_verdict} are needed"
    return (
        reason if a_difference == any_verdict else f"{reason}, and {a_difference} to show a difference {_among(arms)}"
    )


def too_few_for_so_many_arms(comparison: Comparison, alpha: float, arms: int) -> str:
    """Return that seeds enough for one arm are too few after the correction for all that are not decided."""
    least = fewest_seeds(alpha, arms)
    return f"{comparison.seeds} seeds cannot show a difference {_among(arms)}: that takes at least {least}"


def numbers(comparison: Comparison, alpha: float) -> str:
    """Return the difference with its interval and seeds."""
    low, high = comparison.interval
    size = f"{abs(comparison.difference):.3g}"
    difference = f"higher by {size}" if comparison.difference > 0 else f"lower by {size}"
    return (
        f"{difference if comparison.difference else 'no higher and no lower'} "
        f"({100 * (1 - alpha):g} % interval of the difference {low:.3g} to {high:.3g}) in {comparison.seeds} seeds"
    )


def advice(future: Outlook) -> str:
    """Return how many seeds would probably decide the arm."""
    if future.even is None:
        return f"probably not even {future.limit} seeds would decide it"
    if future.likely is None:
        return f"{future.even} seeds have an even chance to decide it, but {future.limit} not yet four in five"
    return f"{future.likely} seeds would probably decide it (four chances in five; {future.even} an even chance)"


def _among(arms: int) -> str:
    return "with one arm" if arms == 1 else f"among {arms} arms"
