"""A new run that begins where a shorter one, equal otherwise, has ended, as if it had been trained straight."""

from dataclasses import replace

from faceswap_lab.config import Config
from faceswap_lab.runs.atomic import write_bytes
from faceswap_lab.runs.folder import RunFolder, parsed_name
from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
from faceswap_lab.runs.sessions import inherit_sessions, read_sessions
from faceswap_lab.training.saved.checkpoint import read_last, save


class CannotGoOn(ValueError):
    """Why a shorter run is of no use to a longer one, in a few words."""


def go_on_from(shorter: RunFolder, steps: int, folder: RunFolder, config: Config, digest: str) -> None:
    """Make a new run's folder what a straight run would have left in it after the shorter run's steps.

    The shorter run is only read. The checkpoint comes last: from it on, the run goes on like any that was interrupted;
    killed before, it has not begun.

    Args:
        shorter: a finished run that differs in its length alone.
        steps: its training steps.
        folder: of the new run, without a checkpoint.
        config: of the new run.
        digest: of the new run.

    Raises:
        CannotGoOn, BadCheckpoint: the shorter run lacks something, or wrote its rows at other steps.
        StorageError: the folder cannot be written.
    """
    _check_cadence(shorter, config)
    name = parsed_name(shorter.path)
    checkpoint = read_last(shorter.checkpoints, name.digest if name else "")
    if checkpoint.step != steps:
        raise CannotGoOn(f"its last checkpoint is of step {checkpoint.step}")
    rows = read_metrics(shorter.metrics)
    if not rows or rows[-1]["step"] != steps:
        raise CannotGoOn("its metrics.csv is not whole")
    if steps % config.logger.every_steps:
        if not checkpoint.pending:
            raise CannotGoOn(f"step {steps} lies between two rows of losses, and it kept none of them")
        rows = [row for row in rows if row["step"] != steps or "steps_per_second" not in row]  # scores have no speed
    folder.metrics.unlink(missing_ok=True)
    MetricsCsv(folder.metrics).append(rows)
    for picture in shorter.previews.glob("step-*.png"):
        write_bytes(folder.previews / picture.name, picture.read_bytes())
    inherit_sessions(folder, shorter)
    save(folder.checkpoints, replace(checkpoint, digest=digest))


def _check_cadence(shorter: RunFolder, config: Config) -> None:
    """Rows are written at steps that no hash knows of."""
    sessions = [session["config"] for session in read_sessions(shorter) if "config" in session]
    if not sessions:
        raise CannotGoOn("its run.json does not say how it was made")
    for group, now in (("logger", config.logger.every_steps), ("evaluation", config.evaluation.every_steps)):
        for before in (session.get(group, {}).get("every_steps") for session in sessions):
            if before != now:
                said = "null" if before is None else before
                raise CannotGoOn(f"its rows were written with {group}.every_steps={said}")
