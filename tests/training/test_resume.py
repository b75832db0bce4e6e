"""An interrupted run goes on as if nothing had happened: the same bits in weights, optimizers and metrics."""

import json
import math
import os
import signal
from functools import cache, partial

import pytest
import torch

from faceswap_lab.cli.job.train import train
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.training import run as run_module
from faceswap_lab.training.build import module_of
from faceswap_lab.training.callbacks import Every, Interrupted
from faceswap_lab.training.run import Run
from faceswap_lab.training.saved.checkpoint import BadCheckpoint, load
from faceswap_lab.training.step import losses
from faceswap_lab.training.step.finite import Diverged
from tests.training.configs import config_for, noise_data

ORDERS = ["a_then_b", "joint", "worse_first", "alternate"]
EVENTS = (  # checkpoints are of steps 5 and 10
    "+events.planned={warp: {step: 6, strength: 0}, slow: {kind: learning_rate, step: 3, factor: 0.3}, "
    "again: {kind: reset, step: 5, parts: [inter_A]}, exchange: {step: 7, parts: ['inter_*']}, "
    "freeze: {step: 10, parts: [decoder]}}"
)
OVERRIDES = {
    "joint": ["optimizer_state=shared", "topology=liae", "training.ema=0.9", "loss=adversarial_code", EVENTS],
    "alternate": [
        *("update_order.block=7", "schedule=cosine", "training.lr_dropout=0.5", "training.ema=0.9", "loss=adversarial")
    ],
    "worse_first": ["optimizer_state=per_autoencoder"],
}
DIGEST = "0" * 10


class Killed(BaseException):
    """Stands for kill -9: nothing is written after it."""


def run_in(root, order, *more, after=None):
    """Make the run; ``after``: {step: what happens after that step}."""
    config = config_for(f"update_order={order}", *OVERRIDES.get(order, []), *more)
    folder = find_or_create(root, "tiny", 0, DIGEST)
    run = Run(config, noise_data(), folder, DIGEST, "tiny", ["test"])
    if after:
        callbacks, last_save = run._callbacks, Every(1, None, lambda module: after.get(module.steps_done, int)())
        run._callbacks = lambda: [*callbacks(), last_save]
    return run


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Return what an uninterrupted run of an order leaves; each is trained once."""

    @cache
    def of(order):
        root = tmp_path_factory.mktemp(order)
        run_in(root, order).train_and_judge()
        return left_by(root)

    return of


def killed_after(root, order, step, monkeypatch, *more):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "_end", lambda self, *rest: None)
        with pytest.raises(Killed):
            run_in(root, order, *more, after={step: stopped}).train_and_judge()


def left_by(root):
    """Return everything a run leaves that must not depend on interruptions."""
    (folder,) = root.glob("tiny-*")
    (_, checkpoint) = max((p.name, p) for p in (folder / "checkpoints").iterdir() if p.suffix == ".pt")
    state = torch.load(checkpoint, weights_only=True)
    rows = [{k: v for k, v in r.items() if not k.endswith("_second")} for r in read_metrics(folder / "metrics.csv")]
    result = json.loads((folder / "result.json").read_text())["metrics"]
    previews = {p.name: p.read_bytes() for p in (folder / "previews").iterdir()}
    return {
        "weights": state["weights"],
        "optimizers": state["optimizers"],
        "averaged": state["averaged"],
        "discriminators": state["discriminators"],
        "step": state["step"],
        "rows": rows,
        "result": result,
        "previews": previews,
        "safetensors": {path.name: path.read_bytes() for path in folder.glob("*.safetensors")},
    }


def assert_equal(a, b):
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_equal(x, y)
    else:
        assert a == b


@pytest.mark.parametrize(
    ("order", "workers", "kills"),
    [(order, 0, (7, 11)) for order in ORDERS]
    + [("a_then_b", 2, (8,)), ("joint", 2, (5,)), ("worse_first", 2, (3, 14))],
)
def test_killed_and_resumed_is_as_if_never_killed(order, workers, kills, straight, tmp_path, monkeypatch):
    for step in kills:
        killed_after(tmp_path / "killed", order, step, monkeypatch, f"trainer.workers={workers}")
    run_in(tmp_path / "killed", order, f"trainer.workers={workers}").train_and_judge()
    expected, resumed = straight(order), left_by(tmp_path / "killed")
    assert expected["step"] == 14
    assert [row["step"] for row in expected["rows"]] == [3, 6, 9, 12, 14]
    assert len(expected["previews"]) == 8  # four pictures, each with its tiles
    assert_equal(resumed, expected)


def test_the_record_says_which_events_a_session_came_to(tmp_path, monkeypatch):
    killed_after(tmp_path, "joint", 6, monkeypatch)
    resumed = run_in(tmp_path, "joint", after={9: stopped})
    with pytest.raises(Killed):
        resumed.train_and_judge()
    by_three = "step 3: slow (learning_rate, factor 0.3)"
    by_five = "step 5: again (reset, parts inter_A)"
    later = ["step 6: warp (strength 0)", "step 7: exchange (parts inter_A inter_AB)"]
    told = [session["events"] for session in read_sessions(resumed.folder)]
    assert told == [[by_three, by_five], [by_five, *later]]


def stopped():
    raise Killed


def test_a_signal_finishes_the_step_and_saves(straight, tmp_path):
    run = run_in(tmp_path / "told", "a_then_b", after={6: lambda: os.kill(os.getpid(), signal.SIGTERM)})
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as stop:
        run.train_and_judge()
    assert (stop.value.signal, stop.value.step) == (signal.SIGTERM, 7)  # noticed after the next step
    assert signal.getsignal(signal.SIGTERM) == before
    assert load(run.folder.checkpoints, DIGEST).step == 7
    assert json.loads(run.folder.status.read_text())["state"] == "interrupted"
    run_in(tmp_path / "told", "a_then_b").train_and_judge()
    assert_equal(left_by(tmp_path / "told"), straight("a_then_b"))


def test_a_signal_is_not_lost_where_what_it_asks_for_fails(tmp_path, monkeypatch):
    full = StorageError("the disk is full")

    def fail(*_):
        raise full

    def told():
        monkeypatch.setattr(run.table, "append", fail)
        os.kill(os.getpid(), signal.SIGTERM)

    run = run_in(tmp_path, "a_then_b", after={8: told})  # rows are of steps 3, 6, 9 …
    with pytest.raises(Interrupted) as stop:
        run.train_and_judge()
    assert (stop.value.signal, stop.value.__cause__) == (signal.SIGTERM, full)
    assert json.loads(run.folder.status.read_text())["state"] == "failed"
    monkeypatch.setattr(Run, "train_and_judge", partial(fail_with, stop.value))
    status, result = train(run.config, run.data, run.folder, DIGEST, "tiny", [])
    assert result is None
    assert (status.state, status.message, status.code) == ("failed", str(full), 128 + signal.SIGTERM)


def fail_with(error, *_):
    raise error


def test_the_terms_of_a_loss_go_on_too(tmp_path, monkeypatch):
    run_in(tmp_path / "straight", "a_then_b", "loss=dfl").train_and_judge()
    killed_after(tmp_path / "killed", "a_then_b", 8, monkeypatch, "loss=dfl")
    run_in(tmp_path / "killed", "a_then_b", "loss=dfl").train_and_judge()
    expected, resumed = left_by(tmp_path / "straight"), left_by(tmp_path / "killed")
    assert_equal(resumed, expected)
    names = {"loss_A", "loss_A/dssim", "loss_A/mse", "loss_B", "loss_B/dssim", "loss_B/mse"}
    assert names <= set(expected["rows"][0]) & set(expected["result"])


def test_a_signal_is_heard_though_the_run_diverges_in_that_step(tmp_path, monkeypatch):
    """Whoever stops a sweep would see it go on with the next cell."""
    plain, calls = losses.LOSSES["mae"], []

    def spoilt(output, target):
        calls.append(1)
        if len(calls) == 8:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(output, target) * (math.nan if len(calls) == 8 else 1)

    monkeypatch.setitem(losses.LOSSES, "mae", spoilt)
    with pytest.raises(Interrupted) as stop:
        run_in(tmp_path, "a_then_b").train_and_judge()
    assert stop.value.signal == signal.SIGTERM


def test_a_second_ctrl_c_does_not_wait_and_names_the_step_that_is_saved(tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    run = run_in(tmp_path, "a_then_b", after={7: twice})
    with pytest.raises(Interrupted) as stop:
        run.train_and_judge()
    assert (stop.value.signal, stop.value.step) == (signal.SIGINT, 5)
    assert load(run.folder.checkpoints, DIGEST).step == 5


def test_a_finished_training_that_was_not_judged_is_only_judged(straight, tmp_path, monkeypatch):
    killed_after(tmp_path / "killed", "a_then_b", 14, monkeypatch)
    monkeypatch.setattr(run_module, "fit", None)
    run_in(tmp_path / "killed", "a_then_b").train_and_judge()
    assert_equal(left_by(tmp_path / "killed"), straight("a_then_b"))


def test_the_checkpoint_before_a_damaged_one_is_used(straight, tmp_path, monkeypatch, caplog):
    killed_after(tmp_path / "killed", "a_then_b", 13, monkeypatch)
    run = run_in(tmp_path / "killed", "a_then_b")
    newest = max(run.folder.checkpoints.iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    run.train_and_judge()
    assert run.first_step == 5
    assert newest.name in caplog.text
    assert newest.with_name(newest.name + ".damaged").exists()
    assert_equal(left_by(tmp_path / "killed"), straight("a_then_b"))


def test_no_usable_checkpoint_is_said_and_nothing_starts_from_zero(tmp_path, monkeypatch):
    killed_after(tmp_path, "a_then_b", 13, monkeypatch)
    run = run_in(tmp_path, "a_then_b")
    for path in run.folder.checkpoints.iterdir():
        path.write_bytes(b"")
    for _ in range(2):  # also the second time, when they are set aside already
        with pytest.raises(BadCheckpoint, match="force=true"):
            run.train_and_judge()
    assert not run.folder.result.exists()


@pytest.mark.parametrize("look_later", [False, True])
def test_a_diverged_run_keeps_its_last_good_checkpoint_and_says_so(tmp_path, monkeypatch, look_later):
    """Step 9 is bad. Who looks later does so at 10, where a checkpoint is due; the next row would be at 14."""
    run = run_in(tmp_path, "a_then_b", "optimizer=sgd", "optimizer_state=shared", "logger.every_steps=7")
    poisoned = run._callbacks

    def poison(module):
        if module.steps_done == 8:
            with torch.no_grad():
                next(module.autoencoder.parameters()).mul_(float("inf"))

    run._callbacks = lambda: [*poisoned(), Every(8, None, poison)]
    monkeypatch.setattr(run_module, "module_of", partial(module_looking, look_later))
    with pytest.raises(Diverged, match="training step 9: loss_A is nan"):
        run.train_and_judge()
    status = json.loads(run.folder.status.read_text())
    assert (status["state"], status["step"]) == ("diverged", 8)
    checkpoint = load(run.folder.checkpoints, DIGEST)
    assert checkpoint.step == 5
    assert read_metrics(run.folder.metrics)[-1]["step"] == 7
    assert all(torch.isfinite(w).all() for w in checkpoint.weights.values())
    assert not run.folder.result.exists()
    assert not run.folder.weights.exists()


def module_looking(later, *told):
    module = module_of(*told)
    module.look_later = later
    return module
