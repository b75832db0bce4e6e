"""The answer in two or three sentences, made from the verdicts alone."""

from collections.abc import Iterator, Sequence

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.metric_names import never_sees_a_swap
from faceswap_lab.studies.people import said_of
from faceswap_lab.studies.statistics.p_values import fewest_seeds
from faceswap_lab.studies.statistics.verdicts import Judgement

_FEW = 3  # arms of which an answer can say more than their effects


def answer_of(
    compared: Compared,
    arms: Sequence[str],
    *,
    finished: int,
    planned: int,
    alpha: float,
    for_people: bool = False,
    whom: str = "people in general",
) -> str:
    """Return what a study says on its primary metric: no more than its verdicts do.

    Args:
        compared: the primary metric, judged.
        arms: all arms, the baseline first.
        finished: how many runs are.
        planned: how many should be.
        alpha: level of the verdicts.
        for_people: whether every seed brought its own pair of people.
        whom: whom a verdict is for then, in words.
    """
    baseline, *others = arms
    known = list(compared.values[baseline].values())
    if not finished:
        return f"Nothing can be said yet: none of the {planned} runs is finished."
    if not known:
        return f"Nothing can be said yet: no finished run of {baseline} has the {compared.metric.caption}."
    measured = f"{compared.metric.caption} ({baseline}: {sum(known) / len(known):.3g}, mean of {_seeds(len(known))})"
    if not others:
        said = [f"This is the {measured}. There is no other arm to compare it with."]
    else:
        decided = _for_people(compared, baseline, whom) if for_people else _decided(compared, baseline)
        said = [
            f"By the {measured}, {decided}.",
            *_undecided(compared.judgements, alpha),
        ]
    if never_sees_a_swap(compared.metric.key):
        said.append("This judges a side's own faces, not the swap: an arm that cannot swap can be the best at it.")
    if finished < planned:
        said.append(f"{planned - finished} of {planned} runs are not finished, and missing from these numbers.")
    return " ".join(said)


def _decided(compared: Compared, baseline: str) -> str:
    """Return who is better, worse and equivalent, the largest differences first."""
    smallest = compared.metric.smallest_difference
    claims = []
    for verdict in ("better", "worse"):
        arms = [f"{arm} ({_difference(found)})" for arm, found in _with(compared.judgements, verdict)]
        claims += [f"{_listed(arms)} {_is(arms)} {verdict} than {baseline}"] if arms else []
    same = [arm for arm, _ in _with(compared.judgements, "equivalent")]
    within = f"within ±{smallest:g}" if smallest else "every seed gave the same value"
    claims += [f"{_listed(same)} {_is(same)} equivalent to {baseline} ({within})"] if same else []
    return "; ".join(claims) or f"no arm is shown to be better than {baseline}, worse, or equivalent"


def _for_people(compared: Compared, baseline: str, whom: str) -> str:
    """Return the verdicts for the next person with their intervals; of few arms, also where a new pair should fall."""
    found = {verdict: _with(compared.judgements, verdict) for verdict in ("better", "worse", "equivalent")}
    decided = [(arm, verdict, one.comparison) for verdict, arms in found.items() for arm, one in arms]
    effects = {arm: digits.effect(numbers.difference, *numbers.interval) for arm, _, numbers in decided}
    if not decided:
        return f"no arm is shown to be better than {baseline}, worse, or equivalent"
    if len(decided) <= _FEW:
        return ". ".join(
            f"{arm} is {verdict} for {whom}: {effects[arm]}; {said_of(numbers)}" for arm, verdict, numbers in decided
        )
    lists = {verdict: _listed([f"{arm} {effects[arm]}" for arm, _ in arms]) for verdict, arms in found.items() if arms}
    return "; ".join(f"{verdict} for {whom}: {arms}" for verdict, arms in lists.items())


def _undecided(judgements: dict[str, Judgement], alpha: float) -> Iterator[str]:
    """Say which arms are undecided, and which of them for want of seeds."""
    open_arms = sum(judged.p_holm > alpha for judged in judgements.values())  # Holm's correction is for these alone
    least, for_all = fewest_seeds(alpha), fewest_seeds(alpha, max(open_arms, 1))
    arms = _with(judgements, "undecided")
    enough = [f"{arm} ({_difference(found)})" for arm, found in arms if found.comparison.seeds >= least]
    most = max((found.comparison.seeds for _, found in arms), default=0)
    few = {arm: found.comparison.seeds for arm, found in arms if 0 < found.comparison.seeds < least}
    none = [arm for arm, found in arms if not found.comparison.seeds]
    if enough:
        yield f"{_listed(enough)} {_is(enough)} undecided."
        if most < for_all:
            yield f"{_seeds(most)} can show none of {open_arms} arms better or worse: it takes {for_all}."
    if few:
        most = max(few.values())
        whom = "anything" if len(few) == len(judgements) else f"on {_listed(list(few))}"
        yield f"{_seeds(most)} {'is' if most == 1 else 'are'} too few to decide {whom}: it takes at least {least}."
    if none:
        yield f"Of {_listed(none)} there is no run to compare."


def _with(judgements: dict[str, Judgement], verdict: str) -> list[tuple[str, Judgement]]:
    found = [(arm, judgement) for arm, judgement in judgements.items() if judgement.verdict == verdict]
    return sorted(found, key=lambda item: -abs(item[1].comparison.difference) if item[1].comparison.seeds else 0.0)


def _difference(judgement: Judgement) -> str:
    """Return the difference in two digits, with the median where a few seeds carry it.

    0.0 is added so that nothing is never "−0".
    """
    found = judgement.comparison
    median = f", median {_signed(found.median)}" if judgement.verdict != "undecided" and found.few_carry_it else ""
    return f"{_signed(found.difference)}{median}"


def _signed(value: float) -> str:
    return f"{round(value, 4) + 0.0:+.2g}".replace("-", "−")


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
