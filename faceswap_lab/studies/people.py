"""What the seeds' pairs of people say about the next pair, where every seed brought a pair of its own."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from faceswap_lab.studies import digits
from faceswap_lab.studies.collecting.collect import Run
from faceswap_lab.studies.findings import Compared, ForPeople, GoesWith, People
from faceswap_lab.studies.statistics.intervals import prediction_interval
from faceswap_lab.studies.statistics.p_values import holm

_FEWEST = 6  # pairs for a rank correlation to say anything


def people_in(runs: Sequence[Run], primary: Compared, alpha: float) -> People:
    """Return for every arm where a new pair should fall, and what its effect goes with.

    Args:
        runs: of the whole study.
        primary: the primary metric, judged.
        alpha: 1 - confidence of the prediction intervals.
    """
    facts = {run.pair: run.people for run in runs if run.people}
    found = {}
    for arm, judgement in primary.judgements.items():
        pairs = judgement.comparison.pairs
        differences = dict(zip(pairs.seeds, pairs.differences.tolist()))
        way = math.copysign(1.0, judgement.comparison.difference) if differences else 1.0
        same = sum(way * difference > 0 for difference in differences.values())
        found[arm] = ForPeople(differences, prediction_interval(pairs.differences, 1 - alpha), same)
    return People(facts, found, _goes_with(facts, found))


def said_of(people: People, arm: str) -> str:
    """Return in how many pairs an arm's effect has its sign, and where a new pair should fall."""
    own = people.arms[arm]
    low, high = own.prediction
    said = f"in {own.same_way} of {len(own.differences)} pairs"
    if math.isfinite(low) and math.isfinite(high):
        decimals = digits.places((high - low) / 4)
        ends = [digits.fixed(end, decimals, sign=True) for end in (low, high)]
        said += f"; a new pair should fall between {ends[0]} and {ends[1]}"
    return said


def at_both_ends(people: People) -> dict[str, list[tuple[int, str]]]:
    """Return for every arm the pairs with its lowest and its highest difference, and what to say of them."""
    found = {}
    for arm, own in people.arms.items():
        ordered = sorted(own.differences.items(), key=lambda item: item[1])
        ends = ordered[:1] + ordered[1:][-1:]
        found[arm] = [(pair, f"pair {pair}: {digits.fixed(difference, 3, sign=True)}") for pair, difference in ends]
    return found


def _goes_with(facts: Mapping[int, Mapping[str, object]], arms: Mapping[str, ForPeople]) -> list[GoesWith]:
    """Return Spearman's correlation of every arm's differences with every number known of the pairs, surest first.

    p is corrected by Holm for all that were looked at, arms times numbers.
    """
    from scipy.stats import spearmanr  # imported here: scipy.stats takes a second

    names = dict.fromkeys(name for known in facts.values() for name, value in known.items() if _is_number(value))
    looked = []
    for arm, own in arms.items():
        for name in names:
            known = [pair for pair in own.differences if _is_number(facts.get(pair, {}).get(name))]
            first = np.array([float(facts[pair][name]) for pair in known])  # type: ignore[arg-type]
            second = np.array([own.differences[pair] for pair in known])
            if len(known) < _FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
                continue
            tested = spearmanr(first, second)
            looked.append(GoesWith(arm, name, float(tested.statistic), float(tested.pvalue), len(known)))
    corrected = holm([one.p for one in looked])
    made = [GoesWith(one.arm, one.fact, one.rho, float(p), one.pairs) for one, p in zip(looked, corrected)]
    return sorted(made, key=lambda one: (one.p, -abs(one.rho)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
