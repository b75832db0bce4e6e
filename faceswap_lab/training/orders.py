"""Update orders: what one training step trains, on which samples, in which order.

An order is two small functions. The *plan* says which samples of which side a step needs; it is a pure function of the
step, so the processes that make the samples can follow it. The *move* turns the losses of those samples into updates.
Under every order, samples and updates per side after ``max_steps`` are the same unless the order says otherwise.

To add one: write the function(s) here, name them in ORDERS, add a YAML of that name in conf/update_order/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from faceswap_lab.data.faces import SIDES, Side
from faceswap_lab.randomness import stream


class Portion(NamedTuple):
    """Samples ``first … first + samples - 1`` of a side (over all devices)."""

    side: Side
    first: int
    samples: int


class Trained(Protocol):
    """A portion with its pictures."""

    @property
    def side(self) -> Side:
        """Whose samples they are."""


class Stepper(Protocol):
    """What a move may do. Gradients are empty when a step begins and after every update."""

    def losses(self, portions: Sequence[Any], train_encoders: bool = True) -> list[Tensor]:
        """Return the weighted loss of each portion at the present weights, with their graph.

        With ``train_encoders=False`` the graph ends at the code: only decoders get a gradient.
        """

    def backward(self, loss: Tensor) -> None:
        """Add the loss's gradients to those that wait."""

    def update(self, sides: Sequence[Side]) -> None:
        """Let the optimizers of ``sides`` use the gradients that wait, in that order, then drop the gradients."""

    def larger(self, first: Any, second: Any) -> bool:
        """Return whether the first portion's unweighted loss, as last taken, exceeds the second's."""


class Plan(Protocol):
    """Which samples a step needs."""

    def __call__(self, step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
        """Return the portions of training step ``step``, each of ``batch`` samples unless the order says otherwise."""


Move = Callable[[Stepper, Sequence[Trained]], None]


def both(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """A's samples, then B's."""
    return Portion("A", step * batch, batch), Portion("B", step * batch, batch)


def b_first(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """B's samples, then A's."""
    return both(step, batch, block, seed)[::-1]


def drawn(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """Either, by a coin that belongs to the step."""
    coin = stream(seed, "update_order", step).random() < 0.5
    return (both if coin else b_first)(step, batch, block, seed)


def a_alone(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """A's samples."""
    return both(step, batch, block, seed)[:1]


def b_alone(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """B's samples."""
    return both(step, batch, block, seed)[1:]


def in_blocks(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """``block`` steps with two portions of A, then of B: the same samples as ``both`` after 2 x block steps."""
    rounds, within = divmod(step, 2 * block)
    side = SIDES[within // block]
    first = (rounds * 2 * block + 2 * (within % block)) * batch
    return Portion(side, first, batch), Portion(side, first + batch, batch)


def halves(step: int, batch: int, block: int, seed: int) -> tuple[Portion, ...]:
    """Half of A's and half of B's samples, then the other halves."""
    half = batch // 2
    return tuple(Portion(side, step * batch + k * half, half) for k in (0, 1) for side in SIDES)


def one_after_another(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """Update after each portion: the second's gradient is taken at the encoder that the first has moved.

    deepfakes/faceswap 2018 (plugins/Model_Original: autoencoder_A.train_on_batch, then autoencoder_B's) and
    DeepFaceLab 1 do so.
    """
    for portion in portions:
        stepper.backward(*stepper.losses([portion]))
        stepper.update([portion.side])


def on_the_sum(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """One update on the sum of the losses (deepfakes/faceswap since 2020, DeepFaceLab 2): order cannot matter."""
    losses = stepper.losses(portions)
    stepper.backward(sum(losses[1:], losses[0]))
    stepper.update([portion.side for portion in portions])


def on_the_sum_twice(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """``on_the_sum`` for the first halves, then for the second: as many encoder updates as ``one_after_another``."""
    on_the_sum(stepper, portions[:2])
    on_the_sum(stepper, portions[2:])


def gradients_first(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """Both backward passes at the same weights, then the updates; with one shared optimizer equal to ``on_the_sum``.

    A common slip in re-implementations (no zero_grad between two backward passes), and a way to save memory.
    """
    for portion in portions:
        stepper.backward(*stepper.losses([portion]))
    stepper.update([portion.side for portion in portions])


def worse_one_first(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """The side with the larger loss first, then the other at the moved encoder (one forward pass more).

    Losses are compared without the sides' weights: a weight says how much a side matters, not how well it is learnt.
    """
    losses = [stepper.losses([portion])[0] for portion in portions]
    worse = 1 if stepper.larger(portions[1], portions[0]) else 0
    stepper.backward(losses[worse])
    stepper.update([portions[worse].side])
    one_after_another(stepper, [portions[1 - worse]])


def decoder_b_alone(stepper: Stepper, portions: Sequence[Trained]) -> None:
    """A's portions train encoder and decoder_A; B's train decoder_B alone, on the encoder that A has made."""
    for portion in portions:
        stepper.backward(*stepper.losses([portion], train_encoders=portion.side == "A"))
        stepper.update([portion.side])


@dataclass(frozen=True)
class Order:
    """A plan and a move.

    Attributes:
        plan: which samples a step needs.
        move: how their losses become updates.
        reaches_all: True if every backward pass reaches every parameter, so that DDP need not look for the others.
    """

    plan: Plan
    move: Move
    reaches_all: bool = False


ORDERS: dict[str, Order] = {
    "a_then_b": Order(both, one_after_another),
    "b_then_a": Order(b_first, one_after_another),
    "random": Order(drawn, one_after_another),
    "alternate": Order(in_blocks, one_after_another),
    "a_then_b_alone": Order(in_blocks, decoder_b_alone),
    "only_a": Order(a_alone, one_after_another),
    "only_b": Order(b_alone, one_after_another),
    "worse_first": Order(both, worse_one_first),
    "accumulate": Order(both, gradients_first),
    "joint": Order(both, on_the_sum, reaches_all=True),
    "joint_half": Order(halves, on_the_sum_twice, reaches_all=True),
}
