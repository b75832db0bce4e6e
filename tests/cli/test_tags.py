"""The options in which a run differs from the baseline."""

import pytest
from hydra.core.hydra_config import HydraConfig

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job.label import differing_options
from faceswap_lab.options import Options


@pytest.mark.parametrize(
    ("words", "differing"),
    [
        *[([f"scale={scale}"], []) for scale in Options([conf_dir()])["scale"]],
        (["+experiment=baseline", "trainer=cpu", "logger=wandb", "seed=3"], []),
        (["+experiment=two_encoders"], ["encoders=two"]),
        (["loss=mae", "scale=smoke"], ["loss=mae"]),  # smoke's own is mae_masked
        (["decoder_activation=tanh", "update_order=b_then_a"], ["decoder_activation=tanh", "update_order=b_then_a"]),
    ],
)
def test_a_run_is_found_by_what_is_not_the_baselines(words, differing):
    try:
        with composing([conf_dir()]) as compose:
            HydraConfig.instance().set_config(compose(words, return_hydra_config=True))
        assert differing_options([conf_dir()]) == differing
    finally:
        HydraConfig.instance().cfg = None


def test_a_scale_of_ones_own(tmp_path):
    (tmp_path / "scale").mkdir()
    mine = "# @package _global_\n# Mine.\ndefaults:\n  - quick\n  - override /loss: mse\n"
    (tmp_path / "scale" / "mine.yaml").write_text(mine)
    folders = [conf_dir(), tmp_path]
    try:
        with composing(folders) as compose:
            HydraConfig.instance().set_config(compose(["scale=mine"], return_hydra_config=True))
        assert "loss=mse" not in differing_options(folders)
    finally:
        HydraConfig.instance().cfg = None
