"""Every update order under every optimizer state against a slow loop, by weights and by losses."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.orders import ORDERS
from faceswap_lab.training.step.optimizers import Settings
from tests.models.tiny import out_of, tiny
from tests.training.slow_updates import SlowUpdates
from tests.training.tiny import SEED, STATES, trained

STEPS = 4
TWO = {"encoders": 2, "encoder_start": "independent"}
# one gradient of a summed loss belongs to one optimizer (config.rules refuses the rest)
CASES = [(o, s) for o in ORDERS for s in STATES if not o.startswith("joint") or s == "shared"]


def vector(model):
    return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()


@cache
def slow(order, state, encoders=1, weights=(1.0, 1.0)):
    model = Autoencoder(tiny(**(TWO if encoders == 2 else {})), SEED)
    loop = SlowUpdates(model, state, weights)
    for number in range(STEPS):
        loop.step(order, number)
    return loop


@pytest.mark.parametrize(("order", "state"), CASES)
def test_an_order_is_its_slow_loop(order, state):
    expected = slow(order, state)
    losses = []
    module = trained(order, state, STEPS, callbacks=[Losses(losses)])
    np.testing.assert_allclose(vector(module.autoencoder), vector(expected.model), atol=1e-6)
    for side in ("A", "B"):
        got, due = ([x for s, x in history if s == side] for history in (losses, expected.history))
        np.testing.assert_allclose(got, due, atol=1e-6)


@pytest.mark.parametrize(("order", "state"), [("a_then_b", "keras_2018"), ("joint", "shared"), ("only_b", "shared")])
def test_two_encoders(order, state):
    module = trained(order, state, STEPS, architecture=tiny(**TWO))
    np.testing.assert_allclose(vector(module.autoencoder), vector(slow(order, state, encoders=2).model), atol=1e-6)


@pytest.mark.parametrize("order", ["a_then_b", "joint", "accumulate", "worse_first"])
def test_side_weights_scale_gradients_but_not_the_losses_shown(order):
    expected, losses = slow(order, "shared", weights=(0.25, 2.0)), []
    module = trained(order, "shared", STEPS, callbacks=[Losses(losses)], side_weights={"A": 0.25, "B": 2.0})
    np.testing.assert_allclose(vector(module.autoencoder), vector(expected.model), atol=1e-6)
    np.testing.assert_allclose(sorted(x for _, x in losses), sorted(x for _, x in expected.history), atol=1e-6)


def test_the_tolerance_tells_the_orders_apart():
    """All pairs of orders end more than ten tolerances apart, but for those that are the same by definition."""
    same = {
        ("joint", "accumulate"),
        ("a_then_b", "worse_first"),
        ("b_then_a", "worse_first"),
        ("random", "worse_first"),
    }
    ends = {order: vector(slow(order, "shared").model) for order in ORDERS}
    for pair in itertools.combinations(ORDERS, 2):
        if not {pair, pair[::-1]} & same:
            assert np.abs(ends[pair[0]] - ends[pair[1]]).max() > 2e-4, pair
    states = [vector(slow("a_then_b", state).model) for state in STATES]
    for a, b in itertools.combinations(states, 2):
        assert np.abs(a - b).max() > 2e-4


@pytest.mark.parametrize("order", ["a_then_b", "b_then_a", "worse_first"])
def test_under_bf16_the_second_loss_is_taken_at_the_weights_that_the_first_update_has_moved(order):
    """Autocast may keep weights in bf16 until it ends, and it lasts for a whole step: Lightning tells it not to."""
    lr, losses, model = 0.1, [], Autoencoder(tiny(), SEED)
    for p in model.parameters():
        p.data *= 2  # so that what the encoder gives counts from the first step on
    slow = SlowUpdates(model, "shared")
    samples = {side: slow.draw(side) for side in "AB"}

    def loss(side):
        with torch.autocast("cpu", torch.bfloat16):  # one for every loss, so nothing is kept
            return slow.loss(side, samples[side])

    stale = {side: loss(side) for side in "AB"}
    worse = max("AB", key=lambda side: stale[side].item())
    first = {"a_then_b": "A", "b_then_a": "B"}.get(order, worse)
    for p, gradient in zip(slow.parameters, slow.gradients(stale[first])):
        p.data -= lr * gradient if gradient is not None else 0
    second = {"A": "B", "B": "A"}[first]
    due = {first: stale[first].item(), second: loss(second).item()}
    assert due[second] != pytest.approx(stale[second].item(), rel=0.1)

    descent = Settings("sgd", lr, beta1=0.0, beta2=0.0, eps=0.0)
    callbacks = [Losses(losses)]
    trained(order, "shared", 1, model=model, optimizer=descent, precision="bf16-mixed", callbacks=callbacks)
    assert dict(losses) == pytest.approx(due, rel=0.01)


def test_accumulated_is_joint_when_one_optimizer_has_everything():
    joint, accumulated = (trained(order, "shared", STEPS).autoencoder for order in ("joint", "accumulate"))
    np.testing.assert_allclose(vector(joint), vector(accumulated), atol=1e-6)


def test_one_side_alone_leaves_the_other_decoder_as_it_was():
    start = Autoencoder(tiny(), SEED)
    for order, untouched in (("only_a", "B"), ("only_b", "A")):
        for state in STATES:
            model = trained(order, state, 2).autoencoder
            for side in ("A", "B"):
                same = torch.equal(out_of(model, side).weight, out_of(start, side).weight)
                assert same == (side == untouched)


class Losses:
    """Builds a Lightning callback that collects (side, loss) in the order in which the sides were updated."""

    def __new__(cls, into):
        import pytorch_lightning as pl

        class Collect(pl.Callback):
            def on_train_batch_end(self, trainer, module, *rest):
                into.extend((portion.side, loss.item()) for portion, loss in module.step.seen.items())

        return Collect()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("order", ["a_then_b", "accumulate", "worse_first"])
def test_a_frozen_encoder_stays_and_decoders_learn_on_it(order, state):
    model = Autoencoder(tiny(), SEED)
    model.parts["encoder"].requires_grad_(False)
    start = {name: p.clone() for name, p in model.named_parameters()}
    trained(order, state, 2, model=model)
    for name, p in model.named_parameters():
        assert torch.equal(p, start[name]) == name.startswith("parts.encoder")


def test_b_alone_leaves_the_encoder_to_a():
    """With blocks of two steps: in the third only decoder_B moves, and before it has not moved at all."""
    two, three = (trained("a_then_b_alone", "keras_2018", steps).autoencoder for steps in (2, 3))
    start = Autoencoder(tiny(), SEED).state_dict()
    moved = {name for name, p in two.state_dict().items() if not torch.equal(p, three.state_dict()[name])}
    assert moved == {name for name in start if name.startswith("parts.decoder_B")}
    assert all(torch.equal(two.state_dict()[name], start[name]) for name in moved)
