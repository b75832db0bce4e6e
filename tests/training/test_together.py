"""Runs trained at once have, each in its own folder, what they would have had alone."""

import gc
import json
import math
import os
import signal
from dataclasses import replace

import pytest
import torch

from faceswap_lab.data.resident import ResidentFaces
from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.result import Result
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.runs.status import read_status
from faceswap_lab.training.checkpoint import load
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.run import Run
from faceswap_lab.training.stack import Stack
from faceswap_lab.training.stacked_training import StackedTraining
from faceswap_lab.training.together import train_together
from tests.training.configs import config_for, noise_data
from tests.training.test_resume import assert_equal

SEEDS, DIGEST = (4, 0, 2), "0" * 10
SMOOTH = ("encoder_activation=gelu", "optimizer.eps=1e-3")  # rounding is not blown up to whole steps
NOISE = noise_data()


def runs_in(root, *overrides, seeds=SEEDS):
    first = config_for(*SMOOTH, *overrides)
    return [
        Run(replace(first, seed=s), NOISE, find_or_create(root, "tiny", s, DIGEST), DIGEST, "tiny", ["test"])
        for s in seeds
    ]


def left_by(run):
    """Return everything the run leaves that does not depend on the clock."""
    folder = run.folder
    newest = max(folder.checkpoints.glob("*.pt"))
    state = torch.load(newest, weights_only=True)
    rows = [{k: v for k, v in r.items() if not k.endswith("_second")} for r in read_metrics(folder.metrics)]
    return {
        "state": {name: state[name] for name in ("weights", "optimizers", "step", "pending", "recent")},
        "rows": rows,
        "metrics": json.loads(folder.result.read_text())["metrics"],
        "previews": {path.name: path.read_bytes() for path in folder.previews.iterdir()},
        "weights": folder.weights.read_bytes(),
    }


def assert_near(a, b, name=""):
    """As ``assert_equal``, but for rounding."""
    if isinstance(a, torch.Tensor):
        assert (a - b).abs().max() <= 1e-4 * b.abs().max(), name
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_near(a[key], b[key], f"{name} {key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_near(x, y, name)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-6), name
    elif not isinstance(a, bytes):
        assert a == b, name


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The runs of all seeds, trained at once without an interruption."""
    runs = runs_in(tmp_path_factory.mktemp("straight"))
    assert all(isinstance(ending, Result) for ending in train_together(runs))
    return runs


def test_each_folder_holds_what_a_run_alone_leaves(straight, tmp_path):
    alone = runs_in(tmp_path)
    for one, together in zip(alone, straight, strict=True):
        one.train_and_judge()
        assert {p.name for p in one.folder.path.iterdir()} == {p.name for p in together.folder.path.iterdir()}
        assert_near(left_by(together), left_by(one))
        sizes = [max(run.folder.checkpoints.glob("*.pt")).stat().st_size for run in (one, together)]
        assert sizes[1] < 1.05 * sizes[0]  # a checkpoint is of one seed, not of all
        assert read_status(together.folder).state == "finished"
        session = read_sessions(together.folder)[-1]
        assert (session["end_state"], session["seeds_at_once"]) == ("finished", list(SEEDS))
        assert session["sampler"] == "cv2"


def stopping(monkeypatch, at, action):
    """Do something in the step after ``at`` steps."""
    step = StackedTraining.step

    def watched(self, batches, made, *rest):
        if made == at:
            action()
        return step(self, batches, made, *rest)

    monkeypatch.setattr(StackedTraining, "step", watched)


def interrupted_in_step(number, root, monkeypatch):
    """Return what a signal in that step ends the training of all seeds with."""
    with monkeypatch.context() as patch:
        stopping(patch, number - 1, lambda: os.kill(os.getpid(), signal.SIGTERM))
        stops = train_together(runs_in(root))
    assert len({str(stop) for stop in stops}) == 1
    return stops[0]


def test_a_signal_saves_all_and_the_same_runs_go_on_bit_for_bit(straight, tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    stop = interrupted_in_step(7, tmp_path, monkeypatch)
    assert (stop.signal, stop.step) == (signal.SIGTERM, 7)
    assert signal.getsignal(signal.SIGTERM) == before
    for run in runs_in(tmp_path):
        assert load(run.folder.checkpoints, DIGEST).step == 7
        assert read_status(run.folder).state == "interrupted"
        assert not run.folder.result.exists()
    train_together(runs_in(tmp_path))
    for run, expected in zip(runs_in(tmp_path), straight, strict=True):
        assert_equal(left_by(run), left_by(expected))


def test_a_run_alone_goes_on_from_where_several_were_and_the_other_way_round(straight, tmp_path, monkeypatch):
    interrupted_in_step(5, tmp_path, monkeypatch)
    first, *others = runs_in(tmp_path)
    first.train_and_judge()
    train_together(others)
    for run, expected in zip(runs_in(tmp_path), straight, strict=True):
        assert_near(left_by(run), left_by(expected))


def test_who_is_at_another_step_is_left_out(straight, tmp_path, monkeypatch):
    ahead = runs_in(tmp_path, seeds=SEEDS[1:2])[0]
    with monkeypatch.context() as patch:
        step = FaceswapModule.training_step

        def watched(self, *rest):
            if self.steps_done == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return step(self, *rest)

        patch.setattr(FaceswapModule, "training_step", watched)
        with pytest.raises(Interrupted):
            ahead.train_and_judge()
    endings = train_together(runs_in(tmp_path))
    assert isinstance(endings[0], Result)
    assert endings[1] is None
    assert isinstance(endings[2], Result)
    assert read_status(ahead.folder).step == 3
    assert not ahead.folder.result.exists()


@pytest.mark.parametrize("lost", range(3))
def test_one_that_diverges_leaves_the_others_their_ways(lost, straight, tmp_path, monkeypatch):
    runs, begin = runs_in(tmp_path), Run.begin

    def watched(self, seeds):
        module = begin(self, seeds)
        if self is runs[lost]:  # after its third row, so that a checkpoint is there
            made = module.step_made

            def poisoned(*rest):
                made(*rest)
                if module.steps_done == 9:
                    module.autoencoder.decoders["B"].out.bias.data[0] = torch.nan

            module.step_made = poisoned
        return module

    monkeypatch.setattr(Run, "begin", watched)
    endings = train_together(runs)
    assert isinstance(endings[lost], Diverged)
    status = read_status(runs[lost].folder)
    assert (status.state, status.step) == ("diverged", 9)
    assert "training step 10: loss_B is nan" in status.message
    assert load(runs[lost].folder.checkpoints, DIGEST).step == 5
    assert read_metrics(runs[lost].folder.metrics)[-1]["step"] == 9
    for i in {0, 1, 2} - {lost}:
        assert isinstance(endings[i], Result)
        assert_near(left_by(runs[i]), left_by(straight[i]))


def test_what_has_ended_holds_no_device_memory(straight, tmp_path, monkeypatch):
    """Not even until Python looks for circles: the next cell of a sweep asks what is free."""
    runs, begin = runs_in(tmp_path, "data.sampler=device"), Run.begin

    def spoilt(self, seeds):
        module = begin(self, seeds)
        if self is runs[1]:
            module.autoencoder.decoders["B"].out.bias.data[0] = torch.nan
        return module

    monkeypatch.setattr(Run, "begin", spoilt)
    gc.collect()
    gc.disable()
    try:
        endings = train_together(runs)
        alive = [type(x) for x in gc.get_objects() if isinstance(x, Stack | ResidentFaces)]
    finally:
        gc.enable()
    assert [type(ending) for ending in endings] == [Result, Diverged, Result]
    assert alive == []


def test_a_signal_in_the_step_in_which_all_diverge_is_heard(tmp_path, monkeypatch):
    runs = runs_in(tmp_path)
    step = StackedTraining.step

    def last(self, *given):
        seen = step(self, *given)
        os.kill(os.getpid(), signal.SIGTERM)
        return [Diverged(0, "loss_A", math.nan)] * len(seen)

    monkeypatch.setattr(StackedTraining, "step", last)
    with pytest.raises(Interrupted):
        train_together(runs)
    assert {read_status(run.folder).state for run in runs} == {"diverged"}


def test_all_diverging_ends_all(tmp_path):
    wild = ("optimizer=sgd", "optimizer_state=shared", "optimizer.lr=10", "loss=mse", "decoder_activation=linear")
    endings = train_together(runs_in(tmp_path, *wild, "optimizer.eps=null"))
    assert all(isinstance(ending, Diverged) for ending in endings)


def test_a_full_disk_of_one_ends_that_one(straight, tmp_path):
    runs = runs_in(tmp_path)
    runs[1].folder.previews.rmdir()
    endings = train_together(runs)
    assert [isinstance(ending, Result) for ending in endings] == [True, False, True]
    assert read_status(runs[1].folder).state == "failed"
    for i in (0, 2):
        assert_near(left_by(runs[i]), left_by(straight[i]))


def test_a_defect_of_the_common_step_ends_all(tmp_path, monkeypatch):
    def fail():
        raise RuntimeError("the cat sat on the keyboard")

    stopping(monkeypatch, 3, fail)
    runs = runs_in(tmp_path)
    assert [str(ending) for ending in train_together(runs)] == ["the cat sat on the keyboard"] * 3
    assert {read_status(run.folder).state for run in runs} == {"failed"}


def test_bf16_works(tmp_path):
    endings = train_together(runs_in(tmp_path, "training.precision=bf16-mixed", "training.max_steps=2"))
    assert all(isinstance(ending, Result) for ending in endings)


def test_faces_on_the_device_are_shared(tmp_path):
    overrides = ("data.sampler=device", "training.max_steps=3")
    together, alone = (runs_in(tmp_path / name, *overrides) for name in ("together", "alone"))
    assert all(isinstance(ending, Result) for ending in train_together(together))
    assert {read_sessions(run.folder)[-1]["sampler"] for run in together} == {"device"}
    alone[1].train_and_judge()
    assert_near(left_by(together[1]), left_by(alone[1]))
