"""AdaBelief, which torch does not have."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class AdaBelief(Optimizer):
    """Adam with the variance of gradients about their mean in the place of their square (arXiv 2010.07468).

    Zhuang et al. 2020: m = β₁ m + (1 - β₁) g, s = β₂ s + (1 - β₂)(g - m)² + ε, and the step is lr · m̂ / (√ŝ + ε), both
    moments corrected for their start at zero. DeepFaceLab corrects neither and has ε beside the root alone, so its
    first steps are up to (1 - β₁) / (β₁ √(1 - β₂)) = 3.5 times as long, at β = 0.9, 0.999.

    Args:
        parameters: as for every torch optimizer.
        lr: learning rate, > 0.
        betas: decays of the mean and of the variance, in [0, 1).
        eps: > 0.
        bias_correction: as in the paper; False: as in DeepFaceLab.
    """

    def __init__(
        self, parameters: Any, lr: float, betas: tuple[float, float], eps: float, bias_correction: bool
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "bias_correction": bias_correction})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no closure is used here
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group)

    def _update(self, p: Tensor, group: dict[str, Any]) -> None:
        (beta1, beta2), eps, state = group["betas"], group["eps"], self.state[p]
        if not state:
            state.update(step=torch.zeros(()), mean=torch.zeros_like(p), variance=torch.zeros_like(p))
        state["step"] += 1
        assert p.grad is not None
        mean = state["mean"].lerp_(p.grad, 1 - beta1)
        away = p.grad - mean
        variance = state["variance"].mul_(beta2).addcmul_(away, away, value=1 - beta2)
        if not group["bias_correction"]:
            p.addcdiv_(mean, variance.sqrt().add_(eps), value=-group["lr"])
            return
        t = float(state["step"])
        root = variance.add_(eps).sqrt().div_(math.sqrt(1 - beta2**t)).add_(eps)
        p.addcdiv_(mean, root, value=-group["lr"] / (1 - beta1**t))
