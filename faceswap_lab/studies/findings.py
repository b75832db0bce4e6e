"""What a study found, as plain data: made by ``analysis.py`` from finished runs, shown by ``report/``."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.curves import CurveDifference
from faceswap_lab.studies.statistics.intervals import Interval
from faceswap_lab.studies.statistics.rank_correlation import RankCorrelation
from faceswap_lab.studies.statistics.verdicts import Judgement

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Arm:
    """One configuration of a study.

    Attributes:
        name: of its experiment.
        says: what it is, in a sentence (the first comment line of its YAML).
        changes: dotted key → (baseline's value, this arm's value), of the settings that can change a result.
        parameters: of the whole model; None where no run is finished.
    """

    name: str
    says: str
    changes: dict[str, tuple[Any, Any]]
    parameters: int | None = None


@dataclass(frozen=True)
class Compared:
    """One metric over all arms.

    Attributes:
        metric: which.
        values: arm → seed → value, for every arm, the baseline too.
        judgements: arm → what is said of it against the baseline; all arms but the baseline. Empty for a diagnostic.
    """

    metric: Metric
    values: dict[str, dict[int, float]]
    judgements: dict[str, Judgement]

    def ranked(self) -> list[str]:
        """Return the judged arms by their difference from the baseline, the best first.

        Those without a difference come last; where no direction is better, the order is the study's.
        """
        better = self.metric.higher_is_better
        if better is None:
            return list(self.judgements)
        differences = {arm: judged.comparison.difference for arm, judged in self.judgements.items()}
        known = [arm for arm, difference in differences.items() if math.isfinite(difference)]
        known.sort(key=differences.__getitem__, reverse=better)
        return [*known, *(arm for arm in differences if arm not in known)]


@dataclass(frozen=True)
class Curve:
    """A metric of one arm over training steps, over all seeds that have it.

    Attributes:
        seeds: how many seeds.
        steps: (K,) training steps that all of them have.
        mean: (K,) over the seeds.
        low, high: (K,) the lowest and the highest seed.
    """

    seeds: int
    steps: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """A metric over training steps: each arm, and each arm's paired difference from the baseline."""

    metric: Metric
    arms: dict[str, Curve]
    differences: dict[str, CurveDifference]


@dataclass(frozen=True)
class Prediction:
    """How well a training loss ranks the true swap error (the outcome is turned so that larger is worse).

    Attributes:
        loss: loss_A, loss_B or loss_A + loss_B.
        outcome: the metric that it should predict.
        across_runs: last value against last value, over all arms and seeds.
        across_seeds: the same within each arm, averaged over the arms (what is left when the arm is known).
        over_time: within a run over its steps, averaged over the runs.

    All runs of a seed share its luck, so all intervals take the seed for the witness.
    """

    loss: str
    outcome: Metric
    across_runs: RankCorrelation
    across_seeds: RankCorrelation
    over_time: RankCorrelation


@dataclass(frozen=True)
class Picture:
    """A row of faces: what it is, a finer point, its pixels, and whether these are real pictures of somebody."""

    caption: str
    note: str
    pixels: "Image.Image"
    real: bool = False

    @property
    def kind(self) -> str:
        """What is to be said of it wherever it is shown."""
        return "real" if self.real else "synthetic"


@dataclass(frozen=True)
class Grid:
    """Rows of pictures under a title.

    Attributes:
        title: what the grid shows.
        caption: a sentence or two.
        columns: what stands above each face; empty where the columns are just different faces.
        rows: from top to bottom.
    """

    title: str
    caption: str
    columns: list[str]
    rows: list[Picture]

    @property
    def kinds(self) -> str:
        """Whether real pictures are among them."""
        return kinds_of(self.rows)


def kinds_of(rows: Iterable[Picture]) -> str:
    """Return "synthetic", or "real and synthetic" where one of the rows is real."""
    return "real and synthetic" if any(row.real for row in rows) else "synthetic"


@dataclass(frozen=True)
class Drawing:
    """A topology as a picture, and whose it is.

    Attributes:
        file: its name in the folder of evidence.
        arms: the arms that have it, the baseline first.
        svg: the picture, an SVG document.
    """

    file: str
    arms: list[str]
    svg: str


@dataclass(frozen=True)
class GoesWith:
    """How an arm's differences go with a number known of the pairs of people: Spearman's ρ and its corrected p."""

    arm: str
    fact: str
    rho: float
    p: float
    pairs: int


@dataclass(frozen=True)
class People:
    """What is said where every seed brought its own pair of people.

    Attributes:
        facts: pair (its seed) → what is known of it.
        goes_with: everything that was looked at, the surest first.
    """

    facts: dict[int, dict[str, Any]]
    goes_with: list[GoesWith]


@dataclass(frozen=True)
class OverPictures:
    """What is said where real people are judged, on the same held-out pictures in every run.

    Attributes:
        intervals: arm → of its difference from the baseline, over seeds and blocks of pictures; infinite: not known.
        blocks: into which the held-out pictures of the source fall; 0: these runs kept nothing of single pictures.
        pictures: how many that are.
    """

    intervals: dict[str, Interval]
    blocks: int
    pictures: int


@dataclass(frozen=True)
class Budget:
    """When an arm's runs reach what the baseline's run of the same seed has at its end.

    Attributes:
        arm: which.
        runs: how many have a curve of the primary metric beside a finished baseline.
        reached: how many of them get there.
        steps: median number of training steps over these runs, interpolated; infinite where half never get there.
        ratio: median of steps ÷ the steps that the baseline's own run takes, likewise.
        flops: median of the operations until then ÷ those that the baseline's own run takes; nan where not counted.
        seconds: median training time until then, by the clock on the wall.
        cpu_seconds: median processor time until then, of all cores; nan where no run has measured it.
    """

    arm: str
    runs: int
    reached: int
    steps: float
    ratio: float
    flops: float
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Provenance:
    """How the runs were made: each fact with the cells that share it, the most frequent first.

    Attributes:
        facts: name (commit, python, torch, cpu, data, ...) → value → cells "arm/seed".
        warnings: sentences on what is mixed, unfinished or missing; empty where all cells are alike.
    """

    facts: dict[str, dict[str, list[str]]]
    warnings: list[str]


@dataclass(frozen=True)
class Findings:
    """Everything that a report says.

    Attributes:
        name: of the study, or of a comparison of some runs.
        title: a few words, such as "Encoder count".
        question: in words, as a person asks it; may be empty for a comparison.
        answer: two sentences or so, made from the verdicts alone.
        baseline: the baseline arm's name.
        arms: all arms, the baseline first.
        seeds: all seeds that were planned.
        alpha: level of the verdicts.
        primary: the metric that decides.
        secondary: further metrics with verdicts of their own.
        diagnostics: metrics that explain and are not judged.
        curves: loss_A and loss_B apart, then the swap error in both directions, ….
        predictions: of losses for the true swap error.
        grids: pictures.
        drawings: the topologies of the arms; empty where no run kept its own.
        budgets: of every arm, the baseline first; empty where the primary metric was not measured on the way.
        scope: whom and what size it is about, the first thing to say; may be empty.
        people: over pairs of people; None where all runs are of one pair.
        over_pictures: of real people; None where all are rendered.
        cells: every planned cell.
        provenance: how the runs were made.
        command: the command that repeats it all.
        settings: overrides beside the study, such as ``scale=smoke``.
        notes: the study's own remarks: what to know before reading (limits, what else changes).
        extras: further sections by name, plain JSON data (``order_effect``, ``false_alarms``).
    """

    name: str
    title: str
    question: str
    answer: str
    baseline: str
    arms: list[Arm]
    seeds: list[int]
    alpha: float
    primary: Compared
    secondary: list[Compared]
    diagnostics: list[Compared]
    curves: list[Curves]
    predictions: list[Prediction]
    grids: list[Grid]
    cells: list[Run]
    provenance: Provenance
    command: str
    settings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    scope: str = ""
    people: People | None = None
    over_pictures: OverPictures | None = None
    drawings: list[Drawing] = field(default_factory=list)
