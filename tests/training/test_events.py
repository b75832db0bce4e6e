"""What events do to a training, against slow loops in which a person does it by hand between two steps."""

import re
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.events import Event, Events
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.initialisation import initialise
from faceswap_lab.randomness import seed_of
from faceswap_lab.schedules import Schedule
from faceswap_lab.training.step.objective import Objective
from faceswap_lab.training.step.optimizers import OPTIMIZERS, STATES, Shared
from faceswap_lab.training.step.weights import Weights as Replaced
from tests.data.recipes import WARP_ALIGNED
from tests.models.tiny import tiny
from tests.training.slow_updates import SlowUpdates
from tests.training.test_pace import Weights
from tests.training.tiny import ADAM, SEED, samplers, term, trained

STEPS, AT = 4, 2
CONSTANT = Schedule("constant", ADAM.lr, STEPS)
LOSS = {"mae": term("mae"), "mse": term("mse", weight=0.5)}
PAIRS = [("worse_first", "per_autoencoder"), ("joint", "shared")]


def event(kind, step=AT, name=None, **settings):
    return Event(step, name or kind, kind, settings)


class SlowEvents(SlowUpdates):
    """The slow updates of a loss of two terms, with what events change laid open."""

    def __init__(self, state):
        super().__init__(Autoencoder(tiny(), SEED), state)
        self.mse, self.frozen = 0.5, set()

    def loss(self, side, samples):
        error = self.model.reconstruct(side, samples[0]) - samples[1]
        return error.abs().mean() + self.mse * error.square().mean()

    def gradients(self, loss):
        return [
            None if id(p) in self.frozen else g for p, g in zip(self.parameters, super().gradients(loss), strict=True)
        ]

    @property
    def adams(self):
        adam = self.state.adam
        return adam.values() if isinstance(adam, dict) else [adam]

    def forget(self, *parts):
        for adam in self.adams:
            for part in parts:
                for p in self.model.parts[part].parameters():
                    adam.state.pop(p, None)


def warp_off(slow):
    recipe = replace(WARP_ALIGNED, jitter=0.0)
    slow.samplers = {side: SideSampler(s.faces, recipe, 32, SEED, side) for side, s in samplers().items()}


def slower(slow):
    for adam in slow.adams:
        adam.param_groups[0]["lr"] = 0.3 * ADAM.lr


def freeze_encoder(slow):
    slow.frozen = set(map(id, slow.model.parts["encoder"].parameters()))


def more_mse(slow):
    slow.mse = 3.0


@torch.no_grad()
def reset_decoder_a(slow):
    fresh = Autoencoder(tiny(), SEED).parts["decoder_A"]
    initialise(fresh, "glorot", seed_of(SEED, "reset", "reset", "decoder_A"))
    for p, q in zip(slow.model.parts["decoder_A"].parameters(), fresh.parameters(), strict=True):
        p.copy_(q)
    slow.forget("decoder_A")


@torch.no_grad()
def exchange_decoders(slow):
    pairs = zip(*(slow.model.parts[f"decoder_{side}"].parameters() for side in "AB"), strict=True)
    for p, q in pairs:
        kept = p.clone()
        p.copy_(q)
        q.copy_(kept)
    slow.forget("decoder_A", "decoder_B")


BY_HAND = {
    warp_off: event("warp", strength=0.0),
    slower: event("learning_rate", factor=0.3),
    freeze_encoder: event("freeze", parts=("encoder",)),
    more_mse: event("loss_weight", term="mse", weight=3.0),
    reset_decoder_a: event("reset", parts=("decoder_A",)),
    exchange_decoders: event("exchange", parts=("decoder_A", "decoder_B")),
}


def vector(model):
    return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()


def with_events(*events, order="a_then_b", state="shared", steps=STEPS, **options):
    options = {"objective": Objective(LOSS), "schedule": CONSTANT} | options
    return trained(order, state, steps, events=Events(events), **options)


@pytest.mark.parametrize(("order", "state"), PAIRS)
@pytest.mark.parametrize("by_hand", BY_HAND, ids=lambda by_hand: by_hand.__name__)
def test_an_event_is_what_a_person_would_do_between_two_steps(by_hand, order, state):
    slow, ends = SlowEvents(state), []
    for number in range(STEPS):
        if number == AT:
            by_hand(slow)
        slow.step(order, number)
        ends.append(vector(slow.model))
    kept = Weights()
    with_events(BY_HAND[by_hand], order=order, state=state, callbacks=[kept])
    for seen, due in zip(kept.seen[1:], ends, strict=True):
        np.testing.assert_allclose(torch.cat([p.ravel() for p in seen]).numpy(), due, atol=2e-6)
    before, end = (np.concatenate([p.ravel().numpy() for p in kept.seen[step]]) for step in (AT, STEPS))
    before_without, end_without = without_events(order, state)
    assert np.array_equal(before, before_without)
    assert np.abs(end - end_without).max() > 1e-3


@cache
def without_events(order, state):
    kept = Weights()
    trained(order, state, STEPS, callbacks=[kept], objective=Objective(LOSS))
    return [np.concatenate([p.ravel().numpy() for p in kept.seen[step]]) for step in (AT, STEPS)]


def test_a_warp_for_every_third_step_leaves_the_others_as_they_were():
    """Quick96 sees every third step without a warp (DeepFaceLab, models/Model_Quick96, onTrainOneIter)."""
    events = Events((event("warp", 1, "unwarped", strength=0.0, every=3), event("warp", 8, strength=0.5)))
    assert [events.at(step).warp for step in range(10)] == [1, 1, 1, 0, 1, 1, 0, 1, 0.5, 0.5]


def test_the_latest_of_a_kind_counts_and_those_of_one_step_come_by_name():
    events = Events(
        (
            event("warp", 5, strength=0.0),
            event("warp", 2, "wider", strength=2.0),
            event("freeze", 2, "b", parts=("decoder_B",)),
            event("freeze", 3, "a", parts=("decoder_A",)),
            event("loss_weight", 3, term="mse", weight=2.0),
            event("learning_rate", 2, "slow", factor=0.3),
            event("learning_rate", 4, "slower", factor=0.1),
        )
    )
    now = [events.at(step) for step in range(7)]
    assert [n.warp for n in now] == [1, 1, 2, 2, 2, 0, 0]
    assert [n.rate for n in now] == [1, 1, 0.3, 0.3, 0.1, 0.1, 0.1]  # of the schedule's, not of the last
    assert [sorted(n.frozen) for n in now[1:4]] == [[], ["decoder_B"], ["decoder_A", "decoder_B"]]
    assert [n.weights for n in now[2:4]] == [{}, {"mse": 2.0}]
    assert [[e.name for e in events.due(step)] for step in range(6)] == [
        [], [], ["b", "slow", "wider"], ["a", "loss_weight"], ["slower"], ["warp"]
    ]  # fmt: skip
    assert str(events.due(2)[2]) == "step 2: wider (warp, strength 2)"


def test_what_starts_again_takes_first_steps_no_longer_than_a_fresh_optimizers():
    """With Keras' shared clock too: a corrected moment that began long ago would take steps fifteen times as long."""
    kept = Weights()
    reset = event("reset", 9, parts=("decoder_A",))
    with_events(reset, state="keras_2018", steps=10, callbacks=[kept], optimizer=replace(ADAM, eps=1e-7))
    model = Autoencoder(tiny(), SEED)
    after = dict(zip((name for name, _ in model.named_parameters()), kept.seen[-1], strict=True))
    fresh = model.started("decoder_A", "reset", "reset").named_parameters()
    moved = [(after[f"parts.decoder_A.{name}"] - p).abs().max() for name, p in fresh]
    assert 0.5 * ADAM.lr < max(moved) < 1.01 * ADAM.lr


@pytest.mark.parametrize(("state", "due"), [("keras_2018", (5, 5)), ("keras_own_clocks", (3, 2))])
def test_clocks_of_keras_go_on_when_a_part_starts_again(state, due):
    model = Autoencoder(tiny(), SEED)
    states = STATES[state]({side: list(model.parameters_of(side)) for side in "AB"}, ADAM)
    for number, side in enumerate("ABAAB"):
        step(model, states, number, [side])
    Replaced([model], states).reset("encoder", "reset")
    assert states.clocks == dict(zip("AB", due))


def test_parts_that_start_equal_start_equal_again_and_elsewhere():
    model = Autoencoder(tiny(encoders=2, encoder_start="equal"), SEED)
    again = [model.started(f"encoder_{side}", "reset", "x") for side in "AB"]
    first = [p.detach() for p in model.parts["encoder_A"].parameters() if p.dim() > 1]
    for p, q, before in zip(*([p for p in part.parameters() if p.dim() > 1] for part in again), first, strict=True):
        assert torch.equal(p, q)
        assert not torch.equal(p, before)


def test_averages_are_exchanged_and_reset_with_the_weights():
    """An average that decays at once is the weights, and one that hardly does keeps what was there, exchanged."""
    decoders = ("decoder_A", "decoder_B")
    events = [event("exchange", 2, parts=decoders), event("reset", 2, parts=("encoder",))]
    before, after = (with_events(*events, steps=steps, ema=0.999999).average for steps in (2, 3))
    for one, other in (decoders, decoders[::-1]):
        for p, q in zip(before.parts[one].parameters(), after.parts[other].parameters(), strict=True):
            torch.testing.assert_close(p, q, atol=1e-5, rtol=0)
    for p, q in zip(
        Autoencoder(tiny(), SEED).started("encoder", "reset", "reset").parameters(),
        after.parts["encoder"].parameters(),
        strict=True,
    ):
        torch.testing.assert_close(p, q, atol=1e-5, rtol=0)


def test_on_a_device_that_keeps_what_is_not_finite_from_the_optimizers():
    now, later = (with_events(*BY_HAND.values(), look_later=look) for look in (False, True))
    np.testing.assert_allclose(vector(now.autoencoder), vector(later.autoencoder), atol=1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_whatever_the_optimizer_replaced_weights_begin_as_with_a_fresh_one(optimizer):
    model, numbers = Autoencoder(tiny(), SEED), replace(ADAM, name=optimizer, lr=1e-2)
    states = shared(model, numbers)
    for number in range(3):
        step(model, states, number)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    Replaced([model], states).exchange("decoder_A", "decoder_B")
    for name, p in model.named_parameters():
        assert torch.equal(p, before[re.sub("(?<=decoder_)[AB]", lambda side: "BA"["AB".index(side[0])], name)])
    fresh = deepcopy(model)
    step(model, states, 3)
    step(fresh, shared(fresh, numbers), 3)
    pairs = zip(before, model.parameters(), fresh.parameters(), strict=True)
    same = {name for name, p, q in pairs if torch.equal(p, q)}
    assert {name for name in before if "decoder" in name} <= same
    assert len(same) < len(before), "the encoder goes on with its moments"


def shared(model, numbers):
    return Shared({side: list(model.parameters_of(side)) for side in "AB"}, numbers)


def step(model, states, number, sides=("A", "B")):
    draws = torch.Generator().manual_seed(number)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=draws)
    states.step(sides)
