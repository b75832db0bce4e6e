"""How the learning rate goes over a training: a factor for every training step.

To add one: write the function here, name it in SCHEDULES, add a YAML of that name in conf/schedule/. Nothing here
imports torch, so whoever asks what a schedule knows need not wait for it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


def constant(s: "Schedule", step: int) -> float:
    """The same rate all the way."""
    return 1.0


def warm_up(s: "Schedule", step: int) -> float:
    """A straight line up to the whole rate in step ``length``, and that from there on (Goyal et al. 2017)."""
    return min(1.0, (step + 1) / s.length)


def cosine(s: "Schedule", step: int) -> float:
    """Half a cosine from the whole rate down to nothing at the end (Loshchilov & Hutter 2016, arXiv 1608.03983)."""
    return (1 + math.cos(math.pi * step / s.last)) / 2


def linear_decay(s: "Schedule", step: int) -> float:
    """A straight line from the whole rate down to nothing at the end."""
    return 1 - step / s.last


def drops(s: "Schedule", step: int) -> float:
    """Every ``length`` steps the rate is multiplied by ``factor``."""
    return s.factor ** (step // s.length)


def waves(s: "Schedule", step: int) -> float:
    """A whole cosine from the rate to nothing and back, again and again, every ``length`` steps (DeepFaceLab)."""
    return (1 + math.cos(2 * math.pi * step / s.length)) / 2


@dataclass(frozen=True)
class Choice:
    """A schedule.

    Attributes:
        rate: the factor of the learning rate in the training step that comes after so many.
        knows_end: whether a longer training has another rate from its first step on.
    """

    rate: Callable[["Schedule", int], float]
    knows_end: bool = False


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every training step of a run.

    Attributes:
        name: a key of ``SCHEDULES``.
        lr: the whole rate.
        last: training steps of the run.
        length: see the schedules that have one.
        factor: likewise.
    """

    name: str
    lr: float
    last: int
    length: int = 1
    factor: float = 1.0

    def __call__(self, step: int) -> float:
        """Return the learning rate of the training step that comes after ``step`` steps."""
        return self.lr * SCHEDULES[self.name].rate(self, step)


SCHEDULES: dict[str, Choice] = {
    "constant": Choice(constant),
    "warm_up": Choice(warm_up),
    "cosine": Choice(cosine, knows_end=True),
    "linear_decay": Choice(linear_decay, knows_end=True),
    "drops": Choice(drops),
    "waves": Choice(waves),
}
