"""How the learning rate goes over a training: a factor for every training step.

To add one: write the function here, name it in SCHEDULES, add a YAML of that name in conf/schedule/. Nothing here
imports torch, so whoever asks what a schedule knows need not wait for it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class At:
    """A training step, as a schedule sees it.

    Attributes:
        step: training steps made before it.
        last: training steps of the whole run.
        length: see the schedules that have one.
        factor: likewise.
    """

    step: int
    last: int
    length: int = 1
    factor: float = 1.0


def constant(at: At) -> float:
    """The same rate all the way."""
    return 1.0


def warm_up(at: At) -> float:
    """A straight line up to the whole rate in step ``length``, and that from there on (Goyal et al. 2017)."""
    return min(1.0, (at.step + 1) / at.length)


def cosine(at: At) -> float:
    """Half a cosine from the whole rate down to nothing at the end (Loshchilov & Hutter 2016, arXiv 1608.03983)."""
    return (1 + math.cos(math.pi * at.step / at.last)) / 2


def linear_decay(at: At) -> float:
    """A straight line from the whole rate down to nothing at the end."""
    return 1 - at.step / at.last


def drops(at: At) -> float:
    """Every ``length`` steps the rate is multiplied by ``factor``."""
    return at.factor ** (at.step // at.length)


def waves(at: At) -> float:
    """A whole cosine from the rate to nothing and back, again and again, every ``length`` steps (DeepFaceLab)."""
    return (1 + math.cos(2 * math.pi * at.step / at.length)) / 2


@dataclass(frozen=True)
class Choice:
    """A schedule.

    Attributes:
        rate: the factor of the learning rate.
        knows_end: whether a longer training has another rate from its first step on.
    """

    rate: Callable[[At], float]
    knows_end: bool = False


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every training step of a run.

    Attributes:
        name: a key of ``SCHEDULES``.
        lr: the whole rate.
        last: training steps of the run.
        length: for the schedules that have one.
        factor: likewise.
    """

    name: str
    lr: float
    last: int
    length: int = 1
    factor: float = 1.0

    def __call__(self, step: int) -> float:
        """Return the learning rate of the training step that comes after ``step`` steps."""
        return self.lr * SCHEDULES[self.name].rate(At(step, self.last, self.length, self.factor))


SCHEDULES: dict[str, Choice] = {
    "constant": Choice(constant),
    "warm_up": Choice(warm_up),
    "cosine": Choice(cosine, knows_end=True),
    "linear_decay": Choice(linear_decay, knows_end=True),
    "drops": Choice(drops),
    "waves": Choice(waves),
}
