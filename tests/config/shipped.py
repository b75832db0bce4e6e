"""The shipped configuration, composed by Hydra as the program does, without running anything."""

import copy
import functools
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from faceswap_lab.cli.groups import ADDED, conf_dir
from faceswap_lab.options import Options

CONF = conf_dir()
OPTIONS = Options([CONF])
__all__ = ["ADDED", "CONF", "OPTIONS", "composed", "fixed", "set_at"]


def composed(*overrides: str) -> dict[str, Any]:
    """Return the plain configuration for these overrides: a copy to be spoilt at will."""
    return copy.deepcopy(_composed(overrides))


@functools.cache
def _composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    if not GlobalHydra.instance().is_initialized():
        initialize_config_dir(str(CONF), version_base="1.3").__enter__()
    plain = OmegaConf.to_container(compose("config", list(overrides)), resolve=True)
    assert isinstance(plain, dict)
    return plain


def fixed(*overrides: str) -> dict[str, Any]:
    """``composed`` at the one scale that nobody tunes: the 2018 model's."""
    return composed("scale=original", *overrides)


def set_at(plain: dict[str, Any], key: str, value: object) -> None:
    """Set a dotted key."""
    *groups, last = key.split(".")
    for group in groups:
        plain = plain[group]
    plain[last] = value
