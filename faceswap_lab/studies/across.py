"""One question asked at several sizes, or along any other axis: does each finding hold, does it turn, can it be seen?

Every level of the axis is a study of its own, with its own baseline. What is added here is how an arm's difference from
the baseline changes from level to level: the difference of the differences, paired by seed, with its interval.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.atomic import explaining, write_text
from faceswap_lab.studies import digits
from faceswap_lab.studies.analysis import ALPHA, analyse
from faceswap_lab.studies.evidence import is_evidence, read_evidence
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.statistics.p_values import holm
from faceswap_lab.studies.statistics.paired import Comparison, compare

ACROSS = "across.json"
_FORMAT = 1


@dataclass(frozen=True)
class Interaction:
    """How an arm's difference at one level differs from that at the first.

    Attributes:
        arm: which.
        level: of the axis.
        comparison: of the arm's differences at the first level (its baseline) and at this one, paired by seed.
        p_holm: sign-flip p, corrected for all arms and levels.
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
        if self.p_holm > ALPHA or not self.comparison.interval.excludes_zero():
            return "no change is shown"
        too_little = self.margin is not None and self.comparison.interval.inside(self.margin)
        return "changes, too little to matter" if too_little else "changes"


@dataclass(frozen=True)
class Across:
    """A question along an axis.

    Attributes:
        axis: the setting that differs, such as ``scale``.
        levels: level → what its study found, in the order given; all of the same question.
        folders: level → where its evidence lies.
        arms: those that every level has, without the baseline.
        left_out: arms that only some levels have.
        interactions: arm → one for each level but the first.
        says: arm → in one line whether it holds.
    """

    axis: str
    levels: dict[str, Findings]
    folders: dict[str, Path]
    arms: list[str]
    left_out: list[str]
    interactions: dict[str, list[Interaction]]
    says: dict[str, str]

    @property
    def first(self) -> Findings:
        """What the first level's study found."""
        return next(iter(self.levels.values()))

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
        ConfigError: fewer than two, a folder without evidence, or studies whose baselines or primary metrics differ.
    """
    if len(folders) < 2:
        raise ConfigError(f"report: to compare a question along {axis} takes at least two folders of evidence.")
    levels = {level: analyse(read_evidence(folder)) for level, folder in folders.items()}
    questions = {(found.baseline, found.primary.metric.key) for found in levels.values()}
    if len(questions) > 1:
        differ = "; ".join(f"{level}: {one.baseline}, {one.primary.metric.key}" for level, one in levels.items())
        raise ConfigError(f"report: these are not one question: their baselines or primary metrics differ ({differ}).")
    every = [list(found.primary.judgements) for found in levels.values()]
    arms = [arm for arm in every[0] if all(arm in others for others in every)]
    left_out = list(dict.fromkeys(arm for one in every for arm in one if arm not in arms))
    interactions = _interactions(levels, arms)
    says = {arm: _says(axis, arm, levels, interactions[arm]) for arm in arms}
    return Across(axis, levels, dict(folders), arms, left_out, interactions, says)


def write_across(axis: str, folders: Mapping[str, Path], folder: Path) -> None:
    """Write which folders of evidence belong together, relative to ``folder``."""
    with explaining(folder / ACROSS):
        folder.mkdir(parents=True, exist_ok=True)
    where = {level: path.resolve().relative_to(folder.resolve().parent).as_posix() for level, path in folders.items()}
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
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(f"{folder / ACROSS} cannot be read: {' '.join(str(error).split())}") from error
    return across(axis, folders)


def is_across(folder: Path) -> bool:
    """Tell whether a folder compares studies along an axis."""
    return (folder / ACROSS).is_file() and not is_evidence(folder)


def _interactions(levels: Mapping[str, Findings], arms: list[str]) -> dict[str, list[Interaction]]:
    """Return the differences of the differences; p is corrected over all of them together."""
    first, *others = levels
    made = []
    for arm in arms:
        there = _differences(levels[first], arm)
        for level in others:
            higher = bool(levels[first].primary.metric.higher_is_better)
            compared = compare(there, _differences(levels[level], arm), higher_is_better=higher, confidence=1 - ALPHA)
            made.append((arm, level, compared))
    corrected = holm([compared.p for _, _, compared in made])
    found: dict[str, list[Interaction]] = {arm: [] for arm in arms}
    for (arm, level, compared), p in zip(made, corrected):
        margin = levels[first].primary.metric.smallest_difference
        found[arm].append(Interaction(arm, level, compared, float(p), margin))
    return found


def _differences(findings: Findings, arm: str) -> dict[int, float]:
    return findings.primary.judgements[arm].comparison.differences


def _says(axis: str, arm: str, levels: Mapping[str, Findings], changes: list[Interaction]) -> str:
    """Return in one line whether what is found of an arm holds at all levels."""
    verdicts = {level: found.primary.judgements[arm].verdict for level, found in levels.items()}
    decided = {level: verdict for level, verdict in verdicts.items() if verdict != "undecided"}
    shown = [change for change in changes if change.says == "changes"]
    first = next(iter(levels))
    how = "; ".join(f"from {first} to {change.level} by {_amount(change.comparison)}" for change in shown)
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
        return f"is undecided at every {axis}: too small to see with {seeds} seeds"
    if len(set(decided.values())) > 1:
        return f"has different verdicts ({at_levels}), and no change with {axis} is shown"
    open_at = [level for level in levels if level not in decided]
    held = ", ".join(f"{verdict} at {level}" for level, verdict in decided.items())
    undecided = f"undecided at {', '.join(open_at)}, " if open_at else ""
    return f"holds where it is decided ({held}); {undecided}and no change with {axis} is shown"


def _amount(comparison: Comparison) -> str:
    return digits.effect(comparison.difference, *comparison.interval)
