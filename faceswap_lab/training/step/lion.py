"""Lion, which torch does not have."""

from typing import Any

import torch
from torch.optim import Optimizer


class Lion(Optimizer):
    """The sign of a mean of gradients as the step (Chen et al. 2023, arXiv 2302.06675, program 1).

    The step is lr · (sign(β₁ m + (1 - β₁) g) + λ w), and then m = β₂ m + (1 - β₂) g.

    Args:
        parameters: as for every torch optimizer.
        lr: learning rate, > 0; the paper takes a third to a tenth of Adam's.
        betas: share of the mean in the step, and decay of the mean, in [0, 1).
        weight_decay: λ, >= 0.
    """

    def __init__(self, parameters: Any, lr: float, betas: tuple[float, float], weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no closure is used here
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                if "mean" not in self.state[p]:
                    self.state[p]["mean"] = torch.zeros_like(p)
                mean = self.state[p]["mean"]
                step = mean.lerp(p.grad, 1 - beta1).sign_()
                p.sub_(step.add_(p, alpha=group["weight_decay"]), alpha=group["lr"])
                mean.lerp_(p.grad, 1 - beta2)
