"""The part of Hydra's settings that a study's YAML from outside may set: its sweep, and the report at its end."""

import re
from typing import Any

CALLBACK = "faceswap_lab.cli.study_callback.WriteReport"
_SWEEP = re.compile(r"[\w.,+()\[\] -]*")  # names, numbers, range(0,8): nothing that Hydra would look up or resolve
_PLAIN = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:int")


def is_a_sweep(node: Any) -> bool:
    """Tell whether the value of a study's ``hydra`` key says no more than the arms, the seeds and the report.

    Exactly ``{mode: MULTIRUN, sweeper: {params: {+experiment: …, seed: …}}, callbacks: {report: {_target_: ours}}}``,
    or less. It is looked at as parsed, before anything is merged or resolved, so no spelling hides another key.

    Args:
        node: as ``yaml.compose`` returns it.
    """
    return _only(
        node,
        mode=lambda value: _text(value) == "MULTIRUN",
        sweeper=lambda value: _only(value, params=_are_params),
        callbacks=lambda value: _only(value, report=_is_ours),
    )


def _are_params(node: Any) -> bool:
    return _only(node, **dict.fromkeys(("+experiment", "seed"), _is_an_axis))


def _is_an_axis(node: Any) -> bool:
    text = _text(node)
    return text is not None and bool(_SWEEP.fullmatch(text))


def _is_ours(node: Any) -> bool:
    return _only(node, _target_=lambda value: _text(value) == CALLBACK)


def _only(node: Any, **allowed: Any) -> bool:
    """Tell whether a node is a mapping of these keys alone, each with a value that passes."""
    import yaml  # type: ignore[import-untyped]

    return isinstance(node, yaml.MappingNode) and all(
        (name := _text(key)) is not None and name in allowed and allowed[name](value) for key, value in node.value
    )


def _text(node: Any) -> str | None:
    """Return a scalar's text if it is a plain string or whole number, else None."""
    import yaml

    return node.value if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN else None
