"""The update orders as one would write them down: plain autograd, one loop per order, each side's samples in order."""

from copy import deepcopy

import numpy as np
import torch

from faceswap_lab.randomness import stream
from tests.models.tiny import encoder_of
from tests.training.tiny import ADAM, BATCH, BLOCK, SEED, samplers


class SlowUpdates:
    """Trains a copy of ``model``; ``history`` holds (side, loss before that side's update)."""

    def __init__(self, model, state, weights=(1.0, 1.0)):
        self.model = deepcopy(model)
        self.parameters = list(self.model.parameters())
        self.of_side = {side: list(self.model.parameters_of(side)) for side in "AB"}
        self.samplers, self.next = samplers(), {"A": 0, "B": 0}
        self.weights = dict(zip("AB", weights))
        self.history = []
        self.state = {"keras_2018": _Keras, "per_autoencoder": _PerAutoencoder, "shared": _Shared}[state](self)

    def draw(self, side, count=BATCH):
        """Return the side's next samples: no sample is skipped, none is seen twice."""
        first, self.next[side] = self.next[side], self.next[side] + count
        batch = self.samplers[side].batch(first, count)
        return [torch.tensor(x).permute(0, 3, 1, 2).float() / 255 for x in (batch.input, batch.target)]

    def loss(self, side, samples):
        return (self.model.reconstruct(side, samples[0]) - samples[1]).abs().mean()

    def gradients(self, loss):
        return torch.autograd.grad(loss, self.parameters, allow_unused=True, retain_graph=True)

    def one(self, side, samples=None, encoder=True):
        loss = self.loss(side, samples or self.draw(side))
        self.history.append((side, loss.item()))
        gradients = self.gradients(loss * self.weights[side])
        frozen = set() if encoder else set(map(id, encoder_of(self.model, side).parameters()))
        self.state.step([side], [None if id(p) in frozen else g for p, g in zip(self.parameters, gradients)])

    def together(self, count=BATCH):
        losses = {side: self.loss(side, self.draw(side, count)) for side in "AB"}
        self.history += [(side, loss.item()) for side, loss in losses.items()]
        self.state.step(["A", "B"], self.gradients(sum(self.weights[s] * losses[s] for s in "AB")))

    def step(self, order, number):
        if order == "a_then_b":
            self.one("A"), self.one("B")
        elif order == "b_then_a":
            self.one("B"), self.one("A")
        elif order == "only_a":
            self.one("A")
        elif order == "only_b":
            self.one("B")
        elif order == "alternate":
            side = "A" if number % (2 * BLOCK) < BLOCK else "B"
            self.one(side), self.one(side)
        elif order == "a_then_b_alone":
            for _ in range(2):
                self.one("A") if number % (2 * BLOCK) < BLOCK else self.one("B", encoder=False)
        elif order == "random":
            a_first = stream(SEED, "update_order", number).random() < 0.5
            self.step("a_then_b" if a_first else "b_then_a", number)
        elif order == "worse_first":
            samples = {side: self.draw(side) for side in "AB"}
            worse = max("AB", key=lambda side: self.loss(side, samples[side]).item())
            for side in (worse, {"A": "B", "B": "A"}[worse]):
                self.one(side, samples[side])
        elif order == "joint":
            self.together()
        elif order == "joint_half":
            self.together(BATCH // 2), self.together(BATCH // 2)
        elif order == "accumulate":
            losses = {side: self.loss(side, self.draw(side)) for side in "AB"}
            self.history += [(side, loss.item()) for side, loss in losses.items()]
            one, other = (self.gradients(self.weights[side] * losses[side]) for side in "AB")
            self.state.step(["A", "B"], [_sum(g, h) for g, h in zip(one, other)])


def _sum(g, h):
    return h if g is None else g if h is None else g + h


def _plain_adam(parameters):
    return torch.optim.Adam(
        parameters, lr=ADAM.lr, betas=(ADAM.beta1, ADAM.beta2), eps=ADAM.eps, foreach=False, fused=False
    )


class _Shared:
    def __init__(self, slow):
        self.slow, self.adam = slow, _plain_adam(slow.parameters)

    def step(self, sides, gradients):
        for p, g in zip(self.slow.parameters, gradients):
            p.grad = g
        self.adam.step()


class _PerAutoencoder:
    def __init__(self, slow):
        self.slow, self.adam = slow, {side: _plain_adam(slow.of_side[side]) for side in "AB"}

    def step(self, sides, gradients):
        for side in sides:
            for p, g in zip(self.slow.parameters, gradients):
                p.grad = g
            self.adam[side].step()


class _Keras:
    def __init__(self, slow):
        self.slow = slow
        at = {id(p): i for i, p in enumerate(slow.parameters)}
        self.which = {side: [at[id(p)] for p in slow.of_side[side]] for side in "AB"}
        self.adam = KerasAdam(ADAM, {side: [p.shape for p in slow.of_side[side]] for side in "AB"})

    def step(self, sides, gradients):
        for side in sides:
            weights = [self.slow.parameters[i].detach().numpy().astype(np.float64) for i in self.which[side]]
            grads = [
                np.zeros(w.shape) if gradients[i] is None else gradients[i].numpy()
                for i, w in zip(self.which[side], weights)
            ]
            for i, w in zip(self.which[side], self.adam.update(side, weights, grads)):
                self.slow.parameters[i].data = torch.tensor(w, dtype=torch.float32)


class KerasAdam:
    """keras 2.1.2, optimizers.py, class Adam, compiled into one model per side: float64, element by element.

    ``iterations`` belongs to the object; ``get_updates`` makes ms and vs anew for every model it is compiled into.
    """

    def __init__(self, settings, shapes):
        self.s, self.iterations = settings, 0
        self.ms = {side: [np.zeros(shape) for shape in of_side] for side, of_side in shapes.items()}
        self.vs = {side: [np.zeros(shape) for shape in of_side] for side, of_side in shapes.items()}

    def update(self, side, weights, gradients):
        s, t = self.s, self.iterations + 1
        self.iterations += 1
        lr_t = s.lr * np.sqrt(1 - s.beta2**t) / (1 - s.beta1**t)
        updated = []
        for i, (p, g) in enumerate(zip(weights, gradients)):
            self.ms[side][i] = s.beta1 * self.ms[side][i] + (1 - s.beta1) * g
            self.vs[side][i] = s.beta2 * self.vs[side][i] + (1 - s.beta2) * np.square(g)
            updated.append(p - lr_t * self.ms[side][i] / (np.sqrt(self.vs[side][i]) + s.eps))
        return updated
