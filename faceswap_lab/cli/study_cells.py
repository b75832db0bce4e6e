"""A study's arms and seeds, read from where Hydra's sweeper reads them: the study's YAML, then the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faceswap_lab.config import ConfigError

_SWEPT = {"experiment": "+experiment", "seed": "seed"}  # key → as it is written


@dataclass(frozen=True)
class Swept:
    """What a study sweeps over, and what is the same in all of its cells.

    Attributes:
        study: the study's name.
        arms: arm → the value of ``+experiment`` that makes it.
        seeds: each once, as given.
        fixed: the other overrides, as typed, ``+study`` among them.
    """

    study: str
    arms: dict[str, str]
    seeds: list[int]
    fixed: list[str]


def swept(words: Sequence[str], params: Mapping[str, object], loader: Any = None) -> Swept:
    """Tell a study's two axes and its fixed overrides apart.

    Args:
        words: overrides as typed, without Hydra's own.
        params: ``hydra.sweeper.params`` of the study's YAML; the words replace what they name again.
        loader: Hydra's, to look for the options that ``glob(…)`` means.

    Raises:
        ConfigError: there is another axis, none of the two, or nothing on one of them.
        hydra.errors.HydraException: an override that Hydra cannot read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser = OverridesParser.create(config_loader=loader)
    axes: dict[str, list[str]] = {}
    fixed: list[str] = []
    study = ""
    for override in parser.parse_overrides([*(f"{key}={value}" for key, value in params.items()), *words]):
        key, typed = str(override.key_or_group), str(override.input_line)
        if key in _SWEPT:
            if override.get_key_element() != _SWEPT[key]:
                raise ConfigError(f"{typed}: in a study write {_SWEPT[key]}=…")
            axes[key] = _values(override)
        elif override.is_sweep_override():
            raise ConfigError(
                f"{typed}: a study goes over arms and seeds only. Give {key} one value, or write an experiment for "
                "each value and name them in +experiment=…"
            )
        else:
            fixed.append(typed)
            study = str(override.value()) if key == "study" else study
    for key, written in _SWEPT.items():
        if not axes.get(key):
            raise ConfigError(f"study {study}: no {key}s. Give some: {written}={_EXAMPLES[key]}")
    arms = {arm_name(value): value for value in axes["experiment"]}
    return Swept(study, arms, [_seed(value) for value in dict.fromkeys(axes["seed"])], fixed)


def arm_name(value: str) -> str:
    """Return the name of the arm that ``+experiment=value`` makes; several experiments at once are joined.

    >>> arm_name("two_encoders"), arm_name("[two_encoders,joint]")
    ('two_encoders', 'two_encoders-joint')
    """
    return "-".join(name.strip(" '\"") for name in value.strip("[]").split(","))


_EXAMPLES = {"experiment": "baseline,two_encoders", "seed": "0,1,2"}


def _values(override: Any) -> list[str]:
    if override.is_sweep_override():
        return [str(value) for value in override.sweep_string_iterator()]
    value = override.get_value_element_as_str()
    return [value] if value else []


def _seed(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ConfigError(f"seed={value}: expected a whole number, at least 0.") from None
