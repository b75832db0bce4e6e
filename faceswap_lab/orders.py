"""Update orders: what one training step trains, on which samples, in which order (questions 2 and 3).

An order is one function that yields updates. It is a pure function of the step (but for ``worse_first``, which asks for
losses to put its portions in order), so the processes that make the samples follow the same function as the training.
Under every order, samples and updates per side after ``max_steps`` are the same unless the order says otherwise.

To add one: write the function here, name it in ORDERS, add a YAML of that name in conf/update_order/. Nothing here
imports torch or, but for a draw, NumPy: the configuration's rules ask ORDERS what an order needs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Portion(NamedTuple):
    """Samples ``first … first + samples - 1`` of a side (over all devices)."""

    side: str
    first: int
    samples: int


class Update(NamedTuple):
    """One update: gradients of some portions, then a step of the optimizers of their sides, in this order.

    Attributes:
        portions: whose losses are taken, all at the weights as they are when the update begins.
        summed: one backward pass on the sum of the losses, in place of one for each.
        only_last: only the last part of each route is trained, the decoder.
    """

    portions: tuple[Portion, ...]
    summed: bool = False
    only_last: bool = False


@dataclass(frozen=True)
class Step:
    """A training step, as an order sees it.

    Attributes:
        number: training steps made before it.
        sides: A, B, C, …
        batch: samples per side.
        block: see the orders that have one.
        seed: of the run.
        worst_first: returns portions with the largest unweighted losses first.
    """

    number: int
    sides: tuple[str, ...]
    batch: int
    block: int
    seed: int
    worst_first: Callable[[Sequence[Portion]], Sequence[Portion]]

    def all(self) -> tuple[Portion, ...]:
        """Return a batch of every side."""
        return tuple(Portion(side, self.number * self.batch, self.batch) for side in self.sides)


Order = Callable[[Step], Iterator[Update]]


def a_then_b(step: Step) -> Iterator[Update]:
    """A's update, then B's at the parts that A has already moved, and so on through the sides.

    deepfakes/faceswap 2018 (plugins/Model_Original: autoencoder_A.train_on_batch, then autoencoder_B's) and
    DeepFaceLab 1 do so.
    """
    for portion in step.all():
        yield Update((portion,))


def b_then_a(step: Step) -> Iterator[Update]:
    """The last side first."""
    for portion in reversed(step.all()):
        yield Update((portion,))


def in_random_order(step: Step) -> Iterator[Update]:
    """The sides in an order that is drawn for each step: of two, by a coin."""
    from faceswap_lab.randomness import stream  # loads NumPy, which a refused configuration need not wait for

    rng, portions = stream(step.seed, "update_order", step.number), step.all()
    if len(portions) == 2:
        drawn = portions if rng.random() < 0.5 else portions[::-1]
    else:
        drawn = tuple(portions[i] for i in rng.permutation(len(portions)))
    for portion in drawn:
        yield Update((portion,))


def worse_first(step: Step) -> Iterator[Update]:
    """The side with the largest loss first, then the others at the parts it has moved (one forward pass more).

    Losses are compared without the sides' weights: a weight says how much a side matters, not how well it is learnt.
    """
    for portion in step.worst_first(step.all()):
        yield Update((portion,))


def only_a(step: Step) -> Iterator[Update]:
    """A alone."""
    yield Update(step.all()[:1])


def only_b(step: Step) -> Iterator[Update]:
    """B alone."""
    yield Update(step.all()[1:2])


def joint(step: Step) -> Iterator[Update]:
    """One update on the sum of all losses (deepfakes/faceswap since 2020, DeepFaceLab 2): order cannot matter."""
    yield Update(step.all(), summed=True)


def joint_half(step: Step) -> Iterator[Update]:
    """``joint`` on the first halves of all batches, then on the second: of two sides, as many updates as a_then_b."""
    half = step.batch // 2
    for k in (0, 1):
        yield Update(tuple(Portion(p.side, p.first + k * half, half) for p in step.all()), summed=True)


def accumulate(step: Step) -> Iterator[Update]:
    """All backward passes at the same weights, then the updates; with one shared optimizer equal to ``joint``.

    A common slip in re-implementations (no zero_grad between two backward passes), and a way to save memory.
    """
    yield Update(step.all())


def alternate(step: Step) -> Iterator[Update]:
    """``block`` steps of A alone, then of B, and so on: with n sides n batches each, so samples and updates agree."""
    for portion in _in_blocks(step):
        yield Update((portion,))


def a_then_b_alone(step: Step) -> Iterator[Update]:
    """First A alone, encoder and all; then the other sides' decoders, on the encoder that A has made."""
    for portion in _in_blocks(step):
        yield Update((portion,), only_last=portion.side != step.sides[0])


def _in_blocks(step: Step) -> tuple[Portion, ...]:
    people = len(step.sides)
    rounds, within = divmod(step.number, people * step.block)
    first = people * (rounds * step.block + within % step.block) * step.batch
    side = step.sides[within // step.block]
    return tuple(Portion(side, first + k * step.batch, step.batch) for k in range(people))


@dataclass(frozen=True)
class Choice:
    """An order, and what it asks of other settings.

    Attributes:
        updates: the order.
        optimizer_state: the only one it works with; None: any.
        only: the one side it trains; None: all.
        parts: into how many portions it splits a side's batch.
        decoders: after the first side's turn it trains the others' decoders alone.
        blocks: it has blocks of so many steps as ``update_order.block`` says; "all": it has one block for each side.
    """

    updates: Order
    optimizer_state: str | None = None
    only: str | None = None
    parts: int = 1
    decoders: bool = False
    blocks: str | None = None

    def idle(self, side: str) -> bool:
        """Whether a side is never trained."""
        return self.only not in (None, side)

    @property
    def knows_end(self) -> bool:
        """Whether what a step does depends on how many there are in all."""
        return self.blocks == "all"


ORDERS: dict[str, Choice] = {
    "a_then_b": Choice(a_then_b),
    "b_then_a": Choice(b_then_a),
    "random": Choice(in_random_order),
    "alternate": Choice(alternate, blocks="given"),
    "a_then_b_alone": Choice(a_then_b_alone, decoders=True, blocks="all"),
    "only_a": Choice(only_a, only="A"),
    "only_b": Choice(only_b, only="B"),
    "worse_first": Choice(worse_first),
    "accumulate": Choice(accumulate),
    "joint": Choice(joint, optimizer_state="shared"),
    "joint_half": Choice(joint_half, optimizer_state="shared", parts=2),
}


@dataclass(frozen=True)
class Plan:
    """The updates of every step of a run.

    Attributes:
        order: a key of ``ORDERS``.
        sides: A, B, C, …
        batch: samples per side and step, over all devices.
        block: training steps of a block, for the orders that have blocks.
        seed: of the run.
    """

    order: str
    sides: tuple[str, ...]
    batch: int
    block: int = 1
    seed: int = 0

    def updates(
        self, step: int, worst_first: Callable[[Sequence[Portion]], Sequence[Portion]] = tuple
    ) -> Iterator[Update]:
        """Yield the updates of training step ``step``."""
        seen = Step(step, self.sides, self.batch, self.block, self.seed, worst_first)
        return ORDERS[self.order].updates(seen)

    def portions(self, step: int) -> tuple[Portion, ...]:
        """Return the samples that training step ``step`` needs, each portion once."""
        return tuple(dict.fromkeys(portion for update in self.updates(step) for portion in update.portions))

    @property
    def reaches_all(self) -> bool:
        """Whether every backward pass reaches every side's parts, so that DDP need not look for the others."""
        return all(
            update.summed and not update.only_last and {p.side for p in update.portions} == set(self.sides)
            for update in self.updates(0)
        )
