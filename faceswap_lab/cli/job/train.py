"""The training of a job, and how it ended, in words."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from faceswap_lab.cli.job.label import told_apart
from faceswap_lab.cli.job.longer import go_on_from_shorter
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.messages import listed
from faceswap_lab.config import Config, FoldersData, events_of
from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result

if TYPE_CHECKING:
    from faceswap_lab.data.faces import FaceData


def train(
    config: Config,
    data: "FaceData",
    folder: RunFolder,
    digest: str,
    label: str,
    differing: Sequence[str],
    sweep: str | None = None,
) -> tuple[JobStatus, Result | None]:
    """Train one run, whose lock the caller holds; return how it ended, and its result if it finished.

    ``differing`` has ``group=option`` of the groups in which it differs from the baseline.

    Raises:
        Interrupted: a signal came before training had begun.
        StorageError: the run folder cannot be written, before training had begun.
    """
    _introduce(config, data, folder, label)
    go_on_from_shorter(config, data, folder, digest)
    from faceswap_lab.training.run import Run

    command = [sys.executable, "-m", "faceswap_lab", *sys.argv[1:]]
    run = Run(config, data, folder, digest, label, command, differing, sweep)
    where = str(folder.path)
    try:
        return JobStatus("finished", where), run.train_and_judge()
    except Interrupted as stop:
        if stop.step is None:
            raise
        if isinstance(stop.__cause__, Exception):
            return replace(_failed(folder, stop.__cause__), signal=stop.signal), None
        without = "without force=true " if config.force else ""
        said = f"interrupted at step {stop.step} of {run.last_step}, and saved. "
        said += f"The same command {without}goes on from there."
        return JobStatus("interrupted", where, said, stop.signal), None
    except Exception as error:
        return _failed(folder, error), None


def _failed(folder: RunFolder, error: Exception) -> JobStatus:
    from faceswap_lab.data.sampler_choice import SamplerRefused
    from faceswap_lab.training.device.compiled import CompileFailed
    from faceswap_lab.training.saved.checkpoint import BadCheckpoint
    from faceswap_lab.training.saved.weights import BadWeights
    from faceswap_lab.training.step.finite import Diverged

    where = str(folder.path)
    if isinstance(error, Diverged):
        return JobStatus("diverged", where, f"the run has diverged. {error}")
    if isinstance(error, BadCheckpoint | BadWeights | CompileFailed | StorageError | SamplerRefused):
        return JobStatus("failed", where, str(error))
    short = f"{type(error).__name__}: {error}".splitlines()[0]  # a defect, ours or a library's
    return JobStatus("failed", where, f"the run has failed. {short}\ntraceback   {folder.traceback}")


def _introduce(config: Config, data: "FaceData", folder: RunFolder, label: str) -> None:
    d = config.data
    folders = d.folders if isinstance(d, FoldersData) else ()
    who = " → ".join(told_apart(folders)) if folders else f"{' → '.join(data.people)}, rendered"
    counts = ", ".join(f"{side} {len(data.train[side])}+{len(data.held_out[side])}" for side in data.sides)
    print(
        f"run         {label}, seed {config.seed}: {config.training.max_steps} steps of "
        f"{config.training.batch_size} faces per side at {config.model.resolution} px"
    )
    if config.shrunk:
        print(f"shrunk      {config.shrunk}")
    print(f"faces       {who}: {counts} (training + held out)")
    for remark in data.remarks:
        print(f"            {remark}")
    for line in listed("events", events_of(config).in_order()):
        print(line)
    print(f"run folder  {folder.path}", flush=True)
