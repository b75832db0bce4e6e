"""Composing with Hydra and handing each job to the lab. Hydra's errors are said in one message, without a traceback."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faceswap_lab.config import ConfigError


def launch(args: Sequence[str], folders: Sequence[Path]) -> int:
    """Run Hydra's main on ``args`` and return the worst exit code of its jobs."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    codes: list[int] = []

    def task(composed: Any) -> int:
        from hydra.core.hydra_config import HydraConfig

        from faceswap_lab.cli.job import run_job

        codes.append(run_job(composed, folders, HydraConfig.get().overrides.task))
        return codes[-1]

    wanted_traceback = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra prints and exits by itself otherwise; we say it better
    original = sys.argv
    sys.argv = [original[0], *args]
    try:
        hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        if wanted_traceback:
            raise
        raise ConfigError(_one_message(error)) from error
    finally:
        sys.argv = original
        os.environ.pop("HYDRA_FULL_ERROR")
        if wanted_traceback:
            os.environ["HYDRA_FULL_ERROR"] = wanted_traceback
    return max(codes, default=0)


def _one_message(error: Exception) -> str:
    """Return the lines of Hydra's or OmegaConf's message that a person needs, and where to look further."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("full_key:", "object_type", "See https", "Set the env"))]
    return " ".join(told) + " (--help lists groups and options; HYDRA_FULL_ERROR=1 shows the traceback)"
