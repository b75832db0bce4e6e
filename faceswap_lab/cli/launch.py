"""Composing with Hydra and handing each job to the lab. Hydra's errors are said in one message, without a traceback."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faceswap_lab.cli.messages import say, without_jargon
from faceswap_lab.config import ConfigError

INTERRUPTED = 128  # exit codes from here on are 128 + a signal's number


def launch(args: Sequence[str], words: Sequence[str], folders: Sequence[Path], groups: Mapping[str, object]) -> int:
    """Run Hydra's main on ``args`` and return the worst exit code of its jobs.

    Args:
        args: the command line.
        words: the overrides in it.
        folders: where groups lie, ours first.
        groups: the groups by name.

    Raises:
        ConfigError: for what cannot be composed; nothing was started.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    from faceswap_lab.cli.values import check_values

    codes: list[int] = []

    def task(composed: Any) -> int:
        overrides = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)  # as typed
        assert isinstance(overrides, list)
        if codes and codes[-1] > INTERRUPTED:  # Ctrl-C means the sweep, not only the job it met
            say(f"not started, because the one before was interrupted: {' '.join(overrides)}")
            return codes[-1]
        from faceswap_lab.cli.job import run_job

        codes.append(run_job(composed, folders, overrides))
        return codes[-1]

    wanted_traceback = os.environ.get("HYDRA_FULL_ERROR")
    try:
        check_values(words, groups)
        with _hydra_sees(args):
            hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(task)()
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if wanted_traceback:
            raise
        raise ConfigError(without_jargon(error)) from error
    return max(codes, default=0)


@contextmanager
def _hydra_sees(args: Sequence[str]) -> Iterator[None]:
    """Give Hydra the command line, and have it raise its errors: it prints and exits by itself otherwise."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [argv[0], *args], "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error
