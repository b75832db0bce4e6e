"""``result.json``: what came out of a run. It is written last, so a run that has one is finished."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceswap_lab.runs.atomic import write_json
from faceswap_lab.runs.folder import RunFolder

_FORMAT = 1  # raised when a field changes its meaning; an older file is then refused rather than misread


class BadResult(ValueError):
    """A result file that cannot be trusted; the message says why and what to do."""


@dataclass(frozen=True)
class Result:
    """What a finished run found.

    Attributes:
        digest: the run's hash.
        label: the run's label.
        seed: the run's seed.
        steps: training steps made.
        seconds: training time, summed over all sessions.
        metrics: metric name → value; finite. A metric that does not exist for the data is absent.
        details: whatever else belongs beside the metrics (parameter counts, baselines), in JSON's types.
        weights_sha256: checksum of the weights file; None if the run exported none.
        finished: when, UTC in ISO 8601.
    """

    digest: str
    label: str
    seed: int
    steps: int
    seconds: float
    metrics: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)
    weights_sha256: str | None = None
    finished: str = ""


def write_result(folder: RunFolder, result: Result) -> Result:
    """Write ``result.json`` with the checksum of the weights as they lie in the folder; call it last of all.

    Raises:
        ValueError: a metric is not finite; the message names it.
        StorageError: the file cannot be written.
    """
    wrong = {name: value for name, value in result.metrics.items() if not math.isfinite(value)}
    if wrong:
        raise ValueError(f"metrics that are not finite: {wrong}; leave a metric out where it does not exist")
    weights = sha256_of(folder.weights) if folder.weights.exists() else None
    result = replace(result, weights_sha256=weights, finished=datetime.now(UTC).isoformat(timespec="seconds"))
    write_json(folder.result, {"format": _FORMAT, **asdict(result)})
    return result


def read_result(folder: RunFolder) -> Result | None:
    """Return what the run found, or None if it has not finished.

    Raises:
        BadResult: there is a file, but it is damaged, of another format, or lacks what a result has.
    """
    try:
        text = folder.result.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _bad(folder, f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _bad(folder, f"it is not text ({error.reason})") from error
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _bad(folder, f"it is not JSON ({error})") from error
    return _checked(folder, content)


def sound_result(folder: RunFolder | None) -> Result | None:
    """Return a run's result if it has one that can be used; of a damaged one its own run says what is wrong."""
    try:
        return read_result(folder) if folder else None
    except (BadResult, OSError):
        return None


def weights_are_intact(folder: RunFolder, result: Result) -> bool:
    """Tell whether the weights file still has the checksum that the result stored."""
    if result.weights_sha256 is None:
        return not folder.weights.exists()
    return folder.weights.is_file() and sha256_of(folder.weights) == result.weights_sha256


_KINDS: dict[str, tuple[type, ...]] = {
    "digest": (str,),
    "label": (str,),
    "seed": (int,),
    "steps": (int,),
    "seconds": (int, float),
    "metrics": (dict,),
    "details": (dict,),
    "weights_sha256": (str, type(None)),
    "finished": (str,),
}


def _checked(folder: RunFolder, content: Any) -> Result:
    if not isinstance(content, dict):
        raise _bad(folder, f"it holds a {type(content).__name__} where an object should be")
    if type(content.get("format")) is not int or content["format"] != _FORMAT:
        raise _bad(folder, f"its format is {content.get('format')!r}, this program reads format {_FORMAT}")
    for name, kinds in _KINDS.items():
        if name not in content:
            raise _bad(folder, f"it lacks {name!r}")
        if not isinstance(content[name], kinds) or (isinstance(content[name], bool)):
            raise _bad(folder, f"{name!r} is {content[name]!r}")
    for name, value in content["metrics"].items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise _bad(folder, f"metric {name!r} is {value!r}")
    return Result(**{entry.name: content[entry.name] for entry in fields(Result)})


def _bad(folder: RunFolder, why: str) -> BadResult:
    return BadResult(
        f"{folder.result} cannot be used: {why}. Remove the file to finish the run again from its last "
        "checkpoint, or start over beside it with force=true."
    )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hex digits, reading it in pieces."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
