"""What a study is going to run: its question, its arms and seeds, and which run each cell is. Made before any run."""

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Planned:
    """One cell before it is looked up.

    Attributes:
        arm: the arm's name.
        seed: the seed.
        digest: the run's hash: with the seed it finds the run folder, whatever its label.
        config: what can change the result, as ``runs.identity.identity`` returns it: nested plain dicts.
    """

    arm: str
    seed: int
    digest: str
    config: dict[str, Any]


@dataclass(frozen=True)
class StudyPlan:
    """A whole question, as its YAML and the command line ask it.

    Attributes:
        name: the study's, such as ``encoder_count``.
        title: a few words.
        question: in words.
        baseline: the arm that all others are compared with.
        arms: arm → what it is, in a sentence; all arms, in the order in which they are shown.
        seeds: all seeds.
        metric: the primary metric, as it is called in ``result.json``.
        smallest_difference: in it, > 0, declared before the runs; None: none was.
        secondary: further metrics with verdicts of their own.
        notes: what to know before reading the answer.
        group_seeds: of one arm alone, so many seeds together are taken for an arm of their own (A/A); None: not asked.
        cells: every (arm, seed).
        runs_dir: where the run folders lie.
        command: the command that repeats it all.
        settings: overrides beside the study, such as ``scale=smoke``.
        pooled: the names of the folders of evidence that it was made of, where there are several.
        declared: whether all this was laid down before the runs; if not, they were put side by side afterwards.

    Raises:
        ValueError: the baseline or a cell's arm is none of the arms, a cell comes twice, what should be a word or a
            list is none, or the smallest difference is not above 0.
    """

    name: str
    title: str
    question: str
    baseline: str
    arms: dict[str, str]
    seeds: list[int]
    metric: str
    smallest_difference: float | None
    secondary: list[str]
    notes: list[str]
    group_seeds: int | None
    cells: list[Planned]
    runs_dir: Path
    command: str
    settings: list[str] = field(default_factory=list)
    declared: bool = True
    pooled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        words = {name: getattr(self, name) for name in ("name", "title", "question", "baseline", "metric", "command")}
        lists = {name: getattr(self, name) for name in ("seeds", "secondary", "notes", "settings", "pooled")}
        wrong = [name for name, value in words.items() if not isinstance(value, str)]
        wrong += [name for name, value in lists.items() if not isinstance(value, list)]
        wrong += ["seeds"] * (not wrong and not all(type(seed) is int for seed in self.seeds))
        least = self.smallest_difference
        if wrong or not (least is None or (isinstance(least, int | float) and 0 < least < math.inf)):
            name = wrong[0] if wrong else "smallest_difference"
            raise ValueError(f"the study's {name} is {getattr(self, name)!r}")
        named = {"the baseline": [self.baseline], "a cell's arm": [cell.arm for cell in self.cells]}
        for what, names in named.items():
            for name in names:
                if name not in self.arms:
                    raise ValueError(f"{what} is {name!r}; the study's arms are {', '.join(self.arms) or 'none'}")
        twice = [cell for cell, count in Counter((cell.arm, cell.seed) for cell in self.cells).items() if count > 1]
        if twice:
            raise ValueError(f"arm {twice[0][0]!r} has seed {twice[0][1]} twice; name each seed once")

    @property
    def shrink(self) -> str:
        """The override that gave every arm its size, such as ``shrink=matched_flops``; empty where none is typed."""
        return next((word for word in self.settings if word.startswith("shrink=") and word != "shrink=none"), "")

    @property
    def alike(self) -> list[list[str]]:
        """Arms that are one and the same run at every seed, together; empty where all arms differ."""
        runs = {arm: tuple(cell.digest for cell in self.cells if cell.arm == arm) for arm in self.arms}
        by_runs: dict[tuple[str, ...], list[str]] = {}
        for arm, digests in runs.items():
            by_runs.setdefault(digests, []).append(arm)
        return [arms for arms in by_runs.values() if len(arms) > 1]
