"""One row of the table: a figure of ours, what it is compared with, and the goal if there is one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measure import Spread, ratio


@dataclass(frozen=True)
class Goal:
    """A bound on a figure."""

    bound: float
    at_least: bool = True

    def holds(self, figure: float) -> bool:
        """Tell whether the figure, not rounded, keeps the bound."""
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        what: the work done.
        ours: our figure, with its unit.
        reference: what it stands beside, with its figure; empty if there is nothing.
        value: the number that the goal is about: its median, and quartiles where it was measured repeatedly.
        unit: of the value: "x" for a ratio, "s" for CPU seconds, ...
        goal: None where a figure is for information.
        note: whatever a reader must know to judge it.
    """

    what: str
    ours: str
    reference: str
    value: Spread
    unit: str
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return "holds" or "missed"; empty without a goal."""
        if self.goal is None:
            return ""
        return "holds" if self.goal.holds(self.value.median) else "missed"


def times_faster(
    what: str, seconds: Mapping[str, Sequence[float]], reference: str, goal: Goal | None = None, note: str = ""
) -> Figure:
    """Return how many times the CPU time of ``seconds["ours"]`` the reference of that name takes."""
    return _compared(what, seconds, reference, ratio(seconds[reference], seconds["ours"]), goal, note)


def times_as_long(
    what: str, seconds: Mapping[str, Sequence[float]], reference: str, goal: Goal | None = None, note: str = ""
) -> Figure:
    """Return how many times the CPU time of the reference ``seconds["ours"]`` takes."""
    return _compared(what, seconds, reference, ratio(seconds["ours"], seconds[reference]), goal, note)


def _compared(
    what: str, seconds: Mapping[str, Sequence[float]], reference: str, value: Spread, goal: Goal | None, note: str
) -> Figure:
    ours, theirs = (duration(Spread.of(seconds[name])) for name in ("ours", reference))
    return Figure(what, ours, f"{reference}: {theirs}", value, "×", goal, note)


def duration(seconds: Spread) -> str:
    """Return median and quartiles for a reader: "19.3 ms (19.1 to 19.8)"."""
    scale, unit = (1, "s") if seconds.median >= 1 else (1e3, "ms")
    return f"{shown(scale * seconds.median)} {unit} ({quartiles(seconds, scale)})"


def quartiles(spread: Spread, scale: float = 1) -> str:
    """Return both quartiles with three digits each."""
    return f"{shown(scale * spread.low)} to {shown(scale * spread.high)}"


def shown(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, and never with an exponent."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
