"""The promise of the house, seen from outside: one encoder swaps, two do not, and both reconstruct about equally well.

The thresholds leave room around what seeds 0 to 7 of either arm gave (2026-11-22; ranges in the comments):

    python -m faceswap_lab -m scale=smoke +experiment=baseline,two_encoders "seed=range(0,8)"
"""

import json
from pathlib import Path

import cv2
import pytest

from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> dict[str, dict[str, float]]:
    """Return the metrics of both arms, each trained as a user would, with seed 0."""
    found = {}
    for arm in ("baseline", "two_encoders"):
        program = Program(tmp_path_factory.mktemp(arm), faces)
        folders = (f"runs_dir={program.runs}", f"cache_dir={faces}")
        ended = program.start_with("scale=smoke", f"+experiment={arm}", *folders).ended(240)
        assert ended.code == 0, ended.err
        assert str(program.folder / "previews" / "final.png") in ended.out
        assert cv2.imread(str(program.folder / "previews" / "final.png")) is not None
        found[arm] = json.loads((program.folder / "result.json").read_text())["metrics"]
    return found


def test_one_encoder_swaps_better_than_copying_and_than_the_mean_face(metrics: dict[str, dict[str, float]]) -> None:
    m = metrics["baseline"]
    assert m["swap_ssim_BA"] > m["mean_ssim_BA"] + 0.02  # 0.608 to 0.666 against 0.566
    assert m["swap_ssim_BA"] > m["copy_ssim_BA"] + 0.1  # against 0.442
    assert m["swap_ssim_AB"] > m["mean_ssim_AB"] + 0.08  # 0.628 to 0.670 against 0.514
    assert m["swap_ssim_AB"] > m["copy_ssim_AB"] + 0.13  # against 0.450
    assert m["swap_fitted_mae_AB"] < min(m["copy_fitted_mae_AB"], m["mean_fitted_mae_AB"]) - 0.008  # 0.040-0.045
    assert m["swap_recall5_AB"] > 0.8  # 0.97 to 1.00, where the mean face finds 0.16
    assert m["swap_light_AB"] > 0.8  # 0.92 to 0.96, where the mean face has 0


def test_two_encoders_do_not_swap(metrics: dict[str, dict[str, float]]) -> None:
    m = metrics["two_encoders"]
    for direction in ("AB", "BA"):
        assert m[f"swap_ssim_{direction}"] < 0.4  # 0.117 to 0.273, worse than either baseline
    assert m["swap_fitted_mae_AB"] > m["copy_fitted_mae_AB"] + 0.02  # 0.088 to 0.099 against 0.059
    assert m["swap_recall5_AB"] < 0.7  # 0.06 to 0.47
    assert m["swap_ssim_AB_target_path"] > m["swap_ssim_AB"] + 0.1  # 0.517 to 0.616: B's own encoder half knows A


def test_both_reconstruct_about_equally_well(metrics: dict[str, dict[str, float]]) -> None:
    one, two = metrics["baseline"], metrics["two_encoders"]
    for side in "AB":
        assert abs(one[f"recon_ssim_{side}"] - two[f"recon_ssim_{side}"]) < 0.06  # ranges overlap: 0.72-0.75, 0.66-0.70
        assert min(one[f"recon_ssim_{side}"], two[f"recon_ssim_{side}"]) > 0.58
