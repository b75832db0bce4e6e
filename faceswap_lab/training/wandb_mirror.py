"""Weights & Biases: a run of its own for each run of ours; offline, it needs no account."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from faceswap_lab.training.mirror import Described, caption_of

if TYPE_CHECKING:
    import wandb

STEP = "step"
"""The axis of every curve: training steps."""

_INIT_SECONDS = 30.0  # to reach the server before a run is recorded offline
_FINISH_SECONDS = 120.0  # to upload what is left at the end; the rest stays on disk
_LONGEST_REASON = 300  # characters of what W&B says of a failure
_LONGEST_TAG = 64  # characters; W&B refuses longer ones


class WandbMirror:
    """Mirrors a run into Weights & Biases.

    W&B's own step is the training step too. So a resumed run, in whatever mode, goes on where its training does, and
    rows that it makes again are dropped by W&B instead of standing there twice.

    Args:
        run: what is shown.
    """

    def __init__(self, run: Described) -> None:
        self.run = _started(run)
        self.run.define_metric(STEP, hidden=True)
        self.run.define_metric("*", step_metric=STEP)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Add to the row of this step."""
        self.run.log({STEP: step, **values}, step=step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Add the file as it is, with its own words as the caption."""
        import wandb

        self.run.log({STEP: step, name: wandb.Image(str(path), caption=caption_of(path))}, step=step)

    def result(self, values: Mapping[str, float], step: int) -> None:
        """Make the run's summary what its ``result.json`` says."""
        self.run.log({STEP: step}, step=step, commit=True)  # or the last row would come later and overwrite it
        self.run.summary.update(dict(values))

    def close(self, failed: bool) -> None:
        """End the W&B run with exit code 0 or 1."""
        self.run.finish(exit_code=int(failed))


def run_id(run: Described) -> str:
    """Return the run's W&B id: the same in every session, another for the same configuration begun anew.

    Run folders are named by their configuration, so two people of one team have folders of the same name.
    """
    return f"{run.folder.name}-{hashlib.sha256(run.begun.encode()).hexdigest()[:6]}"


def _started(run: Described) -> "wandb.Run":
    """Start the W&B run; offline where the server cannot be had: it can be uploaded later."""
    if run.mode != "online":
        return _init(run, run.mode)
    try:
        started = _init(run, "online")
    except Exception as error:
        print(f"W&B cannot be used: {shorten(str(error), _LONGEST_REASON)}", file=sys.stderr)
        print("            The run is recorded offline. Upload it later: wandb login, then", file=sys.stderr)
        print(f"            wandb sync {run.folder / 'wandb'}", file=sys.stderr, flush=True)
        _forget_the_attempt()
        return _init(run, "offline")
    if started.url:
        print(f"W&B         {started.url}", flush=True)
    return started


def _forget_the_attempt() -> None:
    """End W&B's service process: it holds the id of a run that could not be started, and would refuse it."""
    import wandb

    wandb.teardown()


def _init(run: Described, mode: str) -> "wandb.Run":
    import wandb

    wandb.setup(settings=wandb.Settings(silent=True))  # says nothing, so it asks nothing: no key typed in mid-sweep
    return wandb.init(
        project=run.project,
        entity=run.entity,
        group=run.study,
        job_type=run.arm,
        name=run.folder.name,
        tags=list(dict.fromkeys(tag[:_LONGEST_TAG] for tag in run.tags if tag)),
        id=run_id(run),
        config=run.config,
        dir=str(run.folder),
        mode=mode,  # type: ignore[arg-type]  # the configuration's check has seen it
        resume="allow",
        reinit="create_new",  # never a run that is still open in this process
        save_code=False,
        settings=wandb.Settings(
            silent=True,
            show_warnings=False,  # that a resumed run makes rows again which W&B has already
            console="off",  # the terminal is the lab's
            init_timeout=_INIT_SECONDS,
            finish_timeout=_FINISH_SECONDS,
            finish_timeout_raises=True,
        ),
    )
