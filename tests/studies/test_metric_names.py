import itertools
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.metric_names import (
    as_judged,
    diagnostic,
    diagnostics_of,
    is_of_real_swaps,
    judged_metric,
    needs_truth,
    never_sees_a_swap,
    own_path,
    real_metrics,
)

STUDIES = sorted((Path(__file__).parents[2] / "conf" / "study").glob("*.yaml"))
ASPECTS = ("score", "identity", "identity_colour", "colour", "pose", "expression", "lighting", "sharpness")
HIGHER = dict.fromkeys(("ssim", "recall5", "yaw", "mouth", "light", *ASPECTS), True)
LIKENESS = ("fitted_mae", "mae", "mae_full")
LOWER = dict.fromkeys((*LIKENESS, "still_source"), False)
KINDS = ("copy", "mean", "nearest", "nearest_lit")


def test_every_score_of_the_evaluation_has_a_direction_a_caption_and_a_smallest_difference():
    captions = set()
    keys = [
        f"swap_{stem}_{way}{path}"
        for stem in HIGHER | LOWER
        for way in ("AB", "BA", "CA")
        for path in ("", "_target_path", "_mixed_path")
    ]
    keys += [f"{kind}_{stem}_{way}" for kind, stem, way in itertools.product(KINDS, HIGHER | LOWER, ("AB", "BA", "BD"))]
    keys += [f"recon_{stem}_{side}" for stem in ("ssim", *LIKENESS) for side in "ABC"]
    for key in keys:
        metric = judged_metric(key)
        stem = re.fullmatch(r"(?:swap|recon|copy|mean|nearest_lit|nearest)_([a-z_5]+)_[A-D]+(?:_\w+_path)?", key)[1]
        assert metric.key == key
        assert metric.higher_is_better is (HIGHER | LOWER)[stem]
        assert 0 < metric.smallest_difference < 0.1
        captions.add(metric.caption)
    assert len(captions) == len(keys)


def test_every_number_of_a_real_swap_is_known_and_the_kinds_are_told_apart():
    judged = [f"{key}{path}" for key in real_metrics(("AB", "CA")) for path in ("", "_target_path")]
    metrics = [judged_metric(key) for key in judged]
    assert len({metric.caption for metric in metrics}) == len(judged)
    assert all(metric.higher_is_better is True and metric.smallest_difference == 0.05 for metric in metrics)
    assert all(is_of_real_swaps(key) and not needs_truth(key) and not never_sees_a_swap(key) for key in judged)
    assert own_path("follow_yaw_AB_target_path") == "follow_yaw_AB"
    assert needs_truth("swap_ssim_AB")
    assert needs_truth("copy_ssim_AB")
    assert needs_truth("ema_swap_ssim_AB")
    assert never_sees_a_swap("ema_recon_ssim_A")
    assert [never_sees_a_swap(key) for key in ("recon_mae_A", "loss_C", "swap_mae_AB")] == [True, True, False]


def test_a_loss_is_better_if_lower_and_nothing_was_declared_too_small_to_matter():
    assert [judged_metric(f"loss_{side}").higher_is_better for side in "AB"] == [False, False]
    assert judged_metric("loss_A").smallest_difference is None


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_metrics_of_every_shipped_study_are_known(path):
    study = yaml.safe_load(path.read_text())["study"]
    for key in (study["metric"], *study["secondary"]):
        assert judged_metric(key).key == key


def test_an_unknown_metric_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"'swap_sim_AB'\. Did you mean 'swap_ssim_AB'"):
        judged_metric("swap_sim_AB")
    for wrong in ("x", "swap_ssim_AA", "copy_ssim_AB_target_path", "recon_yaw_A"):
        with pytest.raises(ConfigError, match=f"there is no metric '{wrong}'"):
            judged_metric(wrong)


def test_a_diagnostic_cannot_judge():
    with pytest.raises(ConfigError, match="'grad_cosine' is a diagnostic"):
        judged_metric("grad_cosine")
    assert diagnostic("grad_cosine").higher_is_better is None
    assert diagnostic("swap_ssim_AB") is None


def test_diagnostics_come_in_one_order_and_layers_by_number():
    keys = {
        "dead_encoder_10",
        "dead_encoder_up",
        "dead_encoder_2",
        "dead_decoder_A_0",
        "swap_ssim_AB",
        "code_cka",
        "grad_cosine",
    }
    found = [metric.key for metric in diagnostics_of(keys)]
    assert found == [
        "grad_cosine",
        "code_cka",
        "dead_decoder_A_0",
        "dead_encoder_2",
        "dead_encoder_10",
        "dead_encoder_up",
    ]


def test_the_path_through_the_sources_own_encoder():
    assert own_path("swap_ssim_AB_target_path") == "swap_ssim_AB"
    assert own_path("swap_identity_colour_BC_mixed_own_path") == "swap_identity_colour_BC"
    assert own_path("swap_ssim_AB") is None


@given(st.floats(1e-3, 1e3))
def test_sharpness_is_judged_by_how_near_it_is_to_the_truths(value):
    for key in ("swap_sharpness_AB", "swap_sharpness_BC_target_path", "ema_swap_sharpness_AB", "copy_sharpness_AB"):
        assert as_judged(key, value) == pytest.approx(min(value, 1 / value))
    for key in ("swap_score_AB", "swap_mae_AB", "own_sharpness_AB", "loss_A", "swap_light_AB_sharpness_path"):
        assert as_judged(key, value) == value
