"""The arithmetic of an update, and whose optimizer state it uses.

The two are separate axes. deepfakes/faceswap 2018 compiled *one* Adam object into *two* Keras models: the shared
encoder had two sets of moments but one step counter, which is neither "two optimizers" nor "one optimizer".
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from faceswap_lab.data.faces import Side
from faceswap_lab.training.step.adabelief import AdaBelief
from faceswap_lab.training.step.fused_adam import FusedAdam
from faceswap_lab.training.step.lion import Lion

Parameters = Iterable[nn.Parameter]


@dataclass(frozen=True)
class Settings:
    """Numbers of an optimizer; see conf/optimizer/ for their meaning."""

    name: str
    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float = 0.0


def adam(parameters: Parameters, s: Settings, skip: Tensor | None = None) -> Optimizer:
    """Adam (Kingma & Ba 2014, arXiv 1412.6980), all parameters in one fused pass."""
    return _skipping(FusedAdam(parameters, lr=s.lr, betas=(s.beta1, s.beta2), eps=s.eps), skip)


def rmsprop(parameters: Parameters, s: Settings) -> Optimizer:
    """RMSprop (Tieleman & Hinton 2012): alpha is beta2, momentum is beta1. torch has no fused one, so none can skip."""
    return torch.optim.RMSprop(parameters, lr=s.lr, alpha=s.beta2, momentum=s.beta1, eps=s.eps)


def sgd(parameters: Parameters, s: Settings, skip: Tensor | None = None) -> Optimizer:
    """Gradient descent with momentum beta1; in one fused pass where an update may have to be skipped."""
    if skip is None:
        return torch.optim.SGD(parameters, lr=s.lr, momentum=s.beta1)
    optimizer = torch.optim.SGD(parameters, lr=s.lr, momentum=s.beta1, fused=True)
    _make_momentum(optimizer)
    return _skipping(optimizer, skip)


def _make_momentum(optimizer: Optimizer) -> None:
    """Give every parameter the momentum it starts with, zero, if it has none yet.

    torch makes it in a parameter's first update, and its fused kernel fails where some have it and others have not:
    as decoder_B in its first update, when one optimizer has moved the encoder for A. It also takes weight and momentum
    as they lie in memory, and one that was loaded may lie as those of its run did.
    """
    for group in optimizer.param_groups:
        for p in group["params"] if group["momentum"] else ():
            loaded = optimizer.state[p].get("momentum_buffer")
            zero = torch.zeros_like(p)
            optimizer.state[p]["momentum_buffer"] = zero if loaded is None else zero.copy_(loaded)


def _skipping(optimizer: Optimizer, skip: Tensor | None) -> Optimizer:
    """Have torch's fused kernels read ``skip``: 1 = leave weights and state as they are. GradScaler's way to say so."""
    if skip is not None:
        optimizer.found_inf, optimizer.grad_scale = skip, None  # type: ignore[attr-defined]  # read if they exist
    return optimizer


def adamw(parameters: Parameters, s: Settings) -> Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv 1711.05101)."""
    return torch.optim.AdamW(parameters, lr=s.lr, betas=(s.beta1, s.beta2), eps=s.eps, weight_decay=s.weight_decay)


def adabelief(parameters: Parameters, s: Settings, bias_correction: bool = True) -> Optimizer:
    """AdaBelief as its paper has it; without bias correction as DeepFaceLab (core/leras/optimizers/AdaBelief.py)."""
    return AdaBelief(parameters, s.lr, (s.beta1, s.beta2), s.eps, bias_correction)


def lion(parameters: Parameters, s: Settings) -> Optimizer:
    """Lion: every weight moves by lr."""
    return Lion(parameters, s.lr, (s.beta1, s.beta2), s.weight_decay)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": adam,
    "rmsprop": rmsprop,
    "sgd": sgd,
    "adamw": adamw,
    "adabelief": adabelief,
    "adabelief_dfl": partial(adabelief, bias_correction=False),
    "lion": lion,
}
CAN_SKIP = ("adam", "sgd")
"""Those that take ``skip``; see ``finite.Watch``."""


class OptimizerStates:
    """An optimizer for each side, over all that its route goes through, each with its own clock (DeepFaceLab 1).

    A shared encoder is in all of them: it has one set of moments for A's gradients and one for B's.

    Args:
        parameters: of each side's autoencoder.
        settings: the arithmetic.
        skip: see ``finite.Watch``; only where the optimizer's name is in ``CAN_SKIP``.
    """

    def __init__(self, parameters: Mapping[Side, Parameters], settings: Settings, skip: Tensor | None = None) -> None:
        options = {} if skip is None else {"skip": skip}
        make = OPTIMIZERS[settings.name]
        self.by_side = {side: make(list(p), settings, **options) for side, p in parameters.items()}
        self.settings = settings

    @property
    def optimizers(self) -> list[Optimizer]:
        """The torch optimizers, in the order of the sides."""
        return list(self.by_side.values())

    def loaded(self) -> None:
        """Undo that a loaded state brings the kernels of the device it was saved on: where training goes on decides."""
        for optimizer in self.optimizers:
            if "fused" in optimizer.defaults:
                for group in optimizer.param_groups:
                    group["fused"] = optimizer.defaults["fused"]
            if isinstance(optimizer, torch.optim.SGD) and optimizer.defaults["fused"]:
                _make_momentum(optimizer)

    def step(self, sides: Sequence[Side]) -> None:
        """Let each side's optimizer use the gradients that lie on its parameters."""
        for side in sides:
            self.by_side[side].step()


class Keras2018(OptimizerStates):
    """One Adam compiled into two Keras models (deepfakes/faceswap 2018, Keras 2.1.2's optimizers.py).

    Moments per autoencoder, one step counter for both: it advances with every update, so by two per training step.
    Keras' update is lr · sqrt(1 - β₂^t) / (1 - β₁^t) · m / (sqrt(v) + ε): epsilon beside the *uncorrected* root. torch
    has it beside the corrected one, so ε / sqrt(1 - β₂^t) gives Keras' result.
    """

    one_clock = True

    def __init__(self, parameters: Mapping[Side, Parameters], settings: Settings, skip: Tensor | None = None) -> None:
        super().__init__(parameters, settings, skip)
        self.clocks = dict.fromkeys(self.by_side, 0)  # updates made so far: by any side, or by this one
        for optimizer in self.optimizers:
            _make_state(optimizer)

    def loaded(self) -> None:
        """Set the clocks from the counters that were loaded: every update has advanced all that it should."""
        super().loaded()
        read = {side: max(int(s["step"].item()) for s in o.state.values()) for side, o in self.by_side.items()}
        self.clocks = dict.fromkeys(read, max(read.values())) if self.one_clock else read

    def step(self, sides: Sequence[Side]) -> None:
        """Update each side in turn, at the shared clock or its own."""
        for side in sides:
            others = self.by_side.keys() - {side} if self.one_clock else set[Side]()
            for moved in {side, *others}:
                self.clocks[moved] += 1
            for group in self.by_side[side].param_groups:
                group["eps"] = self.settings.eps / math.sqrt(1 - self.settings.beta2 ** self.clocks[side])
            self.by_side[side].step()
            for other in others:
                torch._foreach_add_([state["step"] for state in self.by_side[other].state.values()], 1)


class KerasOwnClocks(Keras2018):
    """Keras' epsilon, and a step counter for each side: one change from keras_2018, one from per_autoencoder.

    No program does this; it tells which of the two a difference between those comes from.
    """

    one_clock = False


_ALL = "all sides"


class Shared(OptimizerStates):
    """One optimizer over everything (deepfakes/faceswap since 2020, DeepFaceLab 2).

    The shared encoder's moments see both sides' gradients. Parameters without a gradient are left alone, clock and all.
    """

    def __init__(self, parameters: Mapping[Side, Parameters], settings: Settings, skip: Tensor | None = None) -> None:
        super().__init__({_ALL: dict.fromkeys(p for side in parameters.values() for p in side)}, settings, skip)

    def step(self, sides: Sequence[Side]) -> None:
        """Use all gradients there are, once, whichever sides they come from."""
        super().step([_ALL])


def _make_state(optimizer: Optimizer) -> None:
    """Give every parameter its Adam state now (torch makes it at the first step), so that clocks can be set."""
    for group in optimizer.param_groups:
        for p in group["params"]:
            optimizer.state[p] = {
                "step": torch.zeros((), dtype=torch.float32, device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }


STATES: dict[str, type[OptimizerStates]] = {
    "keras_2018": Keras2018,
    "keras_own_clocks": KerasOwnClocks,
    "per_autoencoder": OptimizerStates,
    "shared": Shared,
}
