"""Checkpoints: everything a run needs to go on bit for bit, as plain tensors and builtins, with a checksum.

No random state is in it, because none is needed: every draw is a function of its index (``faceswap_lab.randomness``).
"""

import hashlib
import io
import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faceswap_lab.models.renamed import renamed
from faceswap_lab.runs.atomic import write_bytes
from faceswap_lab.training.module import FaceswapModule

log = logging.getLogger(__name__)

_FORMAT = 3
_BEFORE_TOPOLOGIES = 2  # encoders and decoders in place of named parts, losses by side
_KEPT = 2  # the newest, and the one before in case the newest turns out to be damaged
_NAME = re.compile(r"^step-(\d+)-([0-9a-f]{16})\.pt$")


class BadCheckpoint(ValueError):
    """Checkpoints there are, but none can be used."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after ``step`` training steps.

    Attributes:
        digest: the run's hash: a checkpoint belongs to one configuration.
        step: training steps made.
        seconds: training time so far, by the clock on the wall.
        cpu_seconds: processor time so far; None: it goes on from one that was saved before this was measured.
        weights: the autoencoder's state_dict.
        optimizers: state_dict of every optimizer.
        pending: losses since the last row of metrics, by name.
        recent: losses of the last steps, by name; see ``RecentLosses``.
        averaged: state_dict of the moving average of the weights; None: there is none.
        discriminators: state_dict of what learns beside the autoencoder; None: nothing does.
    """

    digest: str
    step: int
    seconds: float
    weights: dict[str, Tensor]
    optimizers: list[dict[str, Any]]
    pending: dict[str, list[float]]
    recent: dict[str, list[float]]
    averaged: dict[str, Tensor] | None = None
    discriminators: dict[str, Tensor] | None = None
    cpu_seconds: float | None = None


def taken_of(module: FaceswapModule, digest: str, seconds: float, cpu_seconds: float | None = None) -> Checkpoint:
    """Return the state of a module in training, between two steps. The tensors are the module's own: save them now."""
    return Checkpoint(
        digest=digest,
        step=module.steps_done,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        weights=_whole(dict(module.autoencoder.state_dict())),
        optimizers=[_whole(optimizer.state_dict()) for optimizer in module.all_optimizers],
        pending={name: [float(loss) for loss in losses] for name, losses in module.pending.items()},
        recent=module.recent.state(),
        averaged=None if module.averaged is None else _whole(dict(module.averaged.state_dict())),
        discriminators=_whole(dict(module.discriminators.state_dict())) or None,
    )


def restore(module: FaceswapModule, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's state into a module whose optimizers exist; on whatever device it lies.

    Raises:
        BadCheckpoint: it is of another model or other optimizers.
    """
    restore_outcome(module, checkpoint)
    with _explaining(checkpoint):
        for optimizer, state in zip(module.all_optimizers, checkpoint.optimizers, strict=True):
            optimizer.load_state_dict(state)
        module.states.loaded()
        module.discriminators.states.loaded()
        module.discriminators.load_state_dict(checkpoint.discriminators or {})
    module.pending = {
        name: [torch.tensor(loss, device=module.device) for loss in losses]
        for name, losses in checkpoint.pending.items()
    }


def restore_outcome(module: FaceswapModule, checkpoint: Checkpoint) -> None:
    """Put into a module what the result is made of, all that a training needs that is over: weights, losses, steps.

    Raises:
        BadCheckpoint: it is of another model.
    """
    with _explaining(checkpoint):
        module.autoencoder.load_state_dict(checkpoint.weights)
        if module.averaged is not None:
            module.averaged.load_state_dict(checkpoint.averaged or {})
    module.recent.load(checkpoint.recent, module.device)
    module.steps_done = checkpoint.step


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint whole or not at all, its checksum in its name; keep the one before it.

    Raises:
        faceswap_lab.runs.atomic.StorageError: the folder cannot be written; earlier checkpoints are intact.
    """
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, **vars(checkpoint)}, buffer)
    data = buffer.getbuffer()  # no copy: at the size of 2018 this is 1.5 GB
    path = folder / f"step-{checkpoint.step:09d}-{hashlib.sha256(data).hexdigest()[:16]}.pt"
    write_bytes(path, data)
    for old in _newest_first(folder)[_KEPT:]:
        old.unlink(missing_ok=True)
    return path


def load(folder: Path, digest: str) -> Checkpoint | None:
    """Return the newest checkpoint that is whole, or None if there never was one.

    A damaged one is named, set aside (``….damaged``), and the one before it is used. Nothing in it is executed.

    Raises:
        BadCheckpoint: there are checkpoints, and every one is damaged: starting from zero needs a person's word.
    """
    damaged = [path.name for path in folder.glob("*.damaged")]
    for path in _newest_first(folder):
        try:
            return _read(path, digest)
        except _Damaged as reason:
            log.warning("%s is damaged (%s); it is set aside, and the checkpoint before it is used.", path, reason)
            path.rename(path.with_name(path.name + ".damaged"))
            damaged.append(path.name)
    if damaged:
        raise BadCheckpoint(
            f"{folder}: no usable checkpoint is left ({', '.join(sorted(damaged))}). "
            "force=true trains again from zero, beside this run."
        )
    return None


def read_last(folder: Path, digest: str) -> Checkpoint:
    """Return the newest checkpoint of another run, in whose folder nothing is touched.

    Raises:
        BadCheckpoint: there is none, or it is damaged; the message says which in a few words.
    """
    paths = _newest_first(folder) if folder.is_dir() else []
    if not paths:
        raise BadCheckpoint("it has no checkpoint any more")
    try:
        return _read(paths[0], digest)
    except _Damaged as reason:
        raise BadCheckpoint(f"its last checkpoint is damaged ({reason})") from reason


def _whole(value: Any) -> Any:
    """Return nested dicts and lists with every tensor alone in its memory."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    part = isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes
    return value.clone() if part else value


class _Damaged(Exception):
    """Why a checkpoint cannot be used."""


def _newest_first(folder: Path) -> list[Path]:
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.match(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def _read(path: Path, digest: str) -> Checkpoint:
    data = path.read_bytes()
    match = _NAME.match(path.name)
    assert match is not None
    if hashlib.sha256(data).hexdigest()[:16] != match[2]:
        raise _Damaged("its content does not match its checksum")
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        written_in = content.pop("format")
        if written_in == _BEFORE_TOPOLOGIES:
            content = _brought_up_to_date(content)
        elif written_in != _FORMAT:
            raise _Damaged("it is of another format")
        checkpoint = Checkpoint(**content)
        unsound = _unsound(checkpoint, int(match[1]))
        if unsound:
            raise _Damaged(f"its {unsound} cannot be")
    except _Damaged:
        raise
    except Exception as error:
        raise _Damaged(f"it cannot be read: {type(error).__name__}") from error
    if checkpoint.digest != digest:
        raise _Damaged(f"it belongs to another configuration ({checkpoint.digest})")
    return checkpoint


def _brought_up_to_date(content: dict[str, Any]) -> dict[str, Any]:
    losses = {
        kind: {f"loss_{side}": kept for side, kept in content[kind].items() if kept} for kind in ("pending", "recent")
    }
    return content | losses | {"weights": renamed(content["weights"])}


def _unsound(checkpoint: Checkpoint, step: int) -> str:
    """Return the name of a part that is not what ``taken_of`` makes, or nothing; ``step`` is what its file is named."""
    c = checkpoint
    sound = {
        "step": type(c.step) is int and c.step == step,
        "seconds": _is_time(c.seconds),
        "cpu_seconds": c.cpu_seconds is None or _is_time(c.cpu_seconds),
        "weights": _are_weights(c.weights),
        "optimizers": all(isinstance(state, dict) for state in c.optimizers),
        "pending": _are_losses(c.pending),
        "recent": _are_losses(c.recent),
        "averaged": c.averaged is None or _are_weights(c.averaged),
        "discriminators": c.discriminators is None or _are_weights(c.discriminators),
    }
    return next((part for part, is_sound in sound.items() if not is_sound), "")


def _is_time(seconds: float) -> bool:
    return type(seconds) is float and 0 <= seconds < math.inf


def _are_weights(weights: dict[str, Tensor]) -> bool:
    return all(isinstance(weight, Tensor) for weight in weights.values())


def _are_losses(losses: dict[str, list[float]]) -> bool:
    return all(name.startswith("loss_") and all(type(loss) is float for loss in kept) for name, kept in losses.items())


@contextmanager
def _explaining(checkpoint: Checkpoint) -> Iterator[None]:
    """Say of a state that torch cannot put to use whose it is."""
    try:
        yield
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpoint(
            f"the checkpoint of step {checkpoint.step} is not of this run's model and optimizers, though it says so "
            f"({' '.join(str(error).split())[:200]}). force=true trains again from zero, beside this run."
        ) from error
