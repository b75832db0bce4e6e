"""A topology: named parts, a route per side, named swap paths. Whoever trains, draws, saves or counts follows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faceswap_lab.topology.blocks import Shape
from faceswap_lab.topology.kind import Kind
from faceswap_lab.topology.routes import Route


@dataclass(frozen=True)
class Part:
    """A part with all its numbers.

    Attributes:
        kind: a key of ``KINDS``.
        spec: its arguments.
        start: the name of the random stream of its initial weights; parts of one stream and shape start equal.
        trained: False: it keeps the weights it starts with.
        load: the part of a weights file that it starts from; None: it starts from its stream.
    """

    kind: str
    spec: Kind
    start: str
    trained: bool = True
    load: str | None = None


@dataclass(frozen=True)
class Topology:
    """A topology for given sides: every name is spelled out, every size known, and all of it has been judged.

    Attributes:
        sides: A, B, C, …; A and B are the declared pair.
        parts: by name, in the order in which they were declared.
        routes: per side, what its faces are trained on.
        swaps: named ways from a source's face to a target's, the primary one first: (source, target) → route.
        code: per side, the part whose output is compared between sides.
        shapes: what each part sees, (channels, side).
        tie: weight of the loss that ties the sides' codes; 0: none.
    """

    sides: tuple[str, ...]
    parts: Mapping[str, Part]
    routes: Mapping[str, Route]
    swaps: Mapping[str, Mapping[tuple[str, str], Route]]
    code: Mapping[str, str]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    tie: float = 0.0

    def users(self, part: str) -> tuple[str, ...]:
        """Return the sides that train through a part."""
        return tuple(side for side, route in self.routes.items() if part in route.parts)

    def up_to_code(self, side: str) -> tuple[str, ...]:
        """Return the parts that make a side's code, in the order in which they are met."""
        at, steps = self.code[side], self.routes[side].names
        before = next(i for i, step in enumerate(steps) if at in step)
        return *dict.fromkeys(name for step in steps[:before] for name in step), at
