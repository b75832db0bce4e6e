"""One question asked at several sizes, or along any other axis: does each finding hold, does it turn, can it be seen?

Every level of the axis is a study of its own, with its own baseline. What is added here is how an arm's difference from
the baseline changes from level to level: the difference of the differences, paired by seed, with its interval; of three
levels or more also its trend. And what each arm, the baseline too, gains by itself from one level to the next.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.atomic import make_folder, write_text
from faceswap_lab.studies import digits
from faceswap_lab.studies.analysis import ALPHA, analyse
from faceswap_lab.studies.collecting.collect import config_of
from faceswap_lab.studies.evidence import is_evidence, read_evidence
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.scope import people_of
from faceswap_lab.studies.statistics.p_values import holm
from faceswap_lab.studies.statistics.paired import Comparison, compare
from faceswap_lab.studies.statistics.trend import change_along_a_line

ACROSS = "across.json"
_FORMAT = 1
_FOLDERS = ("data.a", "data.b", "data.more")  # of real people: labels, and no part of what a run is


@dataclass(frozen=True)
class Interaction:
    """How an arm's difference at one level differs from that at the first.

    Attributes:
        arm: which.
        level: of the axis.
        comparison: of the arm's differences at the first level (its baseline) and at this one, paired by seed.
        p_holm: sign-flip p, corrected for all arms, levels and trends.
        margin: the smallest difference that matters; None: none was declared.
    """

    arm: str
    level: str
    comparison: Comparison
    p_holm: float
    margin: float | None

    @property
    def says(self) -> str:
        """What is shown of it: changes, changes too little to matter, no change is shown."""
        return self._said("changes", "no change is shown")

    @property
    def matters(self) -> bool:
        """Whether it is shown, and not that it is too little to matter."""
        return self._is_shown and not is_too_little(self.comparison, self.margin)

    @property
    def _is_shown(self) -> bool:
        return self.p_holm <= ALPHA and self.comparison.interval.excludes_zero()

    def _said(self, shown: str, not_shown: str) -> str:
        if not self._is_shown:
            return not_shown
        return shown if self.matters else f"{shown}, too little to matter"


@dataclass(frozen=True)
class Trend(Interaction):
    """How an arm's difference changes from the first level to the last along a straight line through all of them.

    Attributes:
        level: the last.
        comparison: of every seed's line with a level one, of the seeds that all levels have.
    """

    @property
    def says(self) -> str:
        """What is shown of it: rising, falling, either of them too little to matter, no trend is shown."""
        return self._said(self.way, "no trend is shown")

    @property
    def way(self) -> str:
        """Where the difference goes: rising or falling."""
        return "rising" if self.comparison.difference > 0 else "falling"


@dataclass(frozen=True)
class Own:
    """What an arm has by itself, in the primary metric.

    Attributes:
        means: level → mean over the level's seeds; nan without any.
        gains: level, but for the first → its value minus that at the level before, paired by seed.
    """

    means: dict[str, float]
    gains: dict[str, Comparison]


@dataclass(frozen=True)
class Across:
    """A question along an axis.

    Attributes:
        axis: the setting that differs, such as ``scale``.
        levels: level → what its study found, in the order given; all of the same question, the
            smallest difference that matters included.
        folders: level → where its evidence lies.
        arms: those that every level has, without the baseline.
        left_out: arms that only some levels have.
        interactions: arm → one for each level but the first.
        trends: arm → its trend; empty where there are but two levels.
        own: arm → what it has by itself; the baseline first.
        other_people: whether the levels ask about other people, so that runs of a seed share its number alone.
        says: arm → in one line whether it holds.
    """

    axis: str
    levels: dict[str, Findings]
    folders: dict[str, Path]
    arms: list[str]
    left_out: list[str]
    interactions: dict[str, list[Interaction]]
    trends: dict[str, Trend]
    own: dict[str, Own]
    other_people: bool
    says: dict[str, str]

    @property
    def first(self) -> Findings:
        """What the first level's study found."""
        return next(iter(self.levels.values()))

    @property
    def scope(self) -> list[str]:
        """Whom and what size it is about, in the line that all levels share or in one for each."""
        lines = {level: found.scope for level, found in self.levels.items() if found.scope}
        if len(lines) == len(self.levels) and len(set(lines.values())) == 1:
            return [self.first.scope]
        return [f"{level}: {line}" for level, line in lines.items()]

    @property
    def answer(self) -> str:
        """All arms, one sentence each."""
        return " ".join(f"{arm} {says}." for arm, says in self.says.items()) or "There is no arm that all levels have."


def across(axis: str, folders: Mapping[str, Path]) -> Across:
    """Compare what one question found at several levels.

    Args:
        axis: the setting that differs.
        folders: level → its folder of evidence, at least two.

    Raises:
        ConfigError: fewer than two, a folder without evidence, or studies whose baselines, primary metrics or
            smallest differences that matter differ.
    """
    if len(folders) < 2:
        raise ConfigError(f"report: to compare a question along {axis} takes at least two folders of evidence.")
    levels = {level: analyse(read_evidence(folder)) for level, folder in folders.items()}
    metrics = {level: found.primary.metric for level, found in levels.items()}
    questions = {level: (levels[level].baseline, one.key, one.smallest_difference) for level, one in metrics.items()}
    if len(set(questions.values())) > 1:
        differ = "; ".join(f"{level}: {', '.join(map(str, asked))}" for level, asked in questions.items())
        raise ConfigError(
            "report: these are not one question: their baselines, primary metrics or smallest differences that matter "
            f"differ ({differ})."
        )
    every = [list(found.primary.judgements) for found in levels.values()]
    arms = [arm for arm in every[0] if all(arm in others for others in every)]
    left_out = list(dict.fromkeys(arm for one in every for arm in one if arm not in arms))
    interactions, trends = _interactions(levels, arms)
    says = {arm: _says(axis, arm, levels, interactions[arm], trends.get(arm)) for arm in arms}
    own = {arm: _own(levels, arm) for arm in (levels[next(iter(levels))].baseline, *arms)}
    others = axis in _FOLDERS or _other_people(list(levels.values()))
    return Across(axis, levels, dict(folders), arms, left_out, interactions, trends, own, others, says)


def write_across(axis: str, folders: Mapping[str, Path], folder: Path) -> None:
    """Write which folders of evidence belong together, relative to ``folder``."""
    make_folder(folder, of=folder / ACROSS)
    where = {level: Path(os.path.relpath(path, folder.parent)).as_posix() for level, path in folders.items()}
    content = {"format": _FORMAT, "axis": axis, "levels": where}
    write_text(folder / ACROSS, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_across(folder: Path) -> Across:
    """Return what the studies named by ``write_across`` found.

    Raises:
        ConfigError: the file cannot be read, or names what is not there.
    """
    try:
        content = json.loads((folder / ACROSS).read_text(encoding="utf-8"))
        axis = str(content["axis"])
        folders = {str(level): folder.parent / name for level, name in content["levels"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{folder / ACROSS} cannot be read: {' '.join(str(error).split())}") from error
    return across(axis, folders)


def is_across(folder: Path) -> bool:
    """Tell whether a folder compares studies along an axis."""
    return (folder / ACROSS).is_file() and not is_evidence(folder)


def is_too_little(comparison: Comparison, margin: float | None) -> bool:
    """Tell whether the whole interval lies within the smallest difference that matters; never where none is known."""
    return margin is not None and comparison.interval.inside(margin)


def _interactions(
    levels: Mapping[str, Findings], arms: list[str]
) -> tuple[dict[str, list[Interaction]], dict[str, Trend]]:
    """Return the differences of the differences and the trends; p is corrected over all of them together."""
    first, *others = levels
    found: dict[str, list[Interaction]] = {arm: [] for arm in arms}
    trends: dict[str, Trend] = {}
    made: list[tuple[type[Interaction], str, str, Comparison]] = []
    for arm in arms:
        there = {level: _differences(levels[level], arm) for level in levels}
        made += [(Interaction, arm, level, _compared(levels, there[first], there[level])) for level in others]
        if others[1:]:
            lines = change_along_a_line(list(there.values()))
            made.append((Trend, arm, others[-1], _compared(levels, dict.fromkeys(lines, 0.0), lines)))
    margin = levels[first].primary.metric.smallest_difference
    corrected = holm([compared.p for *_, compared in made])
    for (kind, arm, level, compared), p in zip(made, corrected):
        one = kind(arm, level, compared, float(p), margin)
        if isinstance(one, Trend):
            trends[arm] = one
        else:
            found[arm].append(one)
    return found, trends


def _compared(levels: Mapping[str, Findings], first: Mapping[int, float], second: Mapping[int, float]) -> Comparison:
    higher = bool(next(iter(levels.values())).primary.metric.higher_is_better)
    return compare(first, second, higher_is_better=higher, confidence=1 - ALPHA)


def _differences(findings: Findings, arm: str) -> dict[int, float]:
    return findings.primary.judgements[arm].comparison.differences


def _own(levels: Mapping[str, Findings], arm: str) -> Own:
    values = {level: found.primary.values[arm] for level, found in levels.items()}
    means = {level: fmean(known.values()) if known else float("nan") for level, known in values.items()}
    gains = {level: _compared(levels, values[before], values[level]) for before, level in pairwise(levels)}
    return Own(means, gains)


def _other_people(levels: list[Findings]) -> bool:
    """Tell whether a level asks about other people than the first, under the same seeds."""
    first, *others = levels
    return any(_are_others(first, other) for other in others)


def _are_others(first: Findings, second: Findings) -> bool:
    """Compare what is known of the seeds' people; where that is nothing, the words for whose faces they are."""
    known, other = ({run.seed: run.people for run in found.cells if run.people} for found in (first, second))
    both = known.keys() & other.keys()
    if both:
        return any(
            known[seed][fact] != other[seed][fact] for seed in both for fact in known[seed].keys() & other[seed].keys()
        )
    configs = [config_of(found.cells, found.baseline) for found in (first, second)]
    return people_of(configs[0]) != people_of(configs[1])


def _says(axis: str, arm: str, levels: Mapping[str, Findings], changes: list[Interaction], trend: Trend | None) -> str:
    """Return in one line whether what is found of an arm holds at all levels."""
    verdicts = {level: found.primary.judgements[arm].verdict for level, found in levels.items()}
    decided = {level: verdict for level, verdict in verdicts.items() if verdict != "undecided"}
    first = next(iter(levels))
    shown = [f"from {first} to {change.level} by {_amount(change.comparison)}" for change in changes if change.matters]
    if trend and trend.matters:
        shown = [f"{trend.way} from {first} to {trend.level} by {_amount(trend.comparison)}"]
    how = "; ".join(shown)
    at_levels = ", ".join(f"{verdict} at {level}" for level, verdict in verdicts.items())
    if {"better", "worse"} <= set(decided.values()):
        return f"turns with {axis}: {at_levels}"
    if len(decided) == len(verdicts) and len(set(verdicts.values())) == 1:
        held = f"is {next(iter(verdicts.values()))} at every {axis}: it holds"
        return f"{held}, though its size changes ({how})" if shown else held
    if shown:
        return f"changes with {axis} ({how}): {at_levels}"
    if not decided:
        seeds = min(found.primary.judgements[arm].comparison.seeds for found in levels.values())
        return f"is undecided at every {axis}, with {seeds} seed{'' if seeds == 1 else 's'}"
    if len(set(decided.values())) > 1:
        return f"has different verdicts ({at_levels}), and no change with {axis} is shown"
    open_at = [level for level in levels if level not in decided]
    held = ", ".join(f"{verdict} at {level}" for level, verdict in decided.items())
    undecided = f"undecided at {', '.join(open_at)}, " if open_at else ""
    return f"holds where it is decided ({held}); {undecided}and no change with {axis} is shown"


def _amount(comparison: Comparison) -> str:
    return digits.effect(comparison.difference, *comparison.interval)
