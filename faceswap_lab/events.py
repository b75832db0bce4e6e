"""Events: what changes at a step of a run, for all steps from there on, or once, in the weights.

A kind of event is one function. What holds in a step is a pure function of the step, so the processes that make the
samples follow the same events as the training, and a run that goes on anywhere knows what holds there.

To add one: write the function here, name it in EVENTS, say in ``config.events`` what it can be told. Nothing here
imports torch: the configuration's rules ask what holds when.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass
class Now:
    """What holds in a training step; as it is here, nothing has happened.

    Attributes:
        step: training steps made before it.
        warp: factor of the warp's strength, the jitter of its control points.
        rate: factor of the learning rate.
        frozen: the parts that keep their weights, whatever their gradients.
        weights: of terms of the loss, where they are not those that the loss begins with.
    """

    step: int = 0
    warp: float = 1.0
    rate: float = 1.0
    frozen: set[str] = field(default_factory=set)
    weights: dict[str, float] = field(default_factory=dict)


class Weights(Protocol):
    """What can be done to the weights of a training; see ``training.step.weights``."""

    def reset(self, part: str, stream: str) -> None:
        """Let a part start again, from a random stream of that name."""

    def exchange(self, one: str, other: str) -> None:
        """Let two parts have each other's weights."""


def warp(now: Now, strength: float, every: int = 1) -> None:
    """The warp has ``strength`` times the jitter that it begins with; 0: DeepFaceLab's "random warp" is off.

    ``every`` = n: only in every n-th step, and as before in the others; DeepFaceLab's Quick96 has none in every third.
    """
    if now.step % every == 0:
        now.warp = strength


def learning_rate(now: Now, factor: float) -> None:
    """The learning rate is ``factor`` times that of its schedule."""
    now.rate = factor


def freeze(now: Now, parts: Sequence[str]) -> None:
    """The parts keep the weights that they have come to."""
    now.frozen |= set(parts)


def loss_weight(now: Now, term: str, weight: float) -> None:
    """A term of the loss has another weight."""
    now.weights[term] = weight


def reset(weights: Weights, event: str, parts: Sequence[str]) -> None:
    """The parts start again, drawn anew: DeepFaceLab's inters after pretraining (models/Model_SAEHD)."""
    for part in parts:
        weights.reset(part, event)


def exchange(weights: Weights, event: str, parts: Sequence[str]) -> None:
    """Two parts get each other's weights: faceswap-GAN's decoders at 80 % (FaceSwap_GAN_v2.2_train_test.ipynb)."""
    one, other = parts
    weights.exchange(one, other)


@dataclass(frozen=True)
class Choice:
    """A kind of event: one of the two.

    Attributes:
        holds: changes what holds in its step and in all later ones: (now, settings by name).
        once: changes the weights before the first update of its step: (weights, the event's name, settings by name).
    """

    holds: Callable[..., None] | None = None
    once: Callable[..., None] | None = None


EVENTS: dict[str, Choice] = {
    "warp": Choice(holds=warp),
    "learning_rate": Choice(holds=learning_rate),
    "freeze": Choice(holds=freeze),
    "loss_weight": Choice(holds=loss_weight),
    "reset": Choice(once=reset),
    "exchange": Choice(once=exchange),
}


@dataclass(frozen=True)
class Event:
    """An event of a run.

    Attributes:
        step: training steps made before it; it counts in the step after them.
        name: what the run calls it; a reset draws from a stream of this name.
        kind: a key of ``EVENTS``.
        settings: arguments of its function.
    """

    step: int
    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        kind = [self.kind] if self.kind != self.name else []
        said = ", ".join([*kind, *(f"{key} {_said(value)}" for key, value in self.settings.items())])
        return f"step {self.step}: {self.name} ({said})"


@dataclass(frozen=True)
class Events:
    """The events of a run; those of one step come in the order of their names."""

    planned: tuple[Event, ...] = ()

    def at(self, step: int) -> Now:
        """Return what holds in the training step that comes after ``step`` steps."""
        now = Now(step)
        for event in self.in_order():
            holds = EVENTS[event.kind].holds
            if holds is not None and event.step <= step:
                holds(now, **event.settings)
        return now

    def due(self, step: int) -> list[Event]:
        """Return what happens right before the training step that comes after ``step`` steps."""
        return [event for event in self.in_order() if event.step == step]

    def happen(self, step: int, weights: Weights) -> None:
        """Do to the weights what is to be done once, right before that step."""
        for event in self.due(step):
            once = EVENTS[event.kind].once
            if once is not None:
                once(weights, event.name, **event.settings)

    def __bool__(self) -> bool:
        return bool(self.planned)

    def in_order(self) -> list[Event]:
        """Return all events, the first to come first."""
        return sorted(self.planned, key=lambda event: (event.step, event.name))


NO_EVENTS = Events()


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else " ".join(value) if isinstance(value, tuple) else str(value)
