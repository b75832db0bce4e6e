"""Shrinking to a budget: the factor of all widths at which a model costs nearest to what the baseline costs."""

import math
from collections.abc import Callable
from functools import cache

import torch

from faceswap_lab.config import Config, Conflict
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder, parameter_counts
from faceswap_lab.orders import Plan
from faceswap_lab.topology import ORIGINAL, Sizes, expand
from faceswap_lab.training.build import architecture_of, plan_of
from faceswap_lab.training.description import flops_per_step

LARGEST_MISS = 0.05
"""What is further from the baseline's budget than this share of it is no match."""

_STEPS = 1000  # of the factor, in 1
_MOST = 4 * _STEPS


def parameters(architecture: Architecture, plan: Plan) -> float:
    """Return the number of weights; none is allocated."""
    with torch.device("meta"):
        return parameter_counts(Autoencoder(architecture))["total"]


def gigaflops(architecture: Architecture, plan: Plan) -> float:
    """Return the floating-point operations of a training step, in 1e9."""
    return flops_per_step(architecture, plan) / 1e9


Cost = Callable[[Architecture, Plan], float]

BUDGETS: dict[str, tuple[Cost, str, str]] = {
    "matched_parameters": (parameters, ",.0f", "weights"),
    "matched_flops": (gigaflops, ",.3f", "GFLOP a step"),
}
"""By the option's name: what is matched, how it is written, and its unit."""

_COSTS: dict[tuple[str, str, Plan], float] = {}  # every candidate of a tuning asks for the same models again


def matched(config: Config, baseline: Sizes, by: Callable[[float], Config]) -> tuple[float, str]:
    """Return the factor at which a model costs nearest to the baseline, and what both cost, in words.

    The baseline is 2018's network, A then B, for as many sides and with the same batch.

    Args:
        config: asks for one of ``BUDGETS``.
        baseline: its sizes.
        by: makes the configuration whose widths are multiplied by a factor.

    Raises:
        Conflict: the nearest is further than ``LARGEST_MISS``.
    """
    name, sides = config.shrink.name, plan_of(config).sides
    _, digits, unit = BUDGETS[name]

    @cache
    def cost(steps: int) -> float:
        small = by(steps / _STEPS)
        return _cost(name, architecture_of(small), plan_of(small))

    original = Architecture(baseline.resolution, expand(ORIGINAL, sides, baseline))
    target = _cost(name, original, Plan("a_then_b", sides, config.training.batch_size))
    below = last_below(cost, target)
    best = min((max(below, 1), min(below + 1, _MOST)), key=lambda steps: abs(cost(steps) - target))
    factor, miss = best / _STEPS, cost(best) / target - 1
    costs = f"{cost(best):{digits}} {unit} against the baseline's {target:{digits}} ({miss:+.1%})"
    if abs(miss) > LARGEST_MISS:
        raise Conflict(
            f"shrink={name}: the nearest is widths × {factor:g}, {costs}, and a match is within {LARGEST_MISS:.0%}. "
            "Use a larger scale, or shrink=by_factor shrink.factor=0.5."
        )
    return factor, costs


def _cost(budget: str, architecture: Architecture, plan: Plan) -> float:
    key = budget, repr(architecture), plan
    if key not in _COSTS:
        _COSTS[key] = BUDGETS[budget][0](architecture, plan)
    return _COSTS[key]


def last_below(cost: Callable[[int], float], target: float) -> int:
    """Return the last number of steps, 0 to ``_MOST``, whose cost is not above the target.

    A wider model never costs less. Weights and FLOPs grow about as the square of the widths, so each guess is made from
    the last one by that.
    """
    low, high, guess = 0, _MOST + 1, _STEPS
    while high - low > 1:
        found = cost(guess)
        low, high = (guess, high) if found <= target else (low, guess)
        guess = min(max(round(guess * math.sqrt(target / found)), low + 1), high - 1)
    return low
