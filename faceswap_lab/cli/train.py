"""The training of a job, and of the seeds that it takes along, each ending in an outcome that can be said."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.config import Config, TwinsData
from faceswap_lab.data.faces import FaceData
from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result

if TYPE_CHECKING:
    from faceswap_lab.training.run import Run
    from faceswap_lab.training.together import Ending

Trained = tuple[Outcome, Result | None]


@dataclass(frozen=True)
class Prepared:
    """A run that can begin: its folder is there, and its lock is held."""

    config: Config
    folder: RunFolder
    digest: str
    label: str


def train(prepared: Sequence[Prepared], data: FaceData, differing: Sequence[str]) -> list[Trained | None]:
    """Train one run, or several seeds at once; return how each ended, or None for one that has to wait for its turn.

    Args:
        prepared: the runs; further ones differ from the first in their seed alone.
        data: their faces.
        differing: ``group=option`` of the groups in which they differ from the baseline.
    """
    _introduce(prepared, data)
    from faceswap_lab.training.run import Run

    command = [sys.executable, "-m", "faceswap_lab", *sys.argv[1:]]
    runs = [Run(p.config, data, p.folder, p.digest, p.label, command, differing) for p in prepared]
    return [_outcome(run.folder, run.last_step, ending) for run, ending in zip(runs, _endings(runs), strict=True)]


def _endings(runs: Sequence["Run"]) -> "Sequence[Ending]":
    try:
        if len(runs) == 1:
            return [runs[0].train_and_judge()]
        from faceswap_lab.training.together import train_together

        return train_together(runs)
    except Interrupted as stop:
        if stop.step is None:
            raise
        return [stop, *[None] * (len(runs) - 1)]
    except Exception as error:
        return [error, *[None] * (len(runs) - 1)]


def _outcome(folder: RunFolder, last_step: int, ending: "Ending") -> Trained | None:
    from faceswap_lab.data.sampler_choice import SamplerRefused
    from faceswap_lab.training.checkpoint import BadCheckpoint
    from faceswap_lab.training.compiled import CompileFailed
    from faceswap_lab.training.finite import Diverged

    where = str(folder.path)
    if ending is None or isinstance(ending, Result):
        return (Outcome("finished", where), ending) if ending else None
    if isinstance(ending, Interrupted):
        said = f"interrupted at step {ending.step} of {last_step}, and saved. The same command goes on from there."
        return Outcome("interrupted", where, said, ending.signal), None
    if isinstance(ending, Diverged):
        return Outcome("diverged", where, f"the run has diverged. {ending}"), None
    if isinstance(ending, BadCheckpoint | CompileFailed | StorageError | SamplerRefused):
        return Outcome("failed", where, str(ending)), None
    short = f"{type(ending).__name__}: {ending}".splitlines()[0]  # a defect, ours or a library's
    return Outcome("failed", where, f"the run has failed. {short}\ntraceback   {folder.traceback}"), None


def _introduce(prepared: Sequence[Prepared], data: FaceData) -> None:
    first = prepared[0]
    config, d = first.config, first.config.data
    who = (
        f"{d.identity_a} → {d.identity_b}, rendered"
        if isinstance(d, TwinsData)
        else f"{Path(d.a).name} → {Path(d.b).name}"
    )
    counts = {side: f"{len(data.train[side])}+{len(data.held_out[side])}" for side in ("A", "B")}
    print(
        f"run         {first.label}, seed {config.seed}: {config.training.max_steps} steps of "
        f"{config.training.batch_size} faces per side at {config.model.resolution} px"
    )
    print(f"faces       {who}: A {counts['A']}, B {counts['B']} (training + held out)")
    for remark in data.remarks:
        print(f"            {remark}")
    print(f"run folder  {first.folder.path}", flush=True)
    if len(prepared) > 1:
        seeds = ", ".join(str(p.config.seed) for p in prepared)
        print(f"at once     seeds {seeds}, each in its own folder", flush=True)
