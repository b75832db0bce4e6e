"""Runs whose samples are read on the training device: the promises of any run, and the losses of the cv2 sampler."""

import gc

import pytest
import torch

from faceswap_lab.data.resident import ResidentFaces
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.training.build import resident_on
from faceswap_lab.training.order_effect.measure import measure
from faceswap_lab.training.order_effect.replica import Replica, batches_of
from faceswap_lab.training.run import Run
from faceswap_lab.training.saved.checkpoint import load
from tests.training.configs import config_for, noise_data
from tests.training.test_resume import DIGEST, assert_equal, killed_after, left_by, run_in

ON_DEVICE = "data.sampler=device"
CPU = torch.device("cpu")


def run_with(root, sampler, *more):
    config = config_for(f"data.sampler={sampler}", *more)
    folder = find_or_create(root, "tiny", 0, DIGEST)
    Run(config, noise_data(), folder, DIGEST, "tiny", ["test"]).train_and_judge()
    return folder


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    root = tmp_path_factory.mktemp("device")
    return root, run_with(root, "device")


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_and_resumed_is_as_if_never_killed(workers, straight, tmp_path, monkeypatch):
    root, _ = straight
    killed_after(tmp_path, "a_then_b", 7, monkeypatch, ON_DEVICE, f"trainer.workers={workers}")
    run_in(tmp_path, "a_then_b", ON_DEVICE, f"trainer.workers={workers}").train_and_judge()
    assert_equal(left_by(tmp_path), left_by(root))


def test_the_losses_are_those_of_the_other_sampler(straight, tmp_path):
    """One value in some thousands differs, by 1 of 255; training makes what it makes of it, as of any rounding."""
    rows, others = (read_metrics(folder.metrics) for folder in (straight[1], run_with(tmp_path, "cv2")))
    losses, expected = (
        [[row["loss_A"], row["loss_B"]] for row in found if "loss_A" in row] for found in (rows, others)
    )
    apart = (torch.tensor(losses) - torch.tensor(expected)).abs().amax(1)
    assert len(apart) == 5
    assert apart[0] <= 1e-5  # steps 1 to 3
    assert apart.max() <= 2e-4  # of losses around 0.16; after 14 steps at a learning rate of 3e-3
    assert losses != expected  # two samplers made them, or there was nothing to compare


@pytest.mark.parametrize(("asked", "used"), [("auto", "cv2"), ("cv2", "cv2"), ("device", "device")])
def test_which_sampler_was_used_is_on_record(asked, used, straight, tmp_path):
    folder = straight[1] if asked == "device" else run_with(tmp_path, asked, "training.max_steps=2")
    assert [session["sampler"] for session in read_sessions(folder)] == [used]


def test_a_replica_is_the_run(straight):
    config, data = config_for(ON_DEVICE), noise_data()
    replica = Replica(config, data, CPU)
    batches = list(batches_of(config, data, resident_on(CPU, config, data)))
    for batch in batches:
        replica.step(batch)
    left = load(straight[1].checkpoints, DIGEST)
    assert_equal(replica.autoencoder.state_dict(), left.weights)


def test_the_order_effect_is_measured_on_the_runs_samples():
    config, data = config_for(ON_DEVICE), noise_data()
    batches = batches_of(config, data, resident_on(CPU, config, data))
    first = Replica(config, data, CPU).step(next(batches))
    assert measure(config, data, steps=[1])["first_losses"]["a_then_b"] == first
    assert Replica(config, data, CPU).step(next(batches_of(config, data))) != first  # cv2's


def test_a_replica_of_an_undecided_run_on_a_cpu_uses_cv2():
    assert resident_on(CPU, config_for(), noise_data()) is None


def test_a_run_that_has_ended_leaves_no_faces_on_the_device(tmp_path):
    """Not even until Python looks for circles: the next cell of a sweep asks what is free."""
    gc.collect()
    gc.disable()
    try:
        run_with(tmp_path, "device")
        alive = sum(isinstance(x, ResidentFaces) for x in gc.get_objects())
    finally:
        gc.enable()
    assert alive == 0
