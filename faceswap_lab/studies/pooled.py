"""One study from several folders of its evidence: pairs that were added later, or run on another machine."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from faceswap_lab.config import ConfigError
from faceswap_lab.studies import digits
from faceswap_lab.studies.collecting.collect import config_of, differing
from faceswap_lab.studies.collecting.pictures import AT_BOTH_ENDS
from faceswap_lab.studies.evidence import Evidence, read_evidence
from faceswap_lab.studies.plan import StudyPlan
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.scope import in_general
from faceswap_lab.studies.tuning import TUNING

_ASKED = ("name", "question", "baseline", "metric", "smallest_difference", "group_seeds", "declared")
_LOOKED_BEFORE = (
    "Pooled from {} folders of evidence: {}. Whoever adds pairs because a verdict was still open has looked twice, and "
    "p values and intervals do not know of it."
)


def pooled(folders: Sequence[Path]) -> Evidence:
    """Return one study's evidence from several folders: all arms at all seeds that any of them has.

    A seed that several folders have is that one's in which most of its cells are finished, the first of them. What
    is not finished there is another one's, where its baseline is the same run. What no folder has is missing.
    Pictures and further measurements are the first folder's, but for the pairs at both ends, which are others now.

    Args:
        folders: of evidence, two or more, in the order in which they were made.

    Raises:
        ConfigError: a folder holds no evidence, or they are not one study: what they ask or an arm's settings differ;
            or an arm would be paired with a baseline that was not trained beside it.
    """
    parts = {folder: read_evidence(folder) for folder in folders}
    for (where, one), (folder, other) in combinations(parts.items(), 2):
        _refuse_another_study(where, one, folder, other)
    _refuse_tuned(parts)
    first = parts[folders[0]]
    arms = {arm: says for part in parts.values() for arm, says in part.plan.arms.items()}
    seeds = sorted({seed for part in parts.values() for seed in part.plan.seeds})
    plan = replace(
        first.plan,
        pooled=[folder.name for folder in parts],
        arms=arms,
        seeds=seeds,
        notes=[*dict.fromkeys(note for part in parts.values() for note in part.plan.notes), _goes(parts)],
        command=shlex.join(["python", "-m", "faceswap_lab", "report", *map(str, folders)]),
        settings=[word for word in first.plan.settings if all(word in part.plan.settings for part in parts.values())],
    )
    grids = [grid for grid in first.grids if grid.title != AT_BOTH_ENDS]
    extras = {name: extra for name, extra in first.extras.items() if name != "declared"}  # of its own runs alone
    of_seed = {seed: _cells(parts, first.plan, arms, seed) for seed in seeds}
    cells = [of_seed[seed][arm] for arm in arms for seed in seeds]
    return replace(first, plan=plan, runs=cells, grids=grids, extras=extras)


def _refuse_another_study(where: Path, first: Evidence, folder: Path, other: Evidence) -> None:
    asked: list[tuple[str, Any, Any]] = [(one, getattr(first.plan, one), getattr(other.plan, one)) for one in _ASKED]
    for arm in (arm for arm in first.arms if arm in other.arms):
        settings = differing(config_of(first.runs, arm), config_of(other.runs, arm))
        asked += [(f"{arm}'s {setting}", *values) for setting, values in settings.items()]
    made, others = _made_of(first), _made_of(other)
    asked += [
        (f"the {fact} of {name}", made[name, fact], others[name, fact]) for name, fact in made if (name, fact) in others
    ]
    unlike = [f"{what} is {one!r} and {another!r}" for what, one, another in asked if one != another]
    if unlike:
        raise ConfigError(
            f"report: {where} and {folder} are not one study, so their runs cannot be pooled: {unlike[0]}"
            f"{f', and {len(unlike) - 1} more such differences' if unlike[1:] else ''}."
        )


def _made_of(found: Evidence) -> dict[tuple[str, str], str]:
    """Return (arm or cell, fact) → the fingerprint of what its runs are made of: plugins, and the faces."""
    by_seed = in_general(config_of(found.runs, found.plan.baseline))
    facts = [(run.name if by_seed else run.arm, "data", run) for run in found.runs]
    facts += [(run.arm, "plugins", run) for run in found.runs]
    return {(name, fact): run.facts[fact] for name, fact, run in facts if fact in run.facts}


def _refuse_tuned(parts: dict[Path, Evidence]) -> None:
    tuned = [folder for folder, part in parts.items() if TUNING in part.extras]
    if tuned:
        raise ConfigError(
            f"report: {tuned[0]} is of a study that tunes its arms, and its verdicts without tuning would be of fewer "
            "pairs. Ask it with all seeds at once."
        )


def _goes(parts: dict[Path, Evidence]) -> str:
    told = [f"{folder.name} ({part.plan.command})" for folder, part in parts.items()]
    return _LOOKED_BEFORE.format(len(parts), "; ".join(told))


def _cells(parts: dict[Path, Evidence], asked: StudyPlan, arms: Iterable[str], seed: int) -> dict[str, Run]:
    """Return a seed's cell of every arm, each beside the baseline that it was trained with."""
    cells = {folder: {run.arm: run for run in part.runs if run.seed == seed} for folder, part in parts.items()}
    finished = {folder: {arm: run for arm, run in own.items() if run.finished} for folder, own in cells.items()}
    beside = max(parts, key=lambda folder: (asked.baseline in finished[folder], len(finished[folder])))
    order = sorted(parts, key=lambda folder: folder != beside)
    found = {}
    for arm in arms:
        able = [one for one in order if arm in finished[one]]
        if asked.baseline in finished[beside]:  # and not one whose own baseline is not known
            able = [one for one in able if asked.baseline in finished[one]]
        if able:
            where = able[0]
            _refuse_another_baseline(asked, {one: finished[one].get(asked.baseline) for one in (where, beside)})
            found[arm] = finished[where][arm]
        else:
            every = [run for part in parts.values() for run in part.runs]
            missing = Run(
                arm, seed, "missing", "in none of the folders", config={**config_of(every, arm), "seed": seed}
            )
            ended = [cells[one][arm] for one in order if arm in cells[one] and arm not in finished[one]]
            found[arm] = next(iter(ended), missing)
    return found


def _refuse_another_baseline(asked: StudyPlan, baselines: Mapping[Path, Run | None]) -> None:
    """Refuse a pair of two parts: what differs between machines and commits would look like the arm's doing."""
    values = {folder: run.metrics.get(asked.metric) for folder, run in baselines.items() if run}
    if len(set(values.values())) > 1:
        told = " and ".join(f"{folder} ({digits.fixed(value, 4)})" for folder, value in values.items())
        raise ConfigError(
            f"report: {asked.baseline} with the same seed came to another {asked.metric} in {told}, perhaps on another "
            "machine or commit, and no arm of the one is paired with the other's. Give each folder seeds of its own, "
            "or all arms; or report each by itself."
        )
