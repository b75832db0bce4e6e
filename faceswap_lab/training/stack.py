"""The weights and optimizer states of several trainings of one configuration, one per seed, as one batch of models.

Every optimizer of ours works element by element, so one update of stacked weights is the update of each of them. The
models stay what they are: their weights become views of the stacked ones, so whatever judges, shows or saves a model
sees it as it is between any two steps.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from faceswap_lab.data.faces import SIDES
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.optimizers import STATES


class Stack:
    """k modules as one; they are changed to share their memory with it.

    Args:
        modules: alike in everything but their weights, on one device, with optimizers, after equally many steps.

    Attributes:
        bare: the autoencoder without memory, for ``torch.func.functional_call``.
        weights: its parameters by name, each of shape (k, …); those that are not trained need no gradient.
        buffers: its buffers by name, likewise.
        states: the optimizers of the stacked weights, going on from those of the modules.
    """

    def __init__(self, modules: Sequence[FaceswapModule]) -> None:
        self.modules = modules
        first = modules[0]
        self.bare = deepcopy(first.autoencoder).to("meta")
        each = [dict(module.autoencoder.named_parameters()) for module in modules]
        self.weights = {
            name: _stacked([named[name].detach() for named in each]).requires_grad_(p.requires_grad)
            for name, p in each[0].items()
        }
        buffers = [dict(module.autoencoder.named_buffers()) for module in modules]
        self.buffers = {name: torch.stack([named[name] for named in buffers]) for name in buffers[0]}
        for i, named in enumerate(each):
            for name, p in named.items():
                p.data = self.weights[name].detach()[i]
        of = {p: self.weights[name] for name, p in each[0].items()}
        trained = {side: [of[p] for p in first.autoencoder.parameters_of(side) if p.requires_grad] for side in SIDES}
        self.states = STATES[first.optimizer_state](trained, first.optimizer_settings)
        for stacked, *single in zip(self.states.optimizers, *(m.states.optimizers for m in modules), strict=True):
            _gather(stacked, single)
            for optimizer in single:
                optimizer.state.clear()  # until ``hand_out``: it may be views, which would keep an earlier stack alive
        self.states.loaded()

    def hand_out(self) -> None:
        """Give every module's optimizers their part of the present state, as views: for a checkpoint, or to part."""
        for i, module in enumerate(self.modules):
            for stacked, single in zip(self.states.optimizers, module.states.optimizers, strict=True):
                for ours, group in zip(stacked.param_groups, single.param_groups, strict=True):
                    group |= {name: value for name, value in ours.items() if name != "params"}
                for whole, p in zip(_parameters(stacked), _parameters(single), strict=True):
                    state = stacked.state.get(whole, {})
                    single.state[p] = {name: _part(name, value, i) for name, value in state.items()}
            module.states.loaded()


def _gather(stacked: Optimizer, single: Sequence[Optimizer]) -> None:
    """Let ``stacked`` go on from the states of the k optimizers; a parameter without one (no update yet) stays so."""
    for whole, *parts in zip(_parameters(stacked), *map(_parameters, single), strict=True):
        states = [optimizer.state.get(p, {}) for optimizer, p in zip(single, parts, strict=True)]
        if states[0]:
            stacked.state[whole] = {name: _joined(name, [s[name] for s in states]) for name in states[0]}


def _parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _joined(name: str, values: list[Any]) -> Any:
    if values[0] is None:
        return None
    return values[0].clone() if name == "step" else _stacked(values)  # all have made equally many


def _part(name: str, value: Any, i: int) -> Any:
    if value is None:
        return None
    return value.clone() if name == "step" else value[i]


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    """Return (k, …), each part channels last in memory where it has channels: the faster way on a CPU."""
    if tensors[0].dim() != 4:
        return torch.stack(list(tensors))
    return torch.stack([x.permute(0, 2, 3, 1) for x in tensors]).permute(0, 1, 4, 2, 3)
