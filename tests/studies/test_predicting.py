import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr, ttest_1samp

from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.predicting import predictions
from faceswap_lab.studies.run import Run
from tests.studies.statistics.test_rank_correlation import by_jackknife

SSIM = judged_metric("swap_ssim_AB")


def run(arm, seed, loss_a, loss_b, ssim, history=None):
    metrics = {"loss_A": loss_a, "loss_B": loss_b, "swap_ssim_AB": ssim}
    metrics = {name: value for name, value in metrics.items() if value is not None}
    return Run(arm, seed, "finished", metrics=metrics, history=history or {})


def drawn(generator, arms=4, seeds=6):
    """Runs whose loss_A follows the error within an arm, and whose arms differ a lot the other way round."""
    rng = np.random.default_rng(generator)
    runs = []
    for arm in range(arms):
        for seed in range(seeds):
            error = rng.random()
            runs.append(run(f"arm{arm}", seed, error + 0.3 * rng.random() - arm, rng.random(), 0.5 - error - arm))
    return runs


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_across_runs_and_within_arms_against_scipy(generator):
    runs = drawn(generator)
    arms = [f"arm{n}" for n in range(4)]
    for prediction, parts in zip(predictions(runs, arms, SSIM, 0.05), (("loss_A",), ("loss_B",), ("loss_A", "loss_B"))):
        loss = {r.name: sum(r.metrics[part] for part in parts) for r in runs}
        error = {r.name: 1 - r.metrics["swap_ssim_AB"] for r in runs}
        names = [r.name for r in runs]
        rho = spearmanr([loss[name] for name in names], [error[name] for name in names]).statistic
        assert prediction.across_runs.rho == pytest.approx(rho)
        assert (prediction.across_runs.runs, prediction.across_runs.rows) == (6, 24)  # a seed is one witness
        own = [[name for name in names if name.startswith(f"{arm}/")] for arm in arms]
        within = [spearmanr([loss[name] for name in arm], [error[name] for name in arm]).statistic for arm in own]
        assert prediction.across_seeds.rho == pytest.approx(np.mean(within))
        assert prediction.across_seeds.runs == 6
        low, high = prediction.across_seeds.interval
        assert -1 <= low <= prediction.across_seeds.rho <= high <= 1


def test_arms_can_hide_what_holds_within_each():
    """Between arms a lower loss goes with a worse swap; within each arm it goes with a better one."""
    first = predictions(drawn(0), [f"arm{n}" for n in range(4)], SSIM, 0.05)[0]
    assert first.loss == "loss_A"
    assert first.across_runs.interval.high < 0
    assert first.across_seeds.interval.low > 0


def test_over_time_takes_the_loss_that_was_logged_at_each_evaluation():
    rng = np.random.default_rng(1)
    runs, expected = [], []
    for seed in range(5):
        losses = {step: float(rng.random()) for step in range(10, 101, 10)}
        scores = {step: float(rng.random()) for step in (25, 50, 75, 100)}
        history = {"loss_A": losses, "loss_B": losses, "swap_ssim_AB": scores}
        runs.append(run("arm", seed, 0.1, 0.1, 0.5, history))
        at = [losses[20], losses[50], losses[70], losses[100]]
        expected.append(spearmanr(at, [1 - score for score in scores.values()]).statistic)
    for prediction in predictions(runs, ["arm"], SSIM, 0.05):
        assert prediction.over_time.rho == pytest.approx(np.mean(expected))
        assert prediction.over_time.runs == 5


@pytest.mark.parametrize("alpha", [0.2, 0.05])
def test_all_intervals_have_the_level_that_is_asked_for(alpha):
    rng = np.random.default_rng(3)
    runs, moments = [], []
    for seed in range(6):
        losses, scores = rng.random(8), rng.random(8)
        history = {"loss_A": dict(enumerate(losses)), "swap_ssim_AB": dict(enumerate(scores))}
        runs.append(run("arm", seed, *rng.random(3), history))
        moments.append(spearmanr(losses, -scores).statistic)
    found = predictions(runs, ["arm"], SSIM, alpha)[0]
    rows = {one.seed: (one.metrics["loss_A"], -one.metrics["swap_ssim_AB"]) for one in runs}
    for across in (found.across_runs, found.across_seeds):  # of one arm they are the same
        assert across.interval == pytest.approx(by_jackknife({seed: [row] for seed, row in rows.items()}, 1 - alpha))
    low, high = ttest_1samp(moments, 0).confidence_interval(1 - alpha)
    assert found.over_time.interval == pytest.approx((low, high))


def test_the_same_runs_under_other_names_are_no_further_evidence():
    """Arms that do exactly the same do not make any interval shorter."""
    rng = np.random.default_rng(5)
    runs = []
    for seed in range(6):
        curve = {step: float(rng.random()) for step in range(10)}
        history = {
            "loss_A": curve,
            "loss_B": curve,
            "swap_ssim_AB": {step: float(rng.random()) for step in range(10)},
        }
        runs.append(run("a", seed, rng.random(), rng.random(), rng.random(), history))
    copies = [replace(one, arm=arm) for arm in "abcdef" for one in runs]
    alone, crowd = predictions(runs, ["a"], SSIM, 0.05), predictions(copies, list("abcdef"), SSIM, 0.05)
    for one, many in zip(alone, crowd):
        assert many.over_time.rho == pytest.approx(one.over_time.rho)
        assert many.over_time.interval == pytest.approx(one.over_time.interval)
        for name in ("across_runs", "across_seeds"):
            assert getattr(many, name).rho == pytest.approx(getattr(one, name).rho)
            assert np.diff(getattr(many, name).interval) > 0.8 * np.diff(getattr(one, name).interval)


def test_a_run_without_the_loss_is_left_out():
    runs = [run("both", seed, seed, seed, -seed) for seed in range(4)]
    runs += [run("only_a", seed, seed, None, -seed) for seed in range(4)]
    by_loss = {prediction.loss: prediction for prediction in predictions(runs, ["both", "only_a"], SSIM, 0.05)}
    assert [by_loss[loss].across_runs.rows for loss in by_loss] == [8, 4, 4]
    assert [by_loss[loss].across_seeds.rows for loss in by_loss] == [8, 4, 4]
    assert by_loss["loss_B"].across_runs.rho == pytest.approx(1)


def test_an_error_is_not_turned():
    mae = judged_metric("swap_mae_AB")
    runs = [run("arm", seed, seed, seed, None) for seed in range(5)]
    for seed, one in enumerate(runs):
        one.metrics["swap_mae_AB"] = 0.1 * seed
    assert predictions(runs, ["arm"], mae, 0.05)[0].across_runs.rho == pytest.approx(1)


def test_two_seeds_have_no_order_to_speak_of():
    runs = [run(arm, seed, seed, seed, -seed) for arm in ("a", "b") for seed in range(2)]
    across = predictions(runs, ["a", "b"], SSIM, 0.05)[0].across_seeds
    assert math.isnan(across.rho)
    assert across.interval == (-1, 1)
    assert across.rows == 0


def test_without_a_swap_there_is_nothing_to_foretell():
    assert predictions([], ["arm"], SSIM, 0.05) == []
    assert predictions([run("arm", 0, 0.1, 0.1, None)], ["arm"], SSIM, 0.05) == []
