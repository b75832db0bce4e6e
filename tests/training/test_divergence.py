"""What is not finite stops the run before an optimizer has used it, whether the host looks at once or later."""

from itertools import islice

import pytest
import pytorch_lightning as pl
import torch
from torch.optim import adam, optimizer

from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.step import losses
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.step.optimizers import OPTIMIZERS, Settings
from tests.training.test_orders import CASES
from tests.training.tiny import STATES, module_for, record, samples_for, single, trainer_for


class Weights(pl.Callback):
    """Keeps the weights as they were after each step."""

    def __init__(self):
        self.kept = []

    def on_train_batch_end(self, trainer, module, *rest):
        self.kept.append(vector(module))


def vector(module):
    return torch.cat([p.detach().ravel() for p in module.autoencoder.parameters()]).clone()


def diverging(monkeypatch, poison, call, order, state="shared", callbacks=(), table=None, **options):
    """Train with a loss that ``poison`` spoils at its ``call``-th call; return what was raised, before and after."""
    plain, calls = losses.LOSSES["mae"], []

    def spoilt(output, target):
        calls.append(1)
        return poison(plain(output, target)) if len(calls) == call else plain(output, target)

    monkeypatch.setitem(losses.LOSSES, "mae", spoilt)
    weights, module = Weights(), module_for(order, state, **options)
    record(module, table)
    with pytest.raises(Diverged) as raised:
        trainer_for([weights, *callbacks]).fit(module, samples_for(order, 8))
    return str(raised.value), raised.value.step, weights.kept[-1] if weights.kept else None, vector(module)


def infinite_gradient(distance):
    """A finite loss whose gradient is not."""
    return distance + 0 * torch.sqrt(distance - distance.detach() + 0.0).nan_to_num()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("order", "call", "side"), [("a_then_b", 5, "A"), ("b_then_a", 5, "B"), ("joint", 6, "B")])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite(monkeypatch, order, state, call, side, value):
    message, step, before, after = diverging(monkeypatch, lambda d: d * value, call, order, state)
    assert f"training step 3: loss_{side} is {value}" in message
    assert "optimizer.lr" in message
    assert step == 2
    assert torch.equal(before, after)


def test_a_gradient_that_is_not_finite(monkeypatch):
    message, step, before, after = diverging(monkeypatch, infinite_gradient, 6, "accumulate")
    assert "training step 3: the gradient's norm in the update of A and B is nan" in message
    assert step == 2
    assert torch.equal(before, after)


def test_clipping_does_not_hide_it(monkeypatch):
    message, _, before, after = diverging(monkeypatch, infinite_gradient, 3, "joint", gradient_clip=1.0)
    assert "the gradient's norm" in message
    assert torch.equal(before, after)


def test_the_second_update_of_a_step_may_fail_after_the_first_was_made(monkeypatch):
    """a_then_b: A's update stands, B's is never made; the checkpoint before the step is what a run goes back to."""
    message, step, before, after = diverging(monkeypatch, lambda d: d * float("nan"), 6, "a_then_b")
    assert "training step 3: loss_B is nan" in message
    assert step == 2
    assert not torch.equal(before, after)
    assert torch.isfinite(after).all()


LATER = {"look_later": True, "log_every": 7, "last_step": 8}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("order", "call"), [("a_then_b", 5), ("a_then_b", 6), ("b_then_a", 5), ("joint", 6)])
@pytest.mark.parametrize("poison", [lambda d: d * float("inf"), infinite_gradient], ids=["loss", "gradient"])
def test_later_is_as_at_once(monkeypatch, state, order, call, poison):
    """The same words of the same step, and the weights as they stood when an optimizer was first kept from running."""
    message, step, _, at_once = diverging(monkeypatch, poison, call, order, state)
    monkeypatch.undo()
    later = diverging(monkeypatch, poison, call, order, state, **LATER)
    assert later[:2] == (message, step) == (message, 2)
    assert torch.equal(later[2], at_once), "steps went on, and moved nothing"
    assert torch.equal(later[3], at_once)


@pytest.mark.parametrize("state", ["per_autoencoder", "shared"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("call", [1, 5])
def test_later_under_gradient_descent(monkeypatch, state, momentum, call):
    descent = Settings("sgd", lr=0.1, beta1=momentum, beta2=0.0, eps=0.0)
    start = vector(module_for())
    poison = lambda d: d * float("nan")  # noqa: E731
    message, step, _, at_once = diverging(monkeypatch, poison, call, "a_then_b", state, optimizer=descent)
    monkeypatch.undo()
    later = diverging(monkeypatch, poison, call, "a_then_b", state, optimizer=descent, **LATER)
    assert later[:2] == (message, step)
    torch.testing.assert_close(later[3], at_once, rtol=0, atol=1e-6)  # the fused kernel rounds otherwise
    assert torch.equal(later[3], start) == (call == 1)


def test_clipping_later_does_not_hide_it(monkeypatch):
    message, _, before, after = diverging(monkeypatch, infinite_gradient, 3, "joint", gradient_clip=1.0, **LATER)
    assert "training step 2: the gradient's norm" in message
    assert torch.equal(before, after)


@pytest.mark.parametrize("every", [1, 4, None])
def test_nothing_after_it_passes_for_good(monkeypatch, tmp_path, every):
    """Step 4 is bad, and rows are due at 3, 6, …: what is due in between looks first, and so does the end."""
    table, done = MetricsCsv(tmp_path / "metrics.csv"), []
    due = Every(every, None, lambda module: done.append(module.steps_done), at_stop=True)
    _, step, *_ = diverging(
        monkeypatch,
        lambda d: d * float("nan"),
        7,
        "a_then_b",
        callbacks=[due],
        table=table,
        look_later=True,
        log_every=3,
    )
    assert step == 3
    assert [row["step"] for row in read_metrics(table.path)] == [3]
    assert done == ([1, 2, 3] if every == 1 else [])


def test_the_end_looks_too(monkeypatch):
    """No row is due, and nothing else: the last of the eight steps is bad."""
    message, step, *_ = diverging(
        monkeypatch, lambda d: d * float("nan"), 15, "a_then_b", look_later=True, log_every=99
    )
    assert (step, message.split(":")[0]) == (7, "training step 8")


def test_rmsprop_cannot_be_told_to_skip():
    with pytest.raises(TypeError, match="rmsprop"):
        OPTIMIZERS["rmsprop"]([], Settings("rmsprop", 0.1, 0.5, 0.9, 1e-8), skip=torch.zeros(()))


WAITING = ("worse_first",)  # for the larger loss


def steps_without_values(monkeypatch, order, state, steps=1, **options):
    """Make steps on tensors that have no values: whatever asks for one, or takes one to the host, raises."""
    monkeypatch.setattr(optimizer, "_get_fused_kernels_supported_devices", lambda: ["meta"])
    monkeypatch.setattr(adam, "_device_dtype_check_for_fused", lambda p: None)
    module = module_for(order, state, **options).to("meta")
    module.configure_optimizers()
    for batch in islice(samples_for(order, 4).train_dataloader(), steps):
        seen = module.make_step([p._replace(**{k: getattr(p, k).to("meta") for k in p._fields[1:]}) for p in batch])
        module.recent.add((f"loss_{portion.side}", loss) for portion, loss in seen.items())
    assert not [p for p in module.parameters() if p.grad is not None]
    return module


@pytest.mark.parametrize(("order", "state"), CASES)
def test_a_step_that_looks_later_never_waits_for_the_device(monkeypatch, order, state):
    options = {"look_later": True, "gradient_clip": 1.0, "objective": single("mae", 0.5)}
    if order in WAITING:
        with pytest.raises(RuntimeError, match="meta"):
            steps_without_values(monkeypatch, order, state, **options)
    else:
        module = steps_without_values(monkeypatch, order, state, **options)
        assert len(module.step.watch.taken) == (2 if order not in ("accumulate", "joint", "only_a", "only_b") else 1)


def test_to_average_the_weights_never_waits_for_the_device(monkeypatch):
    module = steps_without_values(monkeypatch, "a_then_b", "shared", steps=3, look_later=True, ema=0.9)
    assert module.steps_done == 3


def test_a_step_that_looks_at_once_waits(monkeypatch):
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        steps_without_values(monkeypatch, "a_then_b", "keras_2018", look_later=False)
