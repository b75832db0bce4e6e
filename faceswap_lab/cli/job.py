"""One job: the composed configuration is judged, its run looked up, and trained if it is not finished yet.

torch is imported only where there is something to train.
"""

import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.cli.devices import gpu_of_its_own
from faceswap_lab.cli.faces import check_identities, faces_of, renderer
from faceswap_lab.cli.functions import check_functions
from faceswap_lab.cli.groups import group_options
from faceswap_lab.cli.label import label_of
from faceswap_lab.cli.messages import say, without_jargon
from faceswap_lab.cli.outcome import Outcome, State
from faceswap_lab.cli.tags import differing_options
from faceswap_lab.cli.train import train
from faceswap_lab.config import Config, ConfigError, TwinsData, load
from faceswap_lab.interruption import Interrupted, interruptible
from faceswap_lab.runs.atomic import StorageError, remove_leftovers, write_text
from faceswap_lab.runs.folder import RunFolder, create_fresh, find, find_or_create
from faceswap_lab.runs.identity import run_hash
from faceswap_lab.runs.lock import Holder, RunHeld, RunLock
from faceswap_lab.runs.result import BadResult, Result, read_result

_RESOLVER = re.compile(r"\$\{[^{}]*:")


def run_job(
    composed: Any,
    folders: Sequence[Path],
    overrides: Sequence[str],
    brief: bool = False,
    beside: Path | None = None,
) -> Outcome:
    """Judge, look up, train and report one job; say how it ended. Errors are said, none leaves: a sweep goes on.

    Args:
        composed: the configuration as Hydra composed it.
        folders: where groups lie.
        overrides: the overrides of this job, from which an unnamed run gets its label.
        brief: say what came out in a line, as one cell of many.
        beside: the folder of a sweep whose cells run beside one another, in processes of their own.
    """
    from omegaconf.errors import OmegaConfBaseException

    from faceswap_lab.cli.summary import print_line, print_summary

    try:
        with interruptible():
            return _run(composed, folders, overrides, print_line if brief else print_summary, beside)
    except Interrupted as stop:
        said = f"{stop} came while nothing was being trained. The same command goes on from here."
        return _said("interrupted", said, signal=stop.signal)
    except ConfigError as error:
        return _said("refused", str(error))
    except OmegaConfBaseException as error:
        return _said("refused", without_jargon(error))
    except (StorageError, RunHeld, BadResult) as error:
        return _said("failed", str(error))
    except Exception as error:
        traceback.print_exc()
        return _said("failed", f"{type(error).__name__}, which the lab did not expect; the traceback is above: {error}")


def _run(
    composed: Any,
    folders: Sequence[Path],
    overrides: Sequence[str],
    tell: Callable[[RunFolder, Result], None],
    beside: Path | None,
) -> Outcome:
    from omegaconf import OmegaConf

    options = group_options(folders)
    config = load(OmegaConf.to_container(composed, resolve=True), options)
    label = config.name or label_of(overrides, options)
    data = None if isinstance(config.data, TwinsData) else faces_of(config)  # a folder's content tells which run it is
    digest = run_hash(config, data.fingerprint if data else renderer())
    root = Path(config.runs_dir)
    # force=true looks at no old result, not even to find it damaged
    folder = None if config.force else find(root, config.seed, digest)
    result = read_result(folder) if folder else None
    if folder and result:
        print(f"This run is finished already: {folder.path}   (force=true trains it again, beside it)")
        tell(folder, result)
        return Outcome("reused", str(folder.path), by_overrides=_by_overrides(composed, config))
    _check_photometric(config)
    _check_devices(config)
    check_identities(config)
    check_functions(config)
    data = data or faces_of(config)
    make = create_fresh if config.force else find_or_create
    folder = make(root, label, config.seed, digest)
    with RunLock(folder.path, wait=None, on_wait=_tell_who_holds):
        remove_leftovers(folder.path)  # of a process that was killed while writing
        result = read_result(folder)  # whoever held it may have finished it
        if result is None:
            write_text(folder.config, OmegaConf.to_yaml(composed, resolve=True))
            with gpu_of_its_own(config, beside) as placed:
                outcome, result = train(placed, data, folder, digest, label, differing_options(folders))
            if result is None:
                say(outcome.message + f"\nrun folder  {folder.path}")
                return replace(outcome, message=" ".join(outcome.message.split()))
    tell(folder, result)
    return Outcome("finished", str(folder.path), by_overrides=_by_overrides(composed, config))


def _by_overrides(composed: Any, config: Config) -> bool:
    """Tell whether overrides and YAML files alone decide which run is meant.

    They do not for folders, whose pictures may change; nor with force, which asks for more than there is; nor where a
    value comes from outside, as ``${oc.env:SEED}`` does.
    """
    from omegaconf import OmegaConf

    from_outside = _RESOLVER.search(OmegaConf.to_yaml(composed, resolve=False))
    return isinstance(config.data, TwinsData) and not config.force and not from_outside


def _check_photometric(config: Config) -> None:
    """Refuse transforms that albumentations cannot make; it is loaded only if there are any."""
    if not config.augmentation.photometric:
        return
    from faceswap_lab.data.photometric import Photometric

    try:
        Photometric(config.augmentation.photometric)
    except ValueError as error:
        raise ConfigError(f"augmentation.photometric: {error}") from error


def _check_devices(config: Config) -> None:
    """Refuse devices that this machine does not have; torch is asked only where it matters."""
    asked = config.trainer
    anything = (
        asked.accelerator == "auto" and asked.devices == 1 and asked.gpu is None and asked.compile != "cudagraphs"
    )
    if asked.accelerator == "cpu" or anything:
        return
    import torch

    there = torch.cuda.device_count() or int(torch.backends.mps.is_available())
    if asked.accelerator == "gpu" and not there:
        raise ConfigError("trainer.accelerator=gpu: torch finds no GPU here. Use trainer=auto or trainer=cpu.")
    if asked.compile == "cudagraphs" and not torch.cuda.is_available():
        raise ConfigError(
            "trainer.compile=cudagraphs: torch finds no CUDA device here. "
            "Use trainer.compile=default or trainer.compile=none."
        )
    if there and asked.devices > there:
        raise ConfigError(
            f"trainer.devices={asked.devices}: torch finds {there} here. "
            f"Use trainer.devices={there}, or trainer.accelerator=cpu."
        )
    if asked.gpu is not None and asked.gpu >= there:
        raise ConfigError(
            f"trainer.gpu={asked.gpu}: torch finds {there} GPU(s) here, counted from 0. "
            + (f"Use trainer.gpu={there - 1} or less." if there else "Leave trainer.gpu at null.")
        )


def _said(state: State, message: str, folder: str = "", signal: int | None = None) -> Outcome:
    """Say why a job did not finish."""
    say(message + (f"\nrun folder  {folder}" if folder else ""))
    return Outcome(state, folder, " ".join(message.split()), signal)


def _tell_who_holds(holder: Holder | None) -> None:
    print(f"Waiting: this run is being worked on by {holder or 'another process'}.", file=sys.stderr, flush=True)
