"""``run.json``: one entry per process that worked on the run, so that a resumed run's history can be told.

An entry holds what ``provenance.collect`` returned when the process began, the step it began at, and, unless it was
killed, when, how and at which step it ended; ``sampler``, who made its samples (cv2 or device; see
``data/sampler_choice.py``), if it came to train; and ``events``, a line for each event of the run that it came to. A
run that went on from the end of a shorter one has that run's entries first, each with ``run``, the name of the run that
it belongs to. Whatever writes raises ``atomic.StorageError`` where the folder cannot be written.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from faceswap_lab.runs.atomic import write_json
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.status import State

_FORMAT = 1


def begin_session(folder: RunFolder, provenance: Mapping[str, Any], step: int) -> None:
    """Add an entry for this process, which begins at training step ``step``.

    A code diff that an earlier session had too is stored once, or a run that is preempted often would grow by it."""
    sessions = read_sessions(folder)
    entry = {**provenance, "first_step": int(step), "last_step": None, "end": None, "end_state": None}
    code = entry.get("code")
    if code and code.get("diff") and any(_diff_digest(earlier) == code.get("diff_sha256") for earlier in sessions):
        entry["code"] = {**code, "diff": None}
    write_json(folder.run, {"format": _FORMAT, "sessions": [*sessions, entry]})


def inherit_sessions(folder: RunFolder, shorter: RunFolder) -> None:
    """Let a run that has not begun have the entries of the shorter run whose end it goes on from."""
    entries = [{"run": shorter.path.name, **entry} for entry in read_sessions(shorter)]
    write_json(folder.run, {"format": _FORMAT, "sessions": entries})


def end_session(folder: RunFolder, state: State, step: int) -> None:
    """Complete the last entry: this process stops at training step ``step``, leaving the run in ``state``."""
    end = datetime.now(UTC).isoformat(timespec="seconds")
    note_in_session(folder, last_step=int(step), end=end, end_state=state)


def note_in_session(folder: RunFolder, **facts: Any) -> None:
    """Add to the last entry what is known only once the process is at work; JSON's types."""
    sessions = read_sessions(folder)
    if not sessions:
        return
    sessions[-1] |= facts
    write_json(folder.run, {"format": _FORMAT, "sessions": sessions})


def read_sessions(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the entries, oldest first; empty where there is no file or none that can be read."""
    try:
        content = json.loads(folder.run.read_text(encoding="utf-8"))
        sessions = content["sessions"] if content["format"] == _FORMAT else []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []
    return [entry for entry in sessions if isinstance(entry, dict)] if isinstance(sessions, list) else []


def sampler_of(sessions: Sequence[Mapping[str, Any]]) -> str | None:
    """Return who made a run's samples, as the last session that trained noted it; None where none did.

    A session that found the training done, and only judged, made no samples.
    """
    return next((session["sampler"] for session in reversed(sessions) if "sampler" in session), None)


def _diff_digest(entry: Mapping[str, Any]) -> str | None:
    code = entry.get("code")
    return code.get("diff_sha256") if isinstance(code, dict) else None
