"""The lab from Python: what ``import faceswap_lab`` offers. Importing it loads no torch; what needs torch loads it.

>>> import faceswap_lab as lab
>>> model = lab.train(["scale=smoke", "training.max_steps=20"], quiet=True)     # the same command finds it again
>>> model.resolution, model.sides
(32, ('A', 'B'))
>>> someone = lab.twins.render(lab.twins.identity("ada"), lab.twins.State(yaw=0.3), size=128)
>>> model.swap(someone.image, "A", "B").shape                                   # ben, as ada looks there
(32, 32, 3)
>>> [row["state"] for row in lab.find_runs("runs")]
['finished']
"""

from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.cli.compose import composed
from faceswap_lab.cli.plugins import plug_in
from faceswap_lab.config import Config, ConfigError
from faceswap_lab.interruption import Interrupted
from faceswap_lab.plugins.finding import import_plugins, look_in
from faceswap_lab.runs.folder import RunFolder, find
from faceswap_lab.runs.status import read_status
from faceswap_lab.runs.table import find_runs, results

if TYPE_CHECKING:
    from faceswap_lab.training.saved.trained import TrainedModel

__all__ = ["ConfigError", "RunFailed", "compose", "find_runs", "load", "results", "train"]


class RunFailed(RuntimeError):
    """A training that did not finish; the message says why, and where the run lies."""


def load(run: str | PathLike[str], plugins: Sequence[str] = ()) -> "TrainedModel":
    """Return the model of a finished run, ready to swap.

    Args:
        run: the run's folder.
        plugins: the modules of plugins that it was trained with, where they are not installed. They are code and are
            run; a run folder cannot ask for that.

    Raises:
        ValueError: there is no finished run in it, its weights are damaged, or a plugin is missing.

    >>> load(results("runs")[0]["folder"]).config["optimizer"]["name"]
    'adam'
    """
    from faceswap_lab.training.saved.trained import TrainedModel

    if plugins:
        look_in(Path.cwd())
    import_plugins(plugins)
    return TrainedModel(run)


def compose(words: Sequence[str] = (), config_dir: str | PathLike[str] | None = None) -> Config:
    """Return the configuration that a command line stands for, judged as the command line is.

    Args:
        words: overrides as they are typed: groups, settings, ``+experiment=…``.
        config_dir: a folder of your own groups.

    Raises:
        ConfigError: the words mean nothing, or contradict one another; the message says what would be right.

    >>> compose(["+experiment=two_encoders", "optimizer.lr=1e-3"]).encoders.count
    2
    >>> compose(["seed=-1"])
    Traceback (most recent call last):
    faceswap_lab.config.check.ConfigError: seed=-1: must be >= 0. It is: seed of everything random in the run.
    """
    if isinstance(words, str):
        raise ConfigError(f"'{words}': expected a list of words, such as {words.split()}")
    words, folders = plug_in(words, composes=True)
    return composed(words, [*folders, *([] if config_dir is None else [Path(config_dir).resolve()])])


def train(
    words: Sequence[str] = (), config_dir: str | PathLike[str] | None = None, *, quiet: bool = False
) -> "TrainedModel":
    """Train the run that a command line stands for, or find it finished, and return its model.

    It goes on where it was interrupted. One run at a time: sweeps and studies belong to the command line.

    Args:
        words: overrides as they are typed.
        config_dir: a folder of your own groups.
        quiet: print nothing, and show no progress.

    Raises:
        ConfigError: as ``compose``.
        RunFailed: it diverged, or something is wrong with the disk or the device.
        KeyboardInterrupt: you interrupted it; it is saved, and the same call goes on.
    """
    from faceswap_lab.__main__ import main

    config = compose(words, config_dir)
    if config.study is not None:
        raise ConfigError(f"a study has many runs: python -m faceswap_lab {' '.join(words)}")
    flags = [] if config_dir is None else ["--config-dir", str(config_dir)]
    shown = ["progress=false"] if quiet else []
    errors = StringIO()
    with ExitStack() as stack:
        if quiet:
            stack.enter_context(redirect_stdout(StringIO()))
            stack.enter_context(redirect_stderr(errors))
        code = main([*words, *shown, *flags])
    folder = _folder_of(config)
    if code > 128:
        raise KeyboardInterrupt(str(Interrupted(code - 128)))
    if code or folder is None:
        reason = errors.getvalue() or (f"{read_status(folder).message} {folder.path}" if folder else "")
        raise RunFailed(f"exit code {code}: {' '.join(reason.split())}")
    return load(folder.path)


def _folder_of(config: Config) -> RunFolder | None:
    from faceswap_lab.cli.job.digest import digest_of

    return find(Path(config.runs_dir), config.seed, digest_of(config))
