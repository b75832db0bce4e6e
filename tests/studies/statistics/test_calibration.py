"""The promise of the lab: a study of arms that do not differ says so, but for at most 6 % of studies."""

import numpy as np
import pytest

from faceswap_lab.studies.statistics.intervals import mean_bounds
from faceswap_lab.studies.statistics.p_values import holm, sign_flip_p
from faceswap_lab.studies.statistics.verdicts import judge_arms

STUDIES, ARMS, SEEDS = 2_000, 5, 8


def studies_of_equal_arms(noise: str) -> np.ndarray:
    """(studies, 1 + arms, seeds): the baseline and arms that differ from it by luck only."""
    rng = np.random.default_rng(20)
    draw = {"normal": rng.standard_normal, "skewed": lambda size: rng.lognormal(size=size)}[noise]
    return draw(size=(STUDIES, 1 + ARMS, SEEDS))


@pytest.mark.parametrize("noise", ["normal", "skewed"])
def test_at_most_six_percent_of_2000_studies_of_equal_arms_raise_a_false_alarm(noise):
    runs = studies_of_equal_arms(noise)
    differences = runs[:, 1:] - runs[:, :1]
    p, (low, high) = sign_flip_p(differences), mean_bounds(differences)
    called = (np.array([holm(row) for row in p]) <= 0.05) & ((low > 0) | (high < 0))
    alarms = called.any(axis=1)
    assert alarms.mean() <= 0.06
    assert alarms.any()  # a procedure that never speaks would be calibrated too

    uncorrected = ((low > 0) | (high < 0)).any(axis=1)
    assert uncorrected.mean() > 0.10  # what the correction is for

    # The verdicts themselves, on every study that raised an alarm and as many that did not.
    chosen = np.r_[np.flatnonzero(alarms), np.flatnonzero(~alarms)[: alarms.sum()]]
    for study in chosen:
        baseline, *arms = [dict(enumerate(row)) for row in runs[study]]
        verdicts = judge_arms(baseline, {str(n): arm for n, arm in enumerate(arms)}, higher_is_better=True)
        spoken = [judged.verdict in ("better", "worse") for judged in verdicts.values()]
        assert spoken == called[study].tolist()
