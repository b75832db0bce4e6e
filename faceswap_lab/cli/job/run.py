"""One job: its configuration judged, its run looked up, and trained if it is not finished yet.

torch is imported only where there is something to train.
"""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.cli.job.devices import check_devices, gpu_of_its_own
from faceswap_lab.cli.job.digest import digest_of
from faceswap_lab.cli.job.faces import faces_of
from faceswap_lab.cli.job.judge import check_functions, judged
from faceswap_lab.cli.job.label import differing_options, label_of
from faceswap_lab.cli.job.status import JobStatus, State
from faceswap_lab.cli.job.summary import print_line, print_summary
from faceswap_lab.cli.job.train import train
from faceswap_lab.cli.messages import refusal, say
from faceswap_lab.cli.plugins import refusing_plugins
from faceswap_lab.config import Config, ConfigError, RenderedData
from faceswap_lab.interruption import Interrupted, interruptible
from faceswap_lab.options import Options
from faceswap_lab.plugins.finding import import_plugins
from faceswap_lab.runs.atomic import StorageError, make_folder, remove_leftovers, write_text
from faceswap_lab.runs.folder import RunFolder, find, find_or_create
from faceswap_lab.runs.lock import Holder, run_lock
from faceswap_lab.runs.result import BadResult, Result, read_result


def run_job(
    composed: Any,
    folders: Sequence[Path],
    overrides: Sequence[str],
    sweep: str | None = None,
    beside: Path | None = None,
    plugins: Sequence[str] = (),
    forced: Path | None = None,
) -> JobStatus:
    """Judge, look up, train and report one job; say how it ended. Errors are said, none leaves: a sweep goes on.

    Args:
        composed: the configuration as Hydra composed it.
        folders: where groups lie, ours first.
        overrides: from which an unnamed run gets its label.
        sweep: the name of the sweep whose cell it is: what came out is said in a line, as of one of many.
        beside: the folder of a sweep whose cells run beside one another, in processes of their own.
        plugins: what this process has to import for it, if it is not the one whose command names them.
        forced: where a job that a scheduler may start again notes the folder that force=true has made for it: it goes
            on there, and makes no other.
    """
    from omegaconf.errors import OmegaConfBaseException

    try:
        with interruptible():
            with refusing_plugins():
                import_plugins(plugins)
            return _run(composed, folders, overrides, sweep, beside, forced)
    except Interrupted as stop:
        said = f"{stop} came while nothing was being trained. The same command goes on from here."
        return _said("interrupted", said, signal=stop.signal)
    except (ConfigError, OmegaConfBaseException) as error:
        return _said("refused", str(refusal(error)))
    except (StorageError, BadResult) as error:
        return _said("failed", str(error))
    except Exception as error:
        traceback.print_exc()
        return _said("failed", f"{type(error).__name__}, which the lab did not expect; the traceback is above: {error}")


def _run(
    composed: Any,
    folders: Sequence[Path],
    overrides: Sequence[str],
    sweep: str | None,
    beside: Path | None,
    forced: Path | None,
) -> JobStatus:
    from omegaconf import OmegaConf

    options = Options(folders)
    config = judged(composed, options)
    label = config.name or label_of(overrides, options)
    # which run it is, a folder's content tells
    data = None if isinstance(config.data, RenderedData) else faces_of(config)
    digest = digest_of(config, data.fingerprint if data else None)
    root = Path(config.runs_dir)
    tell = print_line if sweep else print_summary
    # force=true looks at no old result, not even to find it damaged: only at what this very job has made
    folder = _noted(forced) if config.force else find(root, config.seed, digest)
    result = read_result(folder) if folder else None
    if folder and result:
        print(f"This run is finished already: {folder.path}   (force=true trains it again, beside it)")
        if config.logger.kinds:
            _show_again(config, folder, label, result, differing_options(folders), sweep)
        tell(folder, result)
        return JobStatus("reused", str(folder.path))
    check_devices(config)
    check_functions(config)
    data = data or faces_of(config)
    if folder is None or not config.force:
        folder = find_or_create(root, label, config.seed, digest, again=config.force)
    if config.force and forced:
        _note(forced, folder)
    with run_lock(folder.path, _tell_who_holds):
        remove_leftovers(folder.path)  # of a process that was killed while writing
        result = read_result(folder)  # whoever held it may have finished it
        if result is None:
            write_text(folder.config, OmegaConf.to_yaml(composed, resolve=True))
            with gpu_of_its_own(config, beside) as placed:
                status, result = train(placed, data, folder, digest, label, differing_options(folders), sweep)
            if result is None:
                say(f"{status.message}\nrun folder  {folder.path}")
                return replace(status, message=" ".join(status.message.split()))
    tell(folder, result)
    return JobStatus("finished", str(folder.path))


def _noted(forced: Path | None) -> RunFolder | None:
    """Return the folder that force=true made for this job when it was started before, or None."""
    if forced is None or not forced.is_file():
        return None
    made = Path(forced.read_text(encoding="utf-8"))
    return RunFolder(made) if made.is_dir() else None


def _note(forced: Path, folder: RunFolder) -> None:
    make_folder(forced.parent, of=forced)
    write_text(forced, str(folder.path))


def _show_again(
    config: Config, folder: RunFolder, label: str, result: Result, options: Sequence[str], sweep: str | None
) -> None:
    """Let mirrors that do not know a finished run have its record."""
    from faceswap_lab.training.tracking.mirror import Described
    from faceswap_lab.training.tracking.mirrors import show_finished

    show_finished(Described(config, folder, label, options, sweep, result.steps), result)


def _said(state: State, message: str, signal: int | None = None) -> JobStatus:
    """Say why a job did not finish."""
    say(message)
    return JobStatus(state, "", " ".join(message.split()), signal)


def _tell_who_holds(holder: Holder | None) -> None:
    print(f"Waiting: this run is being worked on by {holder or 'another process'}.", file=sys.stderr, flush=True)
