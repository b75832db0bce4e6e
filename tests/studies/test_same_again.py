import itertools

import numpy as np
import pytest

from faceswap_lab.studies import same_again as module
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.same_again import SPLITS, false_alarms
from faceswap_lab.studies.statistics.verdicts import judge_arms


def compared(values, smallest):
    return Compared(Metric("swap_ssim_AB", "SSIM", True, smallest), {"baseline": dict(enumerate(values))}, {})


@pytest.mark.parametrize(("group", "smallest"), [(8, None), (8, 0.5), (8, 1.2), (5, 0.5)])
def test_the_shares_are_those_of_the_verdicts_themselves(monkeypatch, group, smallest):
    """The fast rule for thousands of splits against the function that judges arms, on the same splits."""
    monkeypatch.setattr(module, "SPLITS", 40)
    values = np.random.default_rng(3).lognormal(size=17)
    kept = []
    splits = module._splits
    monkeypatch.setattr(module, "_splits", lambda *arguments: kept.append(splits(*arguments)) or kept[-1])
    found = false_alarms([compared(values, smallest)], "baseline", group, 0.05)["metrics"][0]
    spoken = []
    for row in kept[0]:
        zero = dict.fromkeys(range(group), 0.0)
        judged = judge_arms(zero, {"arm": dict(enumerate(row))}, higher_is_better=True, smallest_difference=smallest)
        spoken.append(judged["arm"].verdict)
    assert found["better_or_worse"] == np.mean([verdict in ("better", "worse") for verdict in spoken])
    assert found["equivalent"] == np.mean([verdict == "equivalent" for verdict in spoken])
    assert found["undecided"] == pytest.approx(np.mean([verdict == "undecided" for verdict in spoken]))


def test_a_split_takes_each_run_once_at_most():
    pairs = {4.0**b - 4.0**a: (a, b) for a, b in itertools.permutations(range(20), 2)}  # each difference tells its pair
    seen = set()
    for row in module._splits(4.0 ** np.arange(20), 8)[:100]:
        taken = [run for difference in row for run in pairs[difference]]
        assert len(set(taken)) == 16
        seen.add(frozenset(taken[::2]))
    assert len(seen) > 90  # random ones


def test_real_noise_raises_few_alarms_and_two_kinds_of_runs_raise_many():
    rng = np.random.default_rng(0)
    calm = false_alarms([compared(rng.standard_normal(24), None)], "baseline", 8, 0.05)
    assert calm["splits"] == SPLITS == 2000
    assert 0 < calm["metrics"][0]["better_or_worse"] <= 0.09  # overlapping splits of one sample: not the level itself
    assert "24 runs of one configuration" in calm["says"]
    small = false_alarms([compared(rng.standard_normal(24), 5.0)], "baseline", 8, 0.05)["metrics"][0]
    assert small["equivalent"] > 0.99


def test_too_few_runs_for_two_groups_say_nothing():
    assert false_alarms([compared(np.arange(15.0), None)], "baseline", 8, 0.05) == {}
