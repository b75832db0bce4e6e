"""Routes as text: ``encoder > inter_A + inter_both > decoder``. ``>`` feeds, ``+`` joins channels in this order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from faceswap_lab.refusal import nearest

_TOKEN = re.compile(r"\s*(?:(?P<part>[A-Za-z]\w*)|(?P<sign>[>+])|(?P<other>\S))")


class TopologyError(ValueError):
    """A topology that cannot be built. Its text shows the route, with the spot marked where there is one."""


@dataclass(frozen=True)
class Word:
    """The name of a part in a route's text, and where it stands there."""

    part: str
    start: int
    end: int


@dataclass(frozen=True)
class Route:
    """The way of a face through parts.

    Attributes:
        text: as it was written, names of sides filled in.
        steps: one after another; of each, the parts that see its input, whose outputs are joined in this order.
        whose: what it is the route of, for messages.
    """

    text: str
    steps: tuple[tuple[Word, ...], ...]
    whose: str = field(compare=False)

    @cached_property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The parts of every step."""
        return tuple(tuple(word.part for word in step) for step in self.steps)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts on the route, each once, in the order in which they are met."""
        return tuple(dict.fromkeys(word.part for step in self.steps for word in step))

    def wrong(self, word: Word, why: str) -> TopologyError:
        """Return an error that marks a word of this route."""
        return _marked(self.whose, self.text, word.start, word.end, why)


def parse(text: str, whose: str, known: Iterable[str]) -> Route:
    """Read a route.

    Args:
        text: the route, names of sides filled in.
        whose: what it is the route of, for messages.
        known: the parts that there are.

    Raises:
        TopologyError: it is no route, or names a part that there is not.
    """
    parts, wants_part, place = list(known), True, 0
    steps: list[list[Word]] = [[]]
    while match := _TOKEN.match(text, place):
        start, place = match.start(match.lastgroup or 0), match.end()
        if match["other"] or bool(match["part"]) != wants_part:
            expected = "the name of a part" if wants_part else "'>' (feeds) or '+' (joins), then a part"
            raise _marked(whose, text, start, place, f"Expected {expected} here.")
        if match["part"]:
            word = Word(match["part"], start, place)
            if word.part not in parts:
                why = f"There is no such part.{nearest(word.part, parts)} Parts: {', '.join(parts)}."
                raise _marked(whose, text, start, place, why)
            steps[-1].append(word)
        elif match["sign"] == ">":
            steps.append([])
        wants_part = not wants_part
    if wants_part:
        raise _marked(whose, text, len(text), len(text) + 1, "A route ends with a part, the decoder.")
    return Route(text, tuple(map(tuple, steps)), whose)


def _marked(whose: str, text: str, start: int, end: int, why: str) -> TopologyError:
    return TopologyError(f"{whose}:\n    {text}\n    {' ' * start}{'^' * (end - start)}\n{why}")
