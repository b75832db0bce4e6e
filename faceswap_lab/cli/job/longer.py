"""A run that is a finished one but longer: it goes on from there where that gives the same bits, and says so."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.cli.job.digest import data_of, hash_of
from faceswap_lab.config import Config, knows_end
from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.result import sound_result

if TYPE_CHECKING:
    from faceswap_lab.data.faces import FaceData


def go_on_from_shorter(config: Config, data: "FaceData", folder: RunFolder, digest: str) -> None:
    """Let a new run begin at the end of the longest finished run that differs in its length alone; say so, or why not.

    Nothing is done, nor said, where there is no such run, where this run has begun already, and with ``force=true``.
    The caller holds the lock of the run's folder.

    Raises:
        StorageError: the folder cannot be written.
    """
    if config.force or any(folder.checkpoints.iterdir()):
        return
    found = _shorter(config, data)
    if not found:
        return
    why = knows_end(config)
    if why:
        steps, shorter = found[0]
        print(f"from zero   not from step {steps} of {shorter.path}: with {why} a step depends on their number")
        return
    from faceswap_lab.training.saved.checkpoint import BadCheckpoint
    from faceswap_lab.training.saved.longer import CannotGoOn, go_on_from

    for steps, shorter in found:
        try:
            go_on_from(shorter, steps, folder, config, digest)
        except (CannotGoOn, BadCheckpoint) as error:
            print(f"            not from step {steps} of {shorter.path}: {error}")
        else:
            print(f"goes on     from step {steps} of {shorter.path}, which differs in its length alone")
            return
    print("from zero   as no shorter run will do")


def _shorter(config: Config, data: "FaceData") -> list[tuple[int, RunFolder]]:
    """Return the finished runs that differ in their length alone, with their steps, the longest first.

    One listing, and the ``result.json`` of the runs of this seed: it says how many steps a run has, from which follows
    the hash that its folder would bear. Nothing else is opened.
    """
    faces = data_of(config, data.fingerprint)

    @cache
    def digest_at(steps: int) -> str:
        return hash_of(replace(config, training=replace(config.training, max_steps=steps)), faces)

    found = []
    for (seed, digest), folder in find_all(Path(config.runs_dir)).items():
        result = sound_result(folder) if seed == config.seed else None
        if result and result.steps < config.training.max_steps and digest_at(result.steps) == digest:
            found.append((result.steps, folder))
    return sorted(found, key=lambda run: run[0], reverse=True)
