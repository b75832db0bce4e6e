"""Where the numbers of a run go: always metrics.csv; TensorBoard and Weights & Biases mirror it."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger

from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.training.mirror import Described, Mirror
from faceswap_lab.training.tensorboard_mirror import TensorBoardMirror
from faceswap_lab.training.wandb_mirror import WandbMirror

MIRRORS: dict[str, Callable[[Described], Mirror]] = {"tensorboard": TensorBoardMirror, "wandb": WandbMirror}


class CsvLogger(Logger):
    """Lightning's door to the run's ``metrics.csv``. Lightning's own CSVLogger cannot resume, nor survive a kill.

    Args:
        table: the file, already cut back to the step from which training goes on.
    """

    def __init__(self, table: MetricsCsv) -> None:
        super().__init__()
        self.table = table

    @property
    def name(self) -> str:
        """A logger has a name."""
        return "csv"

    @property
    def version(self) -> str:
        """There is one table per run."""
        return ""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add one row."""
        self.table.append({"step": step or 0, **metrics})

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the configuration lies beside the table."""


class Mirrors(Logger):
    """Lightning's door to the mirrors. One that breaks is named once and left out: metrics.csv is the record.

    Args:
        kinds: keys of ``MIRRORS``.
        run: what they are told about the run.
    """

    def __init__(self, kinds: Sequence[str], run: Described) -> None:
        super().__init__()
        self._open: dict[str, Mirror] = {}
        for kind in kinds:
            try:
                self._open[kind] = MIRRORS[kind](run)
            except Exception as error:
                _say_broken(kind, error)

    @property
    def name(self) -> str:
        """A logger has a name."""
        return "mirrors"

    @property
    def version(self) -> str:
        """There is one set of mirrors per run."""
        return ""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Mirror one row."""
        self._each(lambda mirror: mirror.metrics(metrics, step or 0))

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the mirrors were told the configuration when they were opened."""

    def picture(self, name: str, path: Path, step: int) -> None:
        """Mirror a picture file that the run has written."""
        self._each(lambda mirror: mirror.picture(name, path, step))

    def result(self, metrics: Mapping[str, float], step: int) -> None:
        """Mirror what came out of the run."""
        self._each(lambda mirror: mirror.result(metrics, step))

    def close(self, failed: bool) -> None:
        """Close all of them; Lightning's own call comes before the last scores, so it closes nothing."""
        self._each(lambda mirror: mirror.close(failed))
        self._open.clear()

    def _each(self, action: Callable[[Mirror], None]) -> None:
        for kind, mirror in list(self._open.items()):
            try:
                action(mirror)
            except Exception as error:  # a service's trouble, whatever its library makes of it, is not the training's
                del self._open[kind]
                _say_broken(kind, error)
                with suppress(Exception):
                    mirror.close(failed=True)


@contextmanager
def mirrors(kinds: Sequence[str], run: Described) -> Iterator[Mirrors]:
    """Yield the mirrors beside the CSV table, and close them however the body ends: a sweep's next cell has its own.

    A body that raises (a signal, a loss or a score that is not finite) leaves them marked as failed.

    Args:
        kinds: keys of ``MIRRORS``.
        run: what they are told about the run.
    """
    made = Mirrors(kinds, run)
    failed = True
    try:
        yield made
        failed = False
    finally:
        made.close(failed)


def _say_broken(kind: str, error: Exception) -> None:
    short = (str(error).splitlines() or [""])[0]
    print(f"{kind} is left out from here on ({type(error).__name__}: {short}).", file=sys.stderr)
    print("            The run goes on, and metrics.csv has it all.", file=sys.stderr, flush=True)
