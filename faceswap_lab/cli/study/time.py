"""Which cells of a study are finished, and how long the rest will take, by what finished runs took."""

import os
from dataclasses import dataclass
from statistics import fmean

from faceswap_lab.cli.study.plan import StudyJob
from faceswap_lab.runs.folder import find_all
from faceswap_lab.runs.result import sound_result

_OTHER_SEEDS = 3  # seeds outside the study looked up for an arm: an estimate needs no more

Key = tuple[str, int]  # arm, seed


@dataclass(frozen=True)
class Known:
    """What the runs folder knows of a study before it starts.

    Attributes:
        finished: cells that have a result.
        seconds: arm → mean training time of a finished run of it, of any seed; only of arms that have one.
    """

    finished: set[Key]
    seconds: dict[str, float]


def look(job: StudyJob) -> Known:
    """Look for finished runs of a study's cells, and of its arms under other seeds. One listing of the runs folder."""
    folders = find_all(job.plan.runs_dir)
    finished: set[Key] = set()
    seconds: dict[str, list[float]] = {}
    for cell in job.plan.cells:
        result = sound_result(folders.get((cell.seed, cell.digest)))
        if result:
            finished.add((cell.arm, cell.seed))
            seconds.setdefault(cell.arm, []).append(result.seconds)
    others = sorted({seed for seed, _ in folders} - set(job.plan.seeds))[:_OTHER_SEEDS]
    for arm in job.plan.arms.keys() - seconds.keys():
        found = [sound_result(folders.get((seed, job.digest(arm, seed)))) for seed in others]
        if any(found):
            seconds[arm] = [result.seconds for result in found if result]
    return Known(finished, {arm: fmean(values) for arm, values in seconds.items()})


def remaining(job: StudyJob, known: Known) -> float | None:
    """Return the seconds of training that are left, all cells together; None if no finished run tells.

    An arm that has no finished run is taken to be as slow as the study's others.
    """
    if not known.seconds:
        return None
    usual = fmean(known.seconds.values())
    return sum(
        known.seconds.get(cell.arm, usual) for cell in job.plan.cells if (cell.arm, cell.seed) not in known.finished
    )


def cells_at_once(launcher: str, jobs: int | None) -> int | None:
    """Return how many cells run at once under a launcher whose n_jobs is ``jobs``; None where only it knows."""
    if launcher == "basic":
        return 1
    if jobs is None:
        return None
    return jobs if jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + jobs)


def in_words(seconds: float) -> str:
    """Return a length of time as a person says it.

    >>> [in_words(seconds) for seconds in (0.2, 89, 90, 5399, 5400)]
    ['1 s', '89 s', '2 min', '90 min', '1.5 h']
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
