"""What is not finite stops the run before an optimizer has used it."""

import pytest
import pytorch_lightning as pl
import torch

from faceswap_lab.training import losses
from faceswap_lab.training.stepper import Diverged
from tests.training.tiny import STATES, module_for, samples_for, trainer_for


class Weights(pl.Callback):
    """Keeps the weights as they were after each step."""

    def __init__(self):
        self.kept = []

    def on_train_batch_end(self, trainer, module, *rest):
        self.kept.append(vector(module))


def vector(module):
    return torch.cat([p.detach().ravel() for p in module.autoencoder.parameters()]).clone()


def diverging(monkeypatch, poison, call, order, state="shared", **options):
    """Train with a loss that ``poison`` spoils at its ``call``-th call; return what was raised, before and after."""
    plain, calls = losses.LOSSES["mae"], []

    def spoilt(output, target):
        calls.append(1)
        return poison(plain(output, target)) if len(calls) == call else plain(output, target)

    monkeypatch.setitem(losses.LOSSES, "mae", spoilt)
    weights, module = Weights(), module_for(order, state, **options)
    with pytest.raises(Diverged) as raised:
        trainer_for([weights]).fit(module, samples_for(order, 8))
    return str(raised.value), raised.value.step, weights.kept[-1], vector(module)


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
