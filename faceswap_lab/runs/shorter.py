"""Finished runs that differ from another in their length alone: what a longer run can go on from."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.result import BadResult, Result, read_result


def find_shorter(root: Path, seed: int, steps: int, digest_at: Callable[[int], str]) -> list[tuple[int, RunFolder]]:
    """Return the finished runs of fewer than ``steps`` steps that are equal otherwise, the longest first.

    One listing, and the ``result.json`` of the runs of this seed: it says how many steps a run has, from which follows
    the hash that its folder would bear. Nothing else is opened.

    Args:
        root: the folder of the run folders.
        seed: of the longer run.
        steps: training steps of the longer run.
        digest_at: returns the hash that the longer run would have with another number of steps.
    """
    digest_at = cache(digest_at)
    found = []
    for (of_seed, digest), folder in find_all(root).items():
        result = _result(folder) if of_seed == seed else None
        if result and result.steps < steps and digest_at(result.steps) == digest:
            found.append((result.steps, folder))
    return sorted(found, key=lambda run: run[0], reverse=True)


def _result(folder: RunFolder) -> Result | None:
    try:
        return read_result(folder)
    except (BadResult, OSError):
        return None
