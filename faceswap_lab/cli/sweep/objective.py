"""What a sweeper that looks for the best setting is told of a cell: its metrics, or that it has failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from faceswap_lab.cli.compose import composing, without_axes
from faceswap_lab.cli.job.status import JobStatus, NoObjective
from faceswap_lab.cli.sweep.launchers import EVERY_COMBINATION
from faceswap_lab.config import ConfigError
from faceswap_lab.refusal import nearest
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import read_result


def check_directions(sweeper: str, overrides: Sequence[str], folders: Sequence[Path]) -> None:
    """Refuse to search for the worst. Nothing is done for the lab's own sweeper, and for those without directions.

    Raises:
        ConfigError: a metric is unknown, or its direction is missing or the wrong one.
    """
    if sweeper == EVERY_COMBINATION:
        return
    with composing(folders) as compose:
        composed = compose(without_axes(overrides), return_hydra_config=True)
    direction = composed.hydra.sweeper.get("direction")
    if direction is None:
        return
    from faceswap_lab.studies.metric_names import judged_metric, needs_truth, real_metrics  # loads NumPy

    names, several = metrics_of(composed), OmegaConf.is_list(direction)
    for name in names:
        if composed.data.name == "folders" and needs_truth(name):
            raise ConfigError(
                f"optimized_metric={name} with data=folders: it takes a true swap, and of real people none is known. "
                f"Use optimized_metric={real_metrics()[0]}."
            )
    given = [getattr(one, "name", one) for one in (direction if several else [direction])]
    right = ["maximize" if judged_metric(name).higher_is_better else "minimize" for name in names]
    if given != right:
        shown = right[0] if len(right) == 1 else f"[{','.join(right)}]"
        raise ConfigError(
            f"hydra.sweeper.direction={','.join(given)} with optimized_metric={','.join(names)}: "
            f"the best is found by hydra.sweeper.direction={shown}"
        )


def objective(composed: Any, status: JobStatus) -> float | list[float]:
    """Return the metrics of a finished cell that its configuration names: one by itself, several as a list.

    Raises:
        NoObjective: there is no result, or it lacks a metric.
    """
    result = read_result(RunFolder(Path(status.folder))) if status.code == 0 else None
    if result is None:
        raise NoObjective(status.message)
    names = metrics_of(composed)
    missing = [name for name in names if name not in result.metrics]
    if missing:
        raise NoObjective(
            f"optimized_metric={missing[0]}: this run has no such metric.{nearest(missing[0], result.metrics)} "
            f"It has: {', '.join(sorted(result.metrics))}."
        )
    values = [result.metrics[name] for name in names]
    return values[0] if len(values) == 1 else values


def metrics_of(composed: Any) -> list[str]:
    """Return what a composed configuration has for ``optimized_metric``, a word or a list of words, as a list."""
    named = composed.optimized_metric
    return [named] if isinstance(named, str) else list(named)
