import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import read_result
from faceswap_lab.studies.collecting.pictures import read_tiles
from faceswap_lab.studies.plan import Planned
from tests.studies.fake_runs import SECONDARY, FakeArm, analysed, fake_study

ARMS = {
    "baseline": FakeArm(says="The baseline."),
    "two": FakeArm(shift=-0.4, two_paths=True, changes={"encoders.count": 2, "encoders.start": "equal"}),
    "near": FakeArm(shift=0.001, changes={"decoder_activation.name": "tanh"}),
    "only_a": FakeArm(shift=-0.3, without=("loss_B", "swap_recall5_AB")),
}
STATES = {("two", 3): "diverged", ("near", 5): "missing", ("only_a", 0): "damaged"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    secondary = [*SECONDARY, "swap_ssim_AB_target_path"]
    return fake_study(root, ARMS, range(9), states=STATES, secondary=secondary, settings=["scale=smoke"])


@pytest.fixture(scope="module")
def findings(plan):
    return analysed(plan)


def measured(findings, arm, key):
    """Metrics read from the files again, by seed."""
    found = {}
    for cell in findings.cells:
        if cell.arm == arm and cell.state == "finished":
            found[cell.seed] = read_result(RunFolder(cell.folder)).metrics.get(key)
    return found


def test_the_plan_is_told_again(plan, findings):
    for name in ("name", "title", "question", "baseline", "seeds", "command", "settings"):
        assert getattr(findings, name) == getattr(plan, name)
    assert findings.notes[0] == "Made without a training."
    assert [arm.name for arm in findings.arms] == list(ARMS)
    assert findings.arms[0].says == "The baseline."
    assert len(findings.cells) == 36
    assert {(cell.arm, cell.seed): cell.state for cell in findings.cells if cell.state != "finished"} == STATES
    assert findings.extras == {}


@pytest.mark.parametrize(("arm", "seeds"), [("two", 8), ("near", 8), ("only_a", 8)])
def test_differences_intervals_and_p_against_scipy(findings, arm, seeds):
    for compared in (findings.primary, *findings.secondary):
        key = compared.metric.key
        if key in ("swap_recall5_AB", "swap_ssim_AB_target_path"):
            continue
        base, own = measured(findings, "baseline", key), measured(findings, arm, key)
        both = sorted(base.keys() & own.keys())
        differences = np.array([own[seed] - base[seed] for seed in both])
        found = compared.judgements[arm].comparison
        assert list(found.differences) == both
        assert len(both) == seeds
        assert found.difference == pytest.approx(differences.mean())
        interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))
        exact = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False
        )
        assert found.p == pytest.approx(exact.pvalue)
        assert found.effect == pytest.approx(differences.mean() / np.std(list(base.values()), ddof=1))


def test_verdicts_are_those_of_the_numbers(findings):
    verdicts = {arm: judgement.verdict for arm, judgement in findings.primary.judgements.items()}
    assert verdicts == {"two": "worse", "near": "equivalent", "only_a": "worse"}
    error = next(compared for compared in findings.secondary if compared.metric.key == "swap_fitted_mae_AB")
    assert error.judgements["two"].verdict == "worse"  # a higher error is worse
    assert error.judgements["two"].comparison.difference > 0
    for arm in ("two", "only_a"):
        assert f"{arm} (" in findings.answer
    assert "near is equivalent to baseline (within ±0.02)" in findings.answer
    assert "3 of 36 runs are not finished" in findings.answer


def test_the_smallest_difference_is_the_studys_own(plan):
    strict = analysed(dataclasses.replace(plan, smallest_difference=1e-6, secondary=[]))
    assert strict.primary.metric.smallest_difference == 1e-6
    assert strict.primary.judgements["near"].verdict != "equivalent"
    none = analysed(dataclasses.replace(plan, smallest_difference=None, secondary=[]))
    assert none.primary.metric.smallest_difference is None


def test_a_metric_that_an_arm_does_not_have_is_said_to_be_not_measured(findings):
    recall = next(compared for compared in findings.secondary if compared.metric.key == "swap_recall5_AB")
    assert recall.values["only_a"] == {}
    assert recall.judgements["only_a"].verdict == "undecided"
    assert recall.judgements["only_a"].reason == "not measured in the runs of only_a"
    assert recall.judgements["only_a"].outlook is None
    assert recall.judgements["two"].comparison.seeds == 8


def test_a_baseline_without_the_metric_decides_nothing(tmp_path):
    arms = {"baseline": FakeArm(without=("swap_ssim_AB",)), "arm": FakeArm()}
    findings = analysed(fake_study(tmp_path, arms, range(6), tiles=False))
    assert findings.primary.judgements["arm"].reason == "not measured in the runs of baseline"
    assert "no finished run of baseline has the SSIM" in findings.answer


def test_the_only_path_of_one_encoder_stands_for_both_and_that_is_said(findings):
    compared = next(compared for compared in findings.secondary if compared.metric.key == "swap_ssim_AB_target_path")
    assert compared.values["baseline"] == measured(findings, "baseline", "swap_ssim_AB")
    assert compared.values["two"] == measured(findings, "two", "swap_ssim_AB_target_path")
    assert any(
        "so is their number: baseline, near, only_a (swap_ssim_AB_target_path)" in note for note in findings.notes
    )


def test_what_an_arm_changes(findings):
    changes = {arm.name: arm.changes for arm in findings.arms}
    assert changes["baseline"] == {}
    assert changes["two"] == {"encoders.count": (1, 2), "encoders.start": (None, "equal")}
    assert changes["near"] == {"decoder_activation.name": ("sigmoid", "tanh")}
    assert [arm.parameters for arm in findings.arms] == [2000, 3000, 2000, 2000]


def test_diagnostics_and_losses_are_described_and_never_judged(findings):
    keys = [compared.metric.key for compared in findings.diagnostics]
    assert keys[:3] == ["loss_A", "loss_B", "grad_cosine"]
    assert keys[-2:] == ["dead_decoder_A_1", "dead_encoder_0"]
    assert all(compared.judgements == {} for compared in findings.diagnostics)
    assert findings.diagnostics[1].values["only_a"] == {}
    assert findings.diagnostics[0].values["two"] == measured(findings, "two", "loss_A")


def test_the_curves_are_losses_apart_and_the_swap_in_both_directions(findings):
    keys = [curves.metric.key for curves in findings.curves]
    assert keys == ["loss_A", "loss_B", "swap_ssim_AB", "swap_ssim_BA", "grad_cosine"]
    assert list(findings.curves[1].arms) == ["baseline", "two", "near"]
    assert findings.curves[0].differences["two"].seeds == (0, 1, 2, 4, 5, 6, 7, 8)


def test_another_primary_metric_has_a_curve_too(plan):
    findings = analysed(dataclasses.replace(plan, metric="swap_mae_BA", smallest_difference=0.003, secondary=[]))
    assert "swap_mae_BA" in [curves.metric.key for curves in findings.curves]
    assert {prediction.outcome.key for prediction in findings.predictions} == {"swap_mae_BA"}


def test_losses_are_ranked_against_the_swap_error(findings):
    assert [prediction.loss for prediction in findings.predictions] == ["loss_A", "loss_B", "loss_A + loss_B"]
    assert {prediction.outcome.key for prediction in findings.predictions} == {"swap_ssim_AB"}
    finished = [cell for cell in findings.cells if cell.state == "finished"]
    losses = [cell.metrics["loss_A"] for cell in finished]
    errors = [1 - cell.metrics["swap_ssim_AB"] for cell in finished]
    assert findings.predictions[0].across_runs.rho == pytest.approx(stats.spearmanr(losses, errors).statistic)
    assert findings.predictions[1].across_runs.rows == 33 - 8  # only_a has no loss_B
    assert findings.predictions[0].over_time.rho > 0.9  # both fall while training


def test_faces_are_of_the_lowest_seed_that_all_arms_finished(findings):
    across, growth, *_ = findings.grids
    assert "seed 1." in across.caption  # seed 0 is damaged in one arm
    assert [row.caption for row in across.rows[2:]] == ["baseline", "two", "two", "near", "only_a"]
    assert growth.columns == ["400", "800", "truth"]
    shown = growth.rows[1].pixels.crop((16, 0, 32, 16))
    last = read_tiles(
        next(c.folder for c in findings.cells if (c.arm, c.seed) == ("two", 1)) / "previews/final-tiles.png"
    )
    assert shown.tobytes() == last.face("swap_AB", 0).tobytes()


def test_faces_of_the_seed_with_most_arms_or_of_none(tmp_path):
    states = {("a", 0): "failed", ("b", 0): "failed", ("c", 1): "failed"}
    arms = {name: FakeArm() for name in "abc"}
    across = analysed(fake_study(tmp_path / "x", arms, range(2), states=states)).grids[0]
    assert ("seed 1." in across.caption, [row.caption for row in across.rows[2:]]) == (True, ["a", "b"])
    assert analysed(fake_study(tmp_path / "y", arms, range(2), tiles=False)).grids == []


def test_nothing_is_finished(tmp_path):
    arms = {"baseline": FakeArm(), "arm": FakeArm()}
    findings = analysed(
        fake_study(tmp_path, arms, range(3), states={(a, s): "missing" for a in arms for s in range(3)})
    )
    assert findings.answer == "Nothing can be said yet: none of the 6 runs is finished."
    assert (findings.curves, findings.predictions, findings.diagnostics, findings.grids) == ([], [], [], [])
    assert findings.primary.judgements["arm"].verdict == "undecided"
    assert "no seed has a value for both" in findings.primary.judgements["arm"].reason
    assert findings.provenance.warnings[0].startswith("Not run yet (6 of 6 runs)")


def test_one_seed(tmp_path):
    findings = analysed(fake_study(tmp_path, {"baseline": FakeArm(), "arm": FakeArm(shift=-0.5)}, [4]))
    assert findings.primary.judgements["arm"].verdict == "undecided"
    assert "1 seed is too few to decide anything: it takes at least 6." in findings.answer
    assert findings.predictions[0].across_runs.interval == (-1, 1)
    assert "seed 4." in findings.grids[0].caption


def test_no_table_of_metrics(tmp_path):
    plan = fake_study(tmp_path, {"baseline": FakeArm(), "arm": FakeArm()}, range(6), tiles=False)
    for path in tmp_path.glob("arm-*/metrics.csv"):
        path.write_bytes(b"\xff\xfe nonsense")
    findings = analysed(plan)
    assert list(findings.curves[0].arms) == ["baseline"]
    assert findings.curves[0].differences == {}
    assert findings.primary.judgements["arm"].comparison.seeds == 6


def test_a_typing_error_in_a_metric_is_told_before_any_run_is_read(plan, tmp_path):
    wrong = dataclasses.replace(plan, secondary=["swap_sim_AB"], runs_dir=tmp_path)
    with pytest.raises(ConfigError, match="Did you mean 'swap_ssim_AB'"):
        analysed(wrong)


def test_the_same_arm_in_groups_of_seeds(tmp_path):
    states = {("baseline", 3): "failed"}
    findings = analysed(
        fake_study(tmp_path, {"baseline": FakeArm()}, range(20), group_seeds=8, states=states, tiles=False)
    )
    assert [arm.name for arm in findings.arms] == ["baseline", "again 1", "again 2"]
    assert all(arm.changes == {} for arm in findings.arms)
    assert [cell.seed for cell in findings.cells] == list(range(20))
    assert [cell.arm for cell in findings.cells] == 8 * ["baseline"] + 8 * ["again 1"] + 4 * ["again 2"]
    values = [cell.metrics.get("swap_ssim_AB") for cell in findings.cells]
    assert findings.primary.values["again 1"] == dict(zip(range(8), values[8:16]))
    expected = np.mean([values[8 + place] - values[place] for place in range(8) if place != 3])
    assert findings.primary.judgements["again 1"].comparison.difference == pytest.approx(expected)
    assert findings.primary.judgements["again 2"].comparison.seeds == 3
    alarms = findings.extras["false_alarms"]
    assert (alarms["group"], alarms["splits"], alarms["metrics"][0]["runs"]) == (8, 2000, 19)
    assert any("paired by their place" in note for note in findings.notes)


def test_groups_are_of_one_arm_alone(plan):
    with pytest.raises(ConfigError, match="leave out near, only_a, two"):
        analysed(dataclasses.replace(plan, group_seeds=3))


@settings(max_examples=10)
@given(data=st.data())
def test_whatever_became_of_the_cells_all_are_in_the_findings_and_no_number_is_made_up(tmp_path_factory, data):
    kinds = st.sampled_from(["finished", "missing", "interrupted", "failed", "diverged", "damaged"])
    arms = {"baseline": FakeArm(), "arm": FakeArm(two_paths=True), "other": FakeArm(without=("loss_A", "swap_ssim_AB"))}
    states = {(arm, seed): data.draw(kinds) for arm in arms for seed in range(2)}  # warnings name six
    findings = analysed(fake_study(tmp_path_factory.mktemp("runs"), arms, range(2), states=states, tiles=False))
    assert {(cell.arm, cell.seed): cell.state for cell in findings.cells} == states
    for compared in (findings.primary, *findings.secondary, *findings.diagnostics):
        for arm, values in compared.values.items():
            assert all(states[arm, seed] == "finished" and math.isfinite(value) for seed, value in values.items())
    named = " ".join(findings.provenance.warnings)
    assert all((f"{arm}/{seed}" in named) == (state != "finished") for (arm, seed), state in states.items())
    assert "nan" not in findings.answer
    assert all(judgement.verdict == "undecided" for judgement in findings.primary.judgements.values())


def test_a_plan_that_contradicts_itself_is_refused(plan):
    with pytest.raises(ValueError, match="the baseline is 'x'; the study's arms are baseline, two"):
        dataclasses.replace(plan, baseline="x")
    with pytest.raises(ValueError, match="a cell's arm is 'x'"):
        dataclasses.replace(plan, cells=[Planned("x", 0, "0", {})])
    with pytest.raises(ValueError, match="arm 'two' has seed 1 twice"):
        dataclasses.replace(plan, cells=[Planned("two", 1, "0", {}), Planned("two", 1, "1", {})])
