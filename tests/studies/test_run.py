"""What a run says of a metric that it has not under its own name."""

import pytest

from faceswap_lab.studies.run import Run

PRIMARY, TARGET, ALL = "swap_score_AB", "swap_score_AB_target_path", "swap_score_AB_all_path"


@pytest.mark.parametrize(
    ("metrics", "key", "value"),
    [
        ({PRIMARY: 0.7}, TARGET, 0.7),  # one encoder: all ways to swap are one
        ({PRIMARY: 0.7, TARGET: 0.6}, TARGET, 0.6),
        ({PRIMARY: 0.7, ALL: 0.6}, TARGET, None),  # AMP's two paths, of which none is through the target's encoder
        ({PRIMARY: 0.7, TARGET: 0.6}, ALL, None),
        ({PRIMARY: 0.7, TARGET: 0.6}, PRIMARY, 0.7),
        ({}, TARGET, None),
    ],
)
def test_one_path_stands_for_all_and_of_several_none_for_another(
    metrics: dict[str, float], key: str, value: float | None
) -> None:
    assert Run("arm", 0, "finished", metrics=metrics).value(key) == value


def test_noise_is_judged_as_far_from_the_truths_sharpness_as_a_blur() -> None:
    key = "swap_sharpness_AB"
    run = Run("arm", 0, "finished", metrics={key: 4.0}, history={key: {100: 0.5, 200: 2.0}})
    assert run.value(key) == 0.25
    assert run.curve(key) == {100: 0.5, 200: 0.5}
    assert run.metrics == {key: 4.0}  # as it was measured
