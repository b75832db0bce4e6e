"""One job: the composed configuration is judged, its run looked up, and trained if it is not finished yet.

torch is imported only where there is something to train.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faceswap_lab.cli.groups import group_options
from faceswap_lab.config import Config, ConfigError, FoldersData, TwinsData, load
from faceswap_lab.data.faces import FaceData
from faceswap_lab.runs.atomic import StorageError, write_text
from faceswap_lab.runs.folder import RunFolder, create_fresh, find, find_or_create
from faceswap_lab.runs.identity import run_hash
from faceswap_lab.runs.lock import Holder, RunHeld, RunLock
from faceswap_lab.runs.result import BadResult, Result, read_result

FAILED, REFUSED = 1, 2


def run_job(composed: Any, folders: Sequence[Path], overrides: Sequence[str]) -> int:
    """Judge, look up, train and report one job; return its exit code. Errors are said in one message.

    Args:
        composed: the configuration as Hydra composed it.
        folders: where groups lie.
        overrides: the overrides of this job, from which an unnamed run gets its label.
    """
    try:
        return _run(composed, folders, overrides)
    except ConfigError as error:
        return _say(error, REFUSED)
    except (StorageError, RunHeld, BadResult) as error:
        return _say(error, FAILED)


def _run(composed: Any, folders: Sequence[Path], overrides: Sequence[str]) -> int:
    from omegaconf import OmegaConf

    from faceswap_lab.cli.summary import print_summary

    config = load(OmegaConf.to_container(composed, resolve=True), group_options(folders))
    label = config.name or label_of(overrides)
    data = None if isinstance(config.data, TwinsData) else _faces(config)  # a folder's content decides which run it is
    digest = run_hash(config, data.fingerprint if data else _renderer())
    root = Path(config.runs_dir)
    folder = find(root, config.seed, digest)
    result = read_result(folder) if folder else None
    if folder and result and not config.force:
        print(f"This run is finished already: {folder.path}   (force=true trains it again, beside it)\n")
        print_summary(folder, result)
        return 0
    data = data or _faces(config)
    make = create_fresh if config.force else find_or_create
    folder = make(root, label, config.seed, digest)
    with RunLock(folder.path, wait=None, on_wait=_tell_who_holds):
        result = read_result(folder)  # whoever held it may have finished it
        if result is None:
            write_text(folder.config, OmegaConf.to_yaml(composed, resolve=True))
            code, result = _train(config, data, folder, digest, label)
            if result is None:
                return code
    print_summary(folder, result)
    return 0


def _train(config: Config, data: FaceData, folder: RunFolder, digest: str, label: str) -> tuple[int, Result | None]:
    _introduce(config, data, folder, label)
    from faceswap_lab.training.callbacks import Interrupted
    from faceswap_lab.training.checkpoint import BadCheckpoint
    from faceswap_lab.training.run import Run
    from faceswap_lab.training.stepper import Diverged

    try:
        run = Run(config, data, folder, digest, label, [sys.executable, "-m", "faceswap_lab", *sys.argv[1:]])
        return 0, run.train_and_judge()
    except Interrupted as stop:
        print(
            f"\nInterrupted at step {stop.step} of {config.training.max_steps}, and saved. "
            f"The same command goes on from there.\nrun folder  {folder.path}",
            file=sys.stderr,
        )
        return 128 + stop.signal, None
    except Diverged as error:
        return _say(f"the run has diverged. {error}\nrun folder  {folder.path}", FAILED), None
    except BadCheckpoint as error:
        return _say(error, FAILED), None


def _faces(config: Config) -> FaceData:
    """Load the faces a configuration names; what it names wrongly is a refused configuration."""
    from faceswap_lab.data.cache import CacheError

    d, size = config.data, 4 * config.model.resolution  # 2018: 256 px stored for a network of 64 px
    try:
        if isinstance(d, FoldersData):
            from faceswap_lab.data.folders import load_folders

            return load_folders(
                a=d.a, b=d.b, held_out=d.held_out, size=size, cache_dir=config.cache_dir, progress=config.progress
            )
        from faceswap_lab.data.twin_sets import load_twins

        return load_twins(
            identity_a=d.identity_a,
            identity_b=d.identity_b,
            faces=d.faces,
            held_out=d.held_out,
            size=size,
            seed=d.seed,
            pose=d.pose,  # type: ignore[arg-type]  # judged at the door, as are the next two
            light=d.light,  # type: ignore[arg-type]
            background=d.background,  # type: ignore[arg-type]
            cache_dir=config.cache_dir,
            progress=config.progress,
        )
    except CacheError as error:
        raise StorageError(str(error), Path(config.cache_dir or "."), error.errno or 0) from error
    except ValueError as error:
        raise ConfigError(f"data: {error}") from error


def _renderer() -> str:
    from faceswap_lab.twins import RENDERER_VERSION

    return f"twins, renderer {RENDERER_VERSION}"


def label_of(overrides: Sequence[str]) -> str:
    """Make a label from a job's overrides: the experiment, then whatever else it sets, shortest form.

    >>> label_of(["+experiment=two_encoders", "seed=3"])
    'two_encoders'
    >>> label_of(["decoder_activation=tanh", "training.max_steps=100", "seed=1"])
    'tanh-max_steps_100'
    >>> label_of(["seed=1"])
    'baseline'
    """
    parts, named = [], []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key == "experiment":
            named.append(value)
        elif key == "study" or key.split(".")[0] in _NOT_IN_LABELS:
            continue
        else:
            parts.append(f"{key.split('.')[-1]}_{value}" if "." in key else value)
    return "-".join([*named, *parts]) or "baseline"


_NOT_IN_LABELS = {
    *("seed", "name", "runs_dir", "cache_dir", "force", "progress"),
    *("trainer", "logger", "checkpoint", "evaluation", "hydra"),
}


def _introduce(config: Config, data: FaceData, folder: RunFolder, label: str) -> None:
    d = config.data
    who = f"{d.identity_a} → {d.identity_b}, rendered" if isinstance(d, TwinsData) else f"{d.a} → {d.b}"
    counts = {side: f"{len(data.train[side])}+{len(data.held_out[side])}" for side in ("A", "B")}
    print(
        f"run         {label}, seed {config.seed}: {config.training.max_steps} steps of {config.training.batch_size} "
        f"faces per side at {config.model.resolution} px"
    )
    print(f"faces       {who}: A {counts['A']}, B {counts['B']} (training + held out)")
    print(f"run folder  {folder.path}", flush=True)


def _tell_who_holds(holder: Holder | None) -> None:
    print(f"Waiting: this run is being worked on by {holder or 'another process'}.", file=sys.stderr, flush=True)


def _say(error: object, code: int) -> int:
    print(f"faceswap_lab: {error}", file=sys.stderr)
    return code
