"""Training against discriminators, beside a slow loop that writes it down; and what leaves no trace of them."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.orders import ORDERS
from faceswap_lab.schedules import Schedule
from faceswap_lab.training.saved.weights import load_weights, save_weights
from faceswap_lab.training.step.optimizers import Settings
from tests.models.tiny import tiny
from tests.training.slow_updates import SlowUpdates
from tests.training.tiny import ADAM, FOOLING, SEED, adversaries, trained

STEPS = 2  # the second sees what discriminators learnt in the first; after more, rounding at kinks has grown
WEIGHTS = FOOLING.factors
COSTS = {
    "lsgan": lambda verdicts, label: ((verdicts - label) ** 2).mean(),
    "bce": lambda verdicts, label: softplus(-verdicts if label else verdicts).mean(),
}
CASES = [
    ("a_then_b", "keras_2018", ("lsgan", "bce"), "AB", (False, False)),
    ("b_then_a", "keras_2018", ("lsgan", "bce"), "AB", (True, False)),
    ("joint", "shared", ("bce", "lsgan"), "AB", (False, False)),
    ("joint", "shared", ("bce", "lsgan"), "B", (True, True)),
    ("joint_half", "shared", ("lsgan", "bce"), "B", (False, True)),
    ("worse_first", "per_autoencoder", ("bce", "lsgan"), "A", (False, False)),
    ("accumulate", "shared", (None, "bce"), "B", (False, False)),
    ("alternate", "shared", ("lsgan", None), "AB", (True, False)),
]

BLOCKS = [name for name, choice in ORDERS.items() if choice.blocks]  # they begin with A alone


class Slow(SlowUpdates):
    """Plain autograd for the autoencoder, then one step of torch's Adam for each kind of discriminator."""

    def __init__(self, model, state, forms, sides, lr_factor, first):
        super().__init__(model, state)
        self.first = first
        made = copy.deepcopy(adversaries(model, forms, sides)).requires_grad_(True)
        nets = {member.name: member for member in made.members}
        self.faces = dict(nets["faces"].nets) if forms[0] else {}
        self.codes = nets["codes"].net if forms[1] else None
        self.forms, self.sides = forms, sides
        rates = {"lr": ADAM.lr * lr_factor, "betas": (ADAM.beta1, ADAM.beta2), "eps": ADAM.eps}
        self.adams = {name: torch.optim.Adam(member.parameters(), **rates) for name, member in nets.items()}
        self.told = made

    def loss(self, side, samples):
        x, target = samples
        drawn, code = self.model.reconstruct(side, x), self.model.code(x, side)
        self.shown.setdefault(side, {})[id(x)] = (
            target,
            drawn.detach(),
            code.detach(),
            x,
        )  # kept, or the id would be used again
        loss = (drawn - target).abs().mean()
        if side in self.sides and self.faces:
            loss = loss + WEIGHTS["faces"] * COSTS[self.forms[0]](self.faces[side](drawn), 1)
        if side in self.sides and self.codes is not None:
            loss = loss + WEIGHTS["codes"] * COSTS[self.forms[1]](self.codes(code), 0 if side == "A" else 1)
        return loss

    def step(self, order, number):
        self.shown = {}
        if any(self.first):
            self.teach(self.drawn_before(order, number), self.first)
        super().step(order, number)
        self.teach(self.shown, [not first for first in self.first])

    def drawn_before(self, order, number):
        """Return the step's samples, as the model draws them before it."""
        dry = copy.deepcopy(self)
        SlowUpdates.step(dry, order, number)
        shown = {}
        for side, by_samples in dry.shown.items():
            shown[side] = {
                key: (target, self.model.reconstruct(side, x).detach(), self.model.code(x, side).detach(), x)
                for key, (target, _, _, x) in by_samples.items()
            }
        return shown

    def teach(self, shown, which):
        self.told.zero_grad()
        for side, by_samples in shown.items():
            target, drawn, code, _ = (torch.cat(parts) for parts in zip(*by_samples.values()))
            if side in self.faces and which[0]:
                cost, net = COSTS[self.forms[0]], self.faces[side]
                (0.5 * cost(net(target), 1) + 0.5 * cost(net(drawn), 0)).backward()
            if self.codes is not None and which[1]:
                COSTS[self.forms[1]](self.codes(code), 1 if side == "A" else 0).backward()
        for name, adam in self.adams.items():
            if which[("faces", "codes").index(name)]:
                adam.step()


def vector(module):
    return torch.cat([p.detach().ravel() for p in module.parameters()]).numpy()


@pytest.mark.parametrize(("order", "state", "forms", "sides", "first"), CASES)
def test_training_against_discriminators_is_its_slow_loop(order, state, forms, sides, first):
    slow = Slow(Autoencoder(tiny(), SEED), state, forms, sides, 0.1, first)
    for number in range(STEPS):
        slow.step(order, number)
    module = trained(order, state, STEPS, against=partial(adversaries, forms=forms, sides=sides, first=first))
    np.testing.assert_allclose(vector(module.autoencoder), vector(slow.model), atol=2e-6)
    np.testing.assert_allclose(vector(module.discriminators), vector(slow.told), atol=2e-6)
    without = trained(order, state, STEPS)
    assert np.abs(vector(module.autoencoder) - vector(without.autoencoder)).max() > 1e-3


@pytest.mark.parametrize("order", ORDERS)
def test_each_loss_is_logged_by_side_and_discriminators_learn_once_in_a_step(order):
    module = trained(order, "shared", STEPS, against=adversaries)
    assert all(int(s["step"]) == STEPS for s in module.discriminators.states.by_side["codes"].state.values())
    row, sides = module.last_losses, {"only_b": "B"}.get(order, "A" if order in ("only_a", *BLOCKS) else "AB")
    names = ("", "/mae", "/faces", "/codes", "/faces/discriminator", "/codes/discriminator")
    assert set(row) == {f"loss_{side}{name}" for side in sides for name in names}
    for side in sides:
        terms = {name: row[f"loss_{side}/{name}"] for name in WEIGHTS}
        assert row[f"loss_{side}"] == pytest.approx(sum(WEIGHTS[name] * terms[name] for name in terms), rel=1e-5)


def test_a_step_may_be_of_a_side_that_no_discriminator_knows():
    module = trained("alternate", "shared", STEPS + 1, against=partial(adversaries, forms=("lsgan", None), sides="B"))
    assert {name for name in module.last_losses if "faces" in name} == {"loss_B/faces", "loss_B/faces/discriminator"}


def test_their_gradient_is_clipped_too():
    """Plain descent goes as far as the gradient is long."""
    descent, clip = Settings("sgd", lr=0.1, beta1=0.0, beta2=0.0, eps=0.0), 1e-3
    start = vector(adversaries(Autoencoder(tiny(), SEED)))
    against = partial(adversaries, lr_factor=1)
    ends = [
        trained("joint", "shared", 1, against=against, optimizer=descent, gradient_clip=bound).discriminators
        for bound in (None, clip)
    ]
    whole, clipped = (np.linalg.norm(vector(end) - start) for end in ends)
    assert whole > 2 * descent.lr * clip
    assert clipped == pytest.approx(descent.lr * clip, rel=0.01)


def test_their_learning_rate_follows_the_schedule_by_its_factor():
    schedule = Schedule("cosine", 0.1, STEPS)
    module = trained("joint", "shared", STEPS, against=partial(adversaries, lr_factor=3), schedule=schedule)
    rates = [group["lr"] for optimizer in module.all_optimizers for group in optimizer.param_groups]
    assert rates == pytest.approx([schedule(STEPS - 1) * factor for factor in (1, 3, 3)])


def test_neither_averaged_nor_saved_weights_hold_them(tmp_path):
    module = trained("joint", "shared", STEPS, against=adversaries, ema=0.5)
    assert not any("nets" in name for name in module.averaged.state_dict())
    save_weights(tmp_path / "weights.safetensors", module.autoencoder)
    assert load_weights(tmp_path / "weights.safetensors").state_dict().keys() == module.autoencoder.state_dict().keys()
