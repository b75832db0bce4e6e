"""``status.json``: how far a run has come, for people and for sweeps. It never decides whether a run is finished."""

import json
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from faceswap_lab.runs.atomic import write_json, write_text
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.lock import holder
from faceswap_lab.runs.result import BadResult, read_result

State = Literal["created", "running", "interrupted", "failed", "diverged", "finished"]


@dataclass(frozen=True)
class Status:
    """How far a run has come.

    Attributes:
        state: created: a folder and no more; running: a process works on it; interrupted: stopped by a signal or
            killed, goes on when its command is repeated; failed: an error ended it; diverged: a loss or gradient
            became infinite or NaN; finished: it has a result.
        step: training steps made when this was written.
        time: when that was, UTC in ISO 8601; empty if unknown.
        message: one line for a person.
        traceback: name of the file in the run folder with the error's traceback, or None.
    """

    state: State
    step: int = 0
    time: str = ""
    message: str = ""
    traceback: str | None = None


def write_status(
    folder: RunFolder, state: State, step: int, message: str = "", error: BaseException | None = None
) -> Status:
    """Write how far the run has come, and the traceback of ``error`` beside it.

    Without an error a traceback of an earlier session is removed: the run has overcome it.

    Raises:
        StorageError: the folder cannot be written.
    """
    if error is None:
        folder.traceback.unlink(missing_ok=True)
    else:
        write_text(folder.traceback, "".join(traceback.format_exception(error)))
    status = Status(
        state,
        int(step),
        datetime.now(UTC).isoformat(timespec="seconds"),
        message or _one_line(error),
        folder.traceback.name if error is not None else None,
    )
    write_json(folder.status, asdict(status))
    return status


def read_status(folder: RunFolder) -> Status:
    """Return how far the run has come, as far as that can be told; a missing or damaged file is no error.

    A readable result means finished and nothing else does: a status that claims it alone is taken for interrupted, and
    so is "running" when no process holds the run's lock any more (it was killed).
    """
    written = _written(folder)
    try:
        result = read_result(folder)
    except BadResult as error:
        return Status("interrupted", written.step, written.time, str(error))
    if result is not None:
        return Status("finished", result.steps, result.finished, written.message if written.state == "finished" else "")
    if written.state == "finished":
        return Status(
            "interrupted", written.step, written.time, f"called finished, but there is no {folder.result.name}"
        )
    if written.state == "running" and holder(folder.path) is None:
        return Status("interrupted", written.step, written.time, "its process ended without a word; repeat its command")
    return written


def _written(folder: RunFolder) -> Status:
    try:
        return _parsed(json.loads(folder.status.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Status("created")
    except (OSError, ValueError, TypeError, RecursionError):
        return Status("interrupted", message=f"{folder.status.name} is damaged; repeating the run's command mends it")


def _parsed(content: Any) -> Status:
    status = Status(**content)
    kinds_hold = isinstance(status.step, int) and isinstance(status.time, str) and isinstance(status.message, str)
    if status.state not in get_args(State) or not kinds_hold or not isinstance(status.traceback, str | None):
        raise ValueError(content)
    return status


def _one_line(error: BaseException | None) -> str:
    if error is None:
        return ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
