"""A run's training loop written out, without Lightning and without our framework: sampler, model, loss, two Adams.

What it shares with a run is what is not under test: the sampler and the network. It logs as a run does: a row of mean
losses every so many steps.
"""

import csv
import math

import numpy as np
import torch

from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.models.autoencoder import Autoencoder


class BareLoop:
    """A then B with the state of 2018's one Adam: moments per side, one clock; epsilon where Keras has it.

    Args:
        model: what is trained.
        samplers: by side.
        batch: samples per side and step.
        lr, beta1, beta2, eps: of Adam.
        log_every: steps per row.
        file: the open CSV file.
    """

    def __init__(
        self,
        model: Autoencoder,
        samplers: dict[str, SideSampler],
        batch: int,
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        log_every: int,
        file,
    ):
        self.model, self.samplers, self.batch = model, samplers, batch
        self.beta2, self.eps, self.log_every = beta2, eps, log_every
        self.adams = {
            side: torch.optim.Adam(list(model.parameters_of(side)), lr=lr, betas=(beta1, beta2), fused=True)
            for side in "AB"
        }
        for adam in self.adams.values():  # their clocks are set before their first step
            for p in adam.param_groups[0]["params"]:
                moments = {"exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
                adam.state[p] = {"step": torch.zeros(()), **moments}
        self.clocks = {side: [state["step"] for state in adam.state.values()] for side, adam in self.adams.items()}
        self.steps = self.updates = 0
        self.losses = {"A": [], "B": []}
        self.rows = csv.writer(file)

    def step(self):
        for side, other in ("AB", "BA"):
            samples = self.samplers[side].batch(self.steps * self.batch, self.batch)
            output = self.model.reconstruct(side, as_float(samples.input))
            loss = (output - as_float(samples.target)).abs().mean()
            loss.backward()
            self.update(side, other)
            self.losses[side].append(loss.detach())
        self.steps += 1
        if self.steps % self.log_every == 0:
            self.log()

    def update(self, side, other):
        self.updates += 1
        adam = self.adams[side]
        adam.param_groups[0]["eps"] = self.eps / math.sqrt(1 - self.beta2**self.updates)
        adam.step()
        torch._foreach_add_(self.clocks[other], 1)
        self.model.zero_grad()

    def log(self):
        self.rows.writerow([self.steps, *(float(torch.stack(losses).mean()) for losses in self.losses.values())])
        self.losses = {"A": [], "B": []}


def as_float(pixels: np.ndarray) -> torch.Tensor:
    """(N, r, r, 3) uint8 -> (N, 3, r, r) float32 in [0, 1], channels last in memory like the model."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
