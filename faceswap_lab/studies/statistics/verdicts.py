"""A verdict per arm, in plain words. "Undecided" is an honest answer.

The order in which interval, corrected p and smallest difference are asked (the first that applies is the verdict):

1. *undecided*, if the seeds are too few for any verdict: fewer than 6 can't reach p ≤ 0.05 by sign flips.
2. *equivalent*, if the interval lies wholly within ± the smallest difference that matters, or if arm and baseline gave
   exactly the same value in every seed. A difference that is certain but too small to matter is equivalent, and the
   words say that it is there.
3. *better* or *worse*, if the Holm-corrected sign-flip p is at most α **and** the interval lies on one side of zero.
4. *undecided*, with the number of seeds that would probably decide it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from faceswap_lab.studies.statistics import sentences
from faceswap_lab.studies.statistics.outlook import Outlook, outlook
from faceswap_lab.studies.statistics.p_values import fewest_seeds, holm
from faceswap_lab.studies.statistics.paired import Comparison, compare

Verdict = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True)
class Judgement:
    """What a study says about one arm in one metric.

    Attributes:
        comparison: the numbers.
        p_holm: the sign-flip p after Holm's correction over the study's arms.
        verdict: of the arm against the baseline.
        reason: one sentence, for a person.
        outlook: for an undecided arm with at least 3 seeds, how many would probably decide it.
    """

    comparison: Comparison
    p_holm: float
    verdict: Verdict
    reason: str
    outlook: Outlook | None = None


def judge_arms(
    baseline: Mapping[int, float],
    arms: Mapping[str, Mapping[int, float]],
    *,
    higher_is_better: bool,
    smallest_difference: float | None = None,
    alpha: float = 0.05,
) -> dict[str, Judgement]:
    """Judge every arm of a study in one metric.

    All arms belong to the family of Holm's correction, also one without a single finished seed: what was planned
    counts, not what survived.

    Args:
        baseline: the metric by seed.
        arms: the same for every arm but the baseline, by name.
        higher_is_better: the metric's direction.
        smallest_difference: the smallest difference that matters in practice, declared before the runs, in the metric's
            unit, > 0; None where none was declared: then no arm is called equivalent, unless it is identical.
        alpha: the chance of any false better-or-worse among all arms; intervals have confidence 1 - alpha.

    Returns:
        The judgements, in the order of ``arms``.

    Raises:
        ValueError: ``smallest_difference`` or ``alpha`` is out of its bounds.
    """
    if smallest_difference is not None and not 0 < smallest_difference < float("inf"):
        raise ValueError(
            f"smallest_difference={smallest_difference}: must be positive and finite; "
            "leave it out if no difference was declared too small to matter"
        )
    if not 0 < alpha < 1:
        raise ValueError(f"alpha={alpha}: must lie between 0 and 1, for example 0.05")
    comparisons = [
        compare(baseline, arm, higher_is_better=higher_is_better, confidence=1 - alpha) for arm in arms.values()
    ]
    corrected = holm([comparison.p for comparison in comparisons])
    still_open = int((corrected > alpha).sum())  # Holm shares the level among the arms that are not yet rejected
    return {
        name: _judge(comparison, float(p), smallest_difference, alpha, len(arms), still_open)
        for name, comparison, p in zip(arms, comparisons, corrected)
    }


def _judge(
    comparison: Comparison, p_holm: float, margin: float | None, alpha: float, arms: int, still_open: int
) -> Judgement:
    """Apply the order that the module's docstring gives."""
    significant = p_holm <= alpha and comparison.interval.excludes_zero()
    if comparison.seeds < fewest_seeds(alpha):
        return _undecided(comparison, p_holm, sentences.too_few(comparison, alpha, arms), margin, alpha, still_open)
    numbers = sentences.numbers(comparison, alpha)
    if not any(comparison.differences.values()):
        reason = f"exactly the same value in all {comparison.seeds} seeds"
        return Judgement(comparison, p_holm, "equivalent", reason)
    if margin is not None and comparison.interval.inside(margin):
        reason = f"{numbers}: all within ±{margin:.3g}, too small to matter"
        reason += f", though a difference is there (corrected p {p_holm:.2g})" if significant else ""
        return Judgement(comparison, p_holm, "equivalent", reason)
    if significant:
        verdict: Verdict = "better" if (comparison.difference > 0) == comparison.higher_is_better else "worse"
        carried = f"; a few seeds carry it, the median is {comparison.median:.3g}" if comparison.few_carry_it else ""
        return Judgement(comparison, p_holm, verdict, f"{numbers}, corrected p {p_holm:.2g}{carried}")
    reason = f"{numbers}, corrected p {p_holm:.2g}"
    if comparison.seeds < fewest_seeds(alpha, max(still_open, 1)):
        reason += f"; {sentences.too_few_for_so_many_arms(comparison, alpha, still_open)}"
    return _undecided(comparison, p_holm, reason, margin, alpha, still_open)


def _undecided(
    comparison: Comparison, p_holm: float, reason: str, margin: float | None, alpha: float, still_open: int
) -> Judgement:
    if comparison.seeds < 3 or not comparison.sd:  # a spread from two seeds, or none, is no ground for advice
        return Judgement(comparison, p_holm, "undecided", reason)
    future = outlook(
        comparison.difference,
        comparison.sd,
        comparison.seeds,
        smallest_difference=margin,
        alpha=alpha,
        arms=max(still_open, 1),
    )
    return Judgement(comparison, p_holm, "undecided", f"{reason}; {sentences.advice(future)}", future)
