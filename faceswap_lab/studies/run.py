"""One cell of a study, an arm at a seed, and all that a report needs of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from faceswap_lab.studies.metric_names import as_judged, own_path
from faceswap_lab.studies.statistics.crossed import Blocks

STATES = ("finished", "running", "interrupted", "failed", "diverged", "damaged", "missing")
"""Of a cell: what became of its run."""

Series = dict[int, float]
"""Training step → value, in ascending order of the steps."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Run:
    """A cell of a study.

    Attributes:
        arm: the arm's name.
        seed: the seed.
        state: one of ``STATES``.
        message: one line for a person; empty where all is well.
        folder: the run folder; None if there is none.
        config: what can change the result, nested.
        facts: how it was made (commit, versions, hardware, …); {} where that is not known.
        history: metric → step → value, of any run that has begun.
        drawing: its topology as an SVG document; "" where the run has none.
        metrics: of a finished run, by name, as all below.
        seconds: training time by the clock on the wall.
        cpu_seconds: processor time of the training; None where the run did not measure it.
        steps: training steps.
        parameters: of the whole model.
        flops_per_step: floating-point operations of a training step; None where the run did not count them.
        people: what is known of the pair of people, where the seed drew them: plain numbers and words by name.
        blocks: metric → what single held-out pictures of real people say of it.
        paired_as: the number that pairs it, where that is not its seed: groups of seeds.
    """

    arm: str
    seed: int
    state: str
    message: str = ""
    folder: Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    history: dict[str, Series] = field(default_factory=dict)
    drawing: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    cpu_seconds: float | None = None
    steps: int = 0
    parameters: int | None = None
    flops_per_step: float | None = None
    people: dict[str, Any] = field(default_factory=dict)
    blocks: Mapping[str, Blocks] = field(default_factory=dict)
    paired_as: int | None = None

    @property
    def pair(self) -> int:
        """Runs of two arms with the same number are compared with each other."""
        return self.seed if self.paired_as is None else self.paired_as

    @property
    def finished(self) -> bool:
        """Whether it has a result."""
        return self.state == "finished"

    @property
    def name(self) -> str:
        """Arm and seed, as warnings name a cell."""
        return f"{self.arm}/{self.seed}"

    def value(self, key: str) -> float | None:
        """Return a metric of a finished run, as arms are judged by it."""
        value = _of(self.metrics, key)
        return None if value is None else as_judged(key, value)

    def in_blocks(self, key: str) -> Blocks | None:
        """Return what single pictures say of a metric, as ``value`` does of all of them."""
        return _of(self.blocks, key)

    def curve(self, key: str) -> Series:
        """Return a metric over training steps; empty if the run has none of it."""
        return {step: as_judged(key, value) for step, value in (_of(self.history, key) or {}).items()}


def _of(found: Mapping[str, _T], key: str) -> _T | None:
    """Return what is known of a metric. Where there is one swap path, all are that one, and so are their metrics."""
    path = own_path(key)
    if key in found or path is None or any(other.startswith(f"{path}_") and own_path(other) for other in found):
        return found.get(key)
    return found.get(path)
