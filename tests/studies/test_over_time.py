import dataclasses

import numpy as np
import pytest

from faceswap_lab.studies.collecting.collect import collect, of_arm
from faceswap_lab.studies.collecting.history import MOST_POINTS
from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.over_time import budgets_of, curves_of
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.curves import curve_difference
from tests.studies.fake_runs import FakeArm, fake_study

ARMS = {"baseline": FakeArm(), "far": FakeArm(shift=-0.3), "only_a": FakeArm(without=("loss_B",))}
LOSS_B, SSIM = judged_metric("loss_B"), judged_metric("swap_ssim_AB")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return collect(fake_study(root, ARMS, range(6), states={("far", 2): "failed"}, tiles=False))


def test_each_arm_over_its_seeds_by_hand(runs):
    curves = curves_of(runs, list(ARMS), SSIM, alpha=0.05)
    assert list(curves.arms) == list(ARMS)
    for arm, curve in curves.arms.items():
        values = np.array([list(run.history["swap_ssim_AB"].values()) for run in of_arm(runs, arm).values()])
        assert curve.seeds == len(values) == (5 if arm == "far" else 6)
        np.testing.assert_array_equal(curve.steps, range(100, 801, 100))
        np.testing.assert_allclose(curve.mean, values.mean(axis=0))
        np.testing.assert_array_equal(curve.low, values.min(axis=0))
        np.testing.assert_array_equal(curve.high, values.max(axis=0))


def test_differences_are_paired_and_unfinished_runs_have_no_part_in_them(runs):
    found = curves_of(runs, list(ARMS), SSIM, alpha=0.05).differences
    assert list(found) == ["far", "only_a"]
    assert found["far"].seeds == (0, 1, 3, 4, 5)
    rows = {arm: {seed: run.curve("swap_ssim_AB") for seed, run in of_arm(runs, arm).items()} for arm in ARMS}
    expected = curve_difference(rows["baseline"], rows["far"])
    np.testing.assert_allclose(found["far"].band_low, expected.band_low)
    assert (found["far"].band_high < 0)[-1]


def test_an_arm_without_the_metric_has_no_curve(runs):
    curves = curves_of(runs, list(ARMS), LOSS_B, alpha=0.05)
    assert list(curves.arms) == ["baseline", "far"]
    assert list(curves.differences) == ["far"]


def test_a_metric_that_no_run_has_gives_nothing(runs):
    assert curves_of(runs, list(ARMS), judged_metric("swap_yaw_AB"), alpha=0.05) is None


def test_a_baseline_without_the_metric_leaves_the_arms_curves(runs):
    curves = curves_of(runs, ["only_a", "baseline", "far"], LOSS_B, alpha=0.05)
    assert list(curves.arms) == ["baseline", "far"]
    assert curves.differences == {}


def test_a_long_training_is_thinned_to_the_same_steps_in_all_runs(runs):
    for run in runs:
        run.history["long"] = {step: 1.0 / step for step in range(10, 30_001, 10)}
    curves = curves_of(runs, ["baseline", "far"], type(SSIM)("long", "a long curve", False), alpha=0.05)
    assert len(curves.arms["baseline"].steps) == MOST_POINTS
    assert curves.arms["baseline"].steps[-1] == 30_000
    np.testing.assert_allclose(curves.arms["baseline"].mean, 1.0 / curves.arms["baseline"].steps)
    np.testing.assert_array_equal(curves.differences["far"].steps, curves.arms["baseline"].steps)


def test_values_that_are_not_finite_are_no_part_of_a_curve(runs):
    for number, run in enumerate(runs):
        run.history["odd"] = {1: 1.0, 2: float("nan") if number == 0 else 2.0, 3: float("inf")}
    curves = curves_of(runs, ["baseline", "far"], type(SSIM)("odd", "an odd curve", False), alpha=0.05)
    assert list(curves.arms["baseline"].steps) == [1]
    assert list(curves.arms["far"].steps) == [1, 2]


def test_curves_of_unfinished_runs_only_where_they_are_asked_for(runs):
    failed = next(run for run in runs if run.state == "failed")
    failed.history["swap_ssim_AB"] = {100: 0.2}
    assert curves_of(runs, list(ARMS), SSIM, alpha=0.05).arms["far"].seeds == 5
    with_it = curves_of(runs, list(ARMS), SSIM, alpha=0.05, finished=False).arms["far"]
    assert with_it.seeds == 6
    assert list(with_it.steps) == [100]


def test_a_budget_is_the_first_step_at_the_baselines_end():
    def run(arm, seed, rows, seconds=80.0, flops=None, cpu=None):
        known = {"seconds": seconds, "cpu_seconds": cpu, "steps": max(rows), "flops_per_step": flops}
        return Run(arm, seed, "finished", history={"swap_ssim_AB": rows}, **known)

    runs = [
        *(run("baseline", seed, {100: 0.2, 200: 0.4, 400: 0.6}, flops=10.0 if seed else None) for seed in range(3)),
        *(run("fast", seed, {100: 0.5, 200: 0.7, 400: 0.9}, seconds=160.0, flops=30.0, cpu=99.0) for seed in range(3)),
        run("slow", 0, {400: 0.2, 800: 1.0}),
        run("slow", 1, {400: 0.2, 800: 0.3}),
        run("slow", 2, {400: 0.2, 800: 0.3}),
    ]
    baseline, fast, slow = budgets_of(runs, ["baseline", "fast", "slow"], SSIM)
    assert (baseline.steps, baseline.ratio, baseline.reached, baseline.seconds) == (400, 1, 3, 80)
    assert (fast.steps, fast.ratio, fast.reached) == (pytest.approx(150), pytest.approx(150 / 400), 3)
    assert fast.seconds == pytest.approx(160 * 150 / 400)  # its steps take twice as long
    assert (baseline.flops, fast.flops) == (1, pytest.approx(3 * 150 / 400))  # and three times the operations
    assert np.isnan(slow.flops)  # not counted
    assert fast.cpu_seconds == pytest.approx(99 * 150 / 400)
    assert np.isnan(baseline.cpu_seconds)  # not measured
    assert (slow.steps, slow.ratio, slow.reached, slow.runs) == (np.inf, np.inf, 1, 3)
    falling = dataclasses.replace(SSIM, higher_is_better=False)
    assert budgets_of(runs, ["baseline", "fast"], falling)[1].reached == 3  # it starts below the baseline's end
    assert budgets_of(runs, ["baseline"], SSIM) == []
    assert budgets_of(runs, ["baseline", "fast"], dataclasses.replace(SSIM, key="not_logged")) == []


def test_a_budget_is_paired_by_seed_and_the_median_of_the_seeds():
    def run(arm, seed, reached, last, target, seconds, cpu):
        curve = {reached: target, last: target + 0.1} if reached < last else {last: target}
        known = {"seconds": seconds, "cpu_seconds": cpu, "steps": last}
        return Run(arm, seed, "finished", history={"swap_ssim_AB": curve}, **known)

    runs = [
        run("baseline", 0, 100, 100, 0.5, 10.0, 10.0),
        run("baseline", 1, 400, 400, 0.6, 10.0, 10.0),
        run("baseline", 2, 1000, 1000, 0.7, 10.0, 10.0),
        run("arm", 0, 50, 200, 0.5, 10.0, 100.0),
        run("arm", 1, 100, 1000, 0.6, 70.0, 40.0),
        run("arm", 2, 900, 900, 0.7, 30.0, 50.0),
    ]
    _, arm = budgets_of(runs, ["baseline", "arm"], SSIM)
    assert arm.steps == 100  # of 50, 100 and 900
    assert arm.ratio == 50 / 100  # beside 100 / 400 and 900 / 1000
    assert arm.seconds == pytest.approx(70 * 100 / 1000)  # beside 10 * 50 / 200 and all 30
    assert arm.cpu_seconds == pytest.approx(100 * 50 / 200)  # beside 40 * 100 / 1000 and all 50
