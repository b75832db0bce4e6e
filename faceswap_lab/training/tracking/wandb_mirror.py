"""Weights & Biases: a run of its own for each run of ours; offline, it needs no account.

Where the configuration is silent, W&B's own environment variables count, as everywhere else: ``WANDB_MODE``,
``WANDB_PROJECT``, ``WANDB_ENTITY``, ``WANDB_NAME``, ``WANDB_RUN_GROUP``, ``WANDB_TAGS``, ``WANDB_NOTES``,
``WANDB_DIR``; and ``WANDB_BASE_URL``, of which the configuration says nothing.
"""

import hashlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from faceswap_lab.config.schema import Config, Logger
from faceswap_lab.runs.identity import identity, plain
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.training.tracking.mirror import Described, caption_of

if TYPE_CHECKING:
    import wandb

STEP = "step"
"""The axis of every curve: training steps."""

_INIT_SECONDS = 30.0  # to reach the server before a run is recorded offline
_FINISH_SECONDS = 120.0  # to upload what is left at the end; the rest stays on disk
_LONGEST_REASON = 300  # characters of what W&B says of a failure
_LONGEST_TAG = 64  # characters; W&B refuses longer ones
_ASIDE = "replaced"  # below W&B's folder, where `wandb sync` does not look


class WandbMirror:
    """Mirrors a run into Weights & Biases.

    W&B's own step is the training step too. So a resumed run goes on where its training does; online, rows that it
    makes again are dropped by W&B instead of standing there twice. Offline, each session's record is whole: it begins
    with the run's past, and the record of an earlier session, which a kill may have left torn, is set aside.

    Args:
        run: what is shown.
    """

    def __init__(self, run: Described) -> None:
        self.described, mode = run, mode_of(run)
        if mode not in _MODES:
            raise ValueError(f"WANDB_MODE={mode}: no such mode. Choose one of: {', '.join(_MODES)}")
        self.run, self.mode = _started(run, mode)
        self.place = _place(run, self.mode)
        self.holds = self.run.starting_step - 1
        self.run.define_metric(STEP, hidden=True)
        self.run.define_metric("*", step_metric=STEP)
        if self.mode == "offline":
            _set_aside_others(Path(self.run.dir).parent, self.run.id)

    @staticmethod
    def place_of(run: Described) -> str:
        """Return where the run would be shown: the mode, the server, the entity, the project and the W&B run."""
        return _place(run, mode_of(run))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Add to the row of this step."""
        self.run.log({STEP: step, **values}, step=step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Add the file as it is, with its own words as the caption."""
        import wandb

        self.run.log({STEP: step, name: wandb.Image(str(path), caption=caption_of(path))}, step=step)

    def result(self, values: Mapping[str, float], step: int) -> None:
        """Make the run's summary what its ``result.json`` says; keep weights and pictures, if so asked."""
        self.run.log({STEP: step}, step=step, commit=True)  # or the last row would come later and overwrite it
        self.run.summary.update(dict(values))
        if self.described.config.logger.artifact:
            self._keep()

    def close(self, failed: bool) -> None:
        """End the W&B run with exit code 0 or 1."""
        self.run.finish(exit_code=int(failed))

    def _keep(self) -> None:
        """Log the weights, the configuration, the final picture and the topology's as an artifact of the run's name."""
        import wandb

        folder = self.described.folder
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", folder.path.name)
        artifact = wandb.Artifact(name, type="model", metadata=identity(self.described.config))
        kept = (folder.weights, folder.config, folder.previews / "final.png", folder.topology)
        for path in filter(Path.exists, kept):
            artifact.add_file(str(path), policy="immutable", skip_cache=True)  # they lie there, and will: no copies
        self.run.log_artifact(artifact)


def run_id(run: Described) -> str:
    """Return the run's W&B id: the same in every session, another for the same configuration begun anew.

    Run folders are named by their configuration, so two people of one team have folders of the same name. In a sweep of
    W&B's own the id is the agent's.
    """
    first = next(iter(read_sessions(run.folder)), {})  # a file that somebody has edited may lack it, or what is in it
    digest = hashlib.sha256(f"{first.get('start')} {first.get('hardware')}".encode()).hexdigest()[:6]
    return _of_the_agent() or f"{run.folder.path.name}-{digest}"


def mode_of(run: Described) -> str:
    """Return W&B's mode: as configured, as the environment says, or offline; a sweep of W&B's own needs the server."""
    told = os.environ.get("WANDB_MODE", "")
    return run.config.logger.mode or _FORMER.get(told, told) or ("online" if _of_the_agent() else "offline")


_MODES = ("online", "offline", "disabled", "shared")
_FORMER = {"dryrun": "offline", "run": "online"}  # W&B's older words, which it still takes


def project_of(settings: Logger) -> str:
    """Return W&B's project: as configured, as the environment says, or the lab's name."""
    return settings.project or os.environ.get("WANDB_PROJECT") or "faceswap_lab"


def entity_of(settings: Logger) -> str:
    """Return W&B's entity: as configured, or as the environment says; empty: the account's own."""
    return settings.entity or os.environ.get("WANDB_ENTITY") or ""


def group_of(config: Config) -> str | None:
    """Return W&B's group that a configuration asks for: its own, the environment's, or its study's name."""
    asked = config.logger.group or os.environ.get("WANDB_RUN_GROUP")
    return asked or (config.study.name if config.study else None)


def _of_the_agent() -> str | None:
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None


def _place(run: Described, mode: str) -> str:
    settings = run.config.logger
    server = os.environ.get("WANDB_BASE_URL") if mode != "offline" else None  # a record's is chosen when it is synced
    where = f"{entity_of(settings)}/{project_of(settings)}/{run_id(run)}"
    return f"wandb, {mode}: {f'{server} ' if server else ''}{where}"


def _group(run: Described) -> str | None:
    return group_of(run.config) or run.sweep or os.environ.get("WANDB_SWEEP_ID")


def _tags(run: Described) -> list[str]:
    config = run.config
    tags = (*([config.study.name] if config.study else []), config.scale.name, run.label, *run.options)
    tags = (*tags, *config.logger.tags, *os.environ.get("WANDB_TAGS", "").split(","))
    return list(dict.fromkeys(tag.strip()[:_LONGEST_TAG] for tag in tags if tag.strip()))


def _started(run: Described, mode: str) -> "tuple[wandb.Run, str]":
    """Start the W&B run, and return it with its mode: offline where the server cannot be had; uploading can wait."""
    import wandb

    if mode != "online":
        return _init(run, mode), mode
    try:
        started = _init(run, mode)
    except Exception as error:
        print(f"W&B cannot be used: {shorten(str(error), _LONGEST_REASON)}", file=sys.stderr)
        print("            The run is recorded offline. Upload it later: wandb login, then", file=sys.stderr)
        print(f"            wandb sync {_directory(run) / 'wandb'}", file=sys.stderr, flush=True)
        wandb.teardown()  # its service process holds the id of the run that could not be started, and would refuse it
        return _init(run, "offline"), "offline"
    if started.url:
        print(f"W&B         {started.url}", flush=True)
    return started, mode


def _directory(run: Described) -> Path:
    return Path(os.environ.get("WANDB_DIR") or run.folder.path)


def _set_aside_others(session: Path, name: str) -> None:
    """Move the offline records of earlier sessions of the run to where syncing does not find them.

    Args:
        session: the folder of this session's record, which holds all that theirs do.
        name: the run's W&B id.
    """
    for other in session.parent.glob(f"offline-run-*-{name}"):
        if other != session:
            (session.parent / _ASIDE).mkdir(exist_ok=True)
            other.rename(session.parent / _ASIDE / other.name)


def _init(run: Described, mode: str) -> "wandb.Run":
    import wandb

    wandb.setup(settings=wandb.Settings(silent=True))  # says nothing, so it asks nothing: no key typed in mid-sweep
    settings = run.config.logger
    return wandb.init(
        project=project_of(settings),
        entity=settings.entity,
        group=_group(run),
        job_type=run.label,
        name=os.environ.get("WANDB_NAME") or run.folder.path.name,
        notes=settings.notes,
        tags=_tags(run),
        id=run_id(run),
        config=plain(run.config),
        dir=str(_directory(run)),
        mode=mode,  # type: ignore[arg-type]  # the configuration's check has seen it, or W&B's own will
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
