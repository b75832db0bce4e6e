"""What the seeds' pairs of people say about the next pair, where every seed brought a pair of its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from faceswap_lab.studies import digits
from faceswap_lab.studies.collecting.collect import of_arm
from faceswap_lab.studies.findings import Compared, GoesWith, People
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.p_values import holm
from faceswap_lab.studies.statistics.paired import Comparison
from faceswap_lab.studies.statistics.rank_correlation import spearman

_FEWEST = 6  # pairs for a rank correlation to say anything
_TURN, _FOLLOWS = "swap_yaw_AB", "pair.pose_following"


def people_in(runs: Sequence[Run], primary: Compared, baseline: str) -> People:
    """Return what is known of the pairs, and what every arm's effect goes with.

    One thing is known only by training: how well the baseline's swap of this pair follows the head's turn. It is of the
    run that the differences are taken from, so that its luck is in both: docs/statistics.md.

    Args:
        runs: of the whole study.
        primary: the primary metric, judged.
        baseline: the arm that the others are compared with.
    """
    turns = {pair: run.value(_TURN) for pair, run in of_arm(list(runs), baseline).items()}
    facts = {run.pair: run.people | {_FOLLOWS: turns.get(run.pair)} for run in runs if run.people}
    return People(facts, _goes_with(facts, primary))


def said_of(numbers: Comparison) -> str:
    """Return in how many pairs an arm's effect has its sign, and where a new pair should fall."""
    low, high = numbers.prediction
    said = f"in {numbers.same_way} of {numbers.seeds} pairs"
    if math.isfinite(low) and math.isfinite(high):
        decimals = digits.places((high - low) / 4)
        ends = [digits.fixed(end, decimals, sign=True) for end in (low, high)]
        said += f"; a new pair should fall between {ends[0]} and {ends[1]}"
    return said


def at_both_ends(primary: Compared) -> dict[str, list[tuple[int, str]]]:
    """Return for every arm the pairs with its lowest and its highest difference, and what to say of them."""
    found = {}
    for arm, judgement in primary.judgements.items():
        ordered = sorted(judgement.comparison.differences.items(), key=lambda item: item[1])
        ends = ordered[:1] + ordered[1:][-1:]
        found[arm] = [(pair, f"pair {pair}: {digits.fixed(difference, 3, sign=True)}") for pair, difference in ends]
    return found


def _goes_with(facts: Mapping[int, Mapping[str, object]], primary: Compared) -> list[GoesWith]:
    """Return Spearman's correlation of every arm's differences with every number known of the pairs, surest first.

    p is corrected by Holm for all that were looked at, arms times numbers.
    """
    names = dict.fromkeys(name for known in facts.values() for name, value in known.items() if _is_number(value))
    looked = []
    for arm, judgement in primary.judgements.items():
        differences = judgement.comparison.differences
        for name in names:
            known = [pair for pair in differences if _is_number(facts.get(pair, {}).get(name))]
            first = np.array([float(facts[pair][name]) for pair in known])  # type: ignore[arg-type]
            second = np.array([differences[pair] for pair in known])
            if len(known) < _FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
                continue
            looked.append(GoesWith(arm, name, *spearman(first, second), len(known)))
    corrected = holm([one.p for one in looked])
    made = [replace(one, p=float(p)) for one, p in zip(looked, corrected)]
    return sorted(made, key=lambda one: (one.p, -abs(one.rho)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
