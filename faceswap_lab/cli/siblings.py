"""The other seeds of an arm that a cell takes along, where a sweep trains several at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.config import ConfigError

_SEED, _AT_ONCE = "seed=", "trainer.seeds_at_once="


@dataclass
class Siblings:
    """The cells that this process makes one after another, and which of them have ended before their turn.

    Attributes:
        cells: the overrides of each, in the order of their turns.
        ended: by a cell's number how it ended, and which cell took it along.
    """

    cells: list[list[str]] = field(default_factory=list)
    ended: dict[int, tuple[Outcome, int]] = field(default_factory=dict)

    def turn(self, number: int, overrides: list[str]) -> "Turn":
        """Return what the cell of this number, with these overrides, has to do with the others."""
        return Turn(self, number, overrides)


@dataclass
class Turn:
    """One cell among its siblings.

    Attributes:
        number: the cell's.
        overrides: the cell's.
        taken: how those ended that this cell has taken along, by their numbers.
    """

    siblings: Siblings
    number: int
    overrides: list[str]
    taken: dict[int, Outcome] = field(default_factory=dict)

    @property
    def ended(self) -> tuple[Outcome, int] | None:
        """How this cell has ended already, and the number of the cell that took it along; None: it has not."""
        return self.siblings.ended.get(self.number)

    def candidates(self) -> Iterator[tuple[int, int, list[str]]]:
        """Yield (number, seed, overrides) of the later cells that differ from this one in a plain ``seed=`` only."""
        cells = self.siblings.cells
        for number in range(self.number + 1, len(cells)):
            seed = _seed_of(cells[number])
            same = _without_seed(cells[number]) == _without_seed(self.overrides)
            if number not in self.siblings.ended and seed is not None and same:
                yield number, seed, cells[number]

    def note(self, number: int, outcome: Outcome) -> None:
        """Remember how a cell ended that this one has taken along."""
        self.taken[number] = outcome
        self.siblings.ended[number] = outcome, self.number


def check_process(seeds_at_once: object, launcher: str = "") -> None:
    """Refuse to train several seeds at once where cells run in processes of their own.

    Raises:
        ConfigError: several are asked for.
    """
    if str(seeds_at_once) != "1":
        without = f"Leave out hydra/launcher={launcher}" if launcher else "Leave out hydra/launcher"
        raise ConfigError(
            f"trainer.seeds_at_once={seeds_at_once}: one process trains the seeds together, and this launcher starts "
            f"one for each. {without}, or use trainer.seeds_at_once=1."
        )


def asked_for(words: Sequence[str]) -> str:
    """Return the seeds at once that the command line names, or "1"."""
    named = [word.removeprefix(_AT_ONCE) for word in words if word.startswith(_AT_ONCE)]
    return named[-1] if named else "1"


def _seed_of(overrides: Sequence[str]) -> int | None:
    named = [override.removeprefix(_SEED) for override in overrides if override.startswith(_SEED)]
    return int(named[0]) if len(named) == 1 and named[0].isdecimal() else None


def _without_seed(overrides: Sequence[str]) -> list[str]:
    return [override for override in overrides if not override.startswith(_SEED)]
