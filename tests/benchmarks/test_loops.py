"""The loops that ours is measured against compute what ours computes."""

import numpy as np
import pytest
import torch

from benchmarks.configurations import config_of, smooth_data
from benchmarks.lightning import BARE, REPLICA, bare_loop_of, interleaved_with_a_run
from benchmarks.plain_loop import PlainLoop
from benchmarks.step import mask_of, noise, plain_loop_of
from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.training.order_effect.replica import Replica, batches_of
from tests.training.configs import config_for

STEPS = 6


@pytest.fixture(scope="module")
def data():
    return smooth_data(6, 128)


def test_the_plain_loop_has_the_full_size_model():
    config = config_of("scale=original")
    assert (config.training.batch_size, config.loss.name, config.update_order.name) == (64, "mae", "a_then_b")
    with torch.device("meta"):
        assert sum(p.numel() for p in plain_loop_of(config).parameters()) == 82_062_470


def test_the_plain_loop_learns_as_ours_does(data):
    config = config_for("loss=mae", "optimizer_state=per_autoencoder", "optimizer.lr=1e-3")
    ours, plain, batches = Replica(config, data, torch.device("cpu")), plain_loop_of(config), noise(config)
    for own, theirs in zip(ours.autoencoder.parameters(), plain.parameters(), strict=True):
        theirs.data.copy_(own.data)
    portions = [SideBatch(side, *pair, mask_of(*pair)) for side, pair in batches.items()]
    losses = [(plain.step(batches), ours.step(portions)) for _ in range(STEPS)]
    assert losses[-1][0]["A"] < losses[0][0]["A"]
    for theirs, own in losses:
        assert theirs == pytest.approx(own, rel=1e-4)


def test_the_bare_loop_learns_as_ours_does(data, tmp_path):
    config = config_for("loss=mae")
    ours, batches = Replica(config, data, torch.device("cpu")), batches_of(config, data)
    with open(tmp_path / "bare.csv", "w") as file:
        bare = bare_loop_of(config, data, file)
        own = []
        for _ in range(STEPS):
            bare.step()
            own.append(ours.step(next(batches)))
    rows = np.loadtxt(tmp_path / "bare.csv", delimiter=",")
    means = [[np.mean([losses[side] for losses in own[k : k + 3]]) for side in "AB"] for k in (0, 3)]
    np.testing.assert_allclose(rows, np.column_stack([(3, 6), means]), rtol=1e-5)
    assert bare.updates == 2 * STEPS
    for mine, theirs in zip(ours.autoencoder.parameters(), bare.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_a_run_and_its_rivals_are_measured_portion_by_portion(data):
    config = config_for("loss=mae")
    seconds = interleaved_with_a_run(config, data, portion=4)
    assert set(seconds) == {"ours", BARE, REPLICA}
    for portions in seconds.values():
        assert len(portions) == config.training.max_steps // 4
        assert min(portions) > 0


def test_the_plain_loops_sides_share_the_encoder_and_nothing_else():
    plain = PlainLoop((4, 4, 4), 8, 4, (4, 4), lr=1e-3, betas=(0.5, 0.999))
    of_side = [{id(p) for group in adam.param_groups for p in group["params"]} for adam in plain.optimizers.values()]
    assert of_side[0] & of_side[1] == {id(p) for p in plain.encoder.parameters()}
    assert len(of_side[0] | of_side[1]) == len(plain.parameters())
