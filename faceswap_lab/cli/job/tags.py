"""What a run can be found by on a dashboard: the options in which it differs from the baseline."""

from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.cli.groups import baseline_options, set_by_scale


def differing_options(folders: Sequence[Path]) -> list[str]:
    """Return ``group=option`` for every group in which Hydra's present job departs from the baseline at its scale.

    Args:
        folders: where groups lie, ours first; a scale may be of another's making.
    """
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().runtime.choices
    usual, scale = baseline_options(folders[0]), chosen["scale"]
    made_in = [folder for folder in folders if (folder / "scale" / f"{scale}.yaml").is_file()]
    usual |= set_by_scale(made_in[-1], scale)
    compared = [group for group in usual if group not in _ELSEWHERE]
    return [f"{group}={chosen[group]}" for group in compared if chosen[group] != usual[group]]


_ELSEWHERE = ("scale", "trainer", "logger")  # a tag of its own, and what cannot change a result
