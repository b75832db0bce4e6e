"""The shipped configuration, composed by Hydra as the program does, without running anything."""

import copy
import functools
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

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
    """Choose the groups, then set the values, as Hydra does: choosing takes long, and is done once for all values."""
    values = [word for word in overrides if _is_value(word)]
    config = copy.deepcopy(_chosen(tuple(word for word in overrides if word not in values)))
    for override in OverridesParser.create().parse_overrides(values):
        OmegaConf.update(config, override.key_or_group, override.value())
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return plain


def _is_value(word: str) -> bool:
    key = word.partition("=")[0]
    return key not in OPTIONS and not set("+~/@") & set(key)


@functools.cache
def _chosen(overrides: tuple[str, ...]) -> DictConfig:
    GlobalHydra.instance().clear()  # of other tests' making
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", list(overrides))


def fixed(*overrides: str) -> dict[str, Any]:
    """``composed`` at the one scale that nobody tunes: the 2018 model's."""
    return composed("scale=original", *overrides)


def set_at(plain: dict[str, Any], key: str, value: object) -> None:
    """Set a dotted key."""
    *groups, last = key.split(".")
    for group in groups:
        plain = plain[group]
    plain[last] = value
