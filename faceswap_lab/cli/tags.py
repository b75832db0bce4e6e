"""What a run can be found by on a dashboard: the options in which it differs from the baseline."""

from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.cli.groups import baseline_options, set_by_scale
from faceswap_lab.config import Config


def differing_options(config: Config, folders: Sequence[Path]) -> list[str]:
    """Return ``group=option`` for every group whose option is not the baseline's at the run's scale.

    Args:
        config: the run's.
        folders: where groups lie, ours first; a scale may be of another's making.
    """
    usual = baseline_options(folders[0])
    scale = next((folder for folder in folders if (folder / "scale" / f"{config.scale.name}.yaml").is_file()), None)
    usual |= set_by_scale(scale, config.scale.name) if scale else {}
    chosen = {group: getattr(config, group).name for group in usual if group not in _ELSEWHERE}
    return [f"{group}={option}" for group, option in chosen.items() if option != usual[group]]


_ELSEWHERE = ("scale", "trainer", "logger")  # a tag of its own, and what cannot change a result
