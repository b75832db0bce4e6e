"""Where the numbers of a run go: always metrics.csv; TensorBoard and Weights & Biases mirror it."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytorch_lightning.loggers import Logger, TensorBoardLogger

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.metrics import MetricsCsv


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


@contextmanager
def mirrors(
    kinds: tuple[str, ...], folder: RunFolder, *, project: str, mode: str, run_id: str, config: dict[str, Any]
) -> Iterator[list[Logger]]:
    """Yield the loggers beside the CSV table, and close them however the body ends: a sweep's next cell has its own.

    A body that raises (a signal, a loss that is not finite) leaves them marked as failed.

    Args:
        kinds: of "tensorboard", "wandb".
        folder: the run's; everything is written below it.
        project: W&B's project.
        mode: W&B's mode: offline needs no account.
        run_id: the same for every session of a run, so that a resumed run goes on in the same W&B run.
        config: the resolved configuration.
    """
    made: list[Logger] = []
    if "tensorboard" in kinds:
        made.append(TensorBoardLogger(save_dir=str(folder.path), name="tensorboard", version=""))
    if "wandb" in kinds:
        from pytorch_lightning.loggers import WandbLogger

        made.append(
            WandbLogger(
                project=project,
                name=folder.path.name,
                id=run_id,
                save_dir=str(folder.path),
                mode=mode,
                resume="allow",
                config=config,
            )
        )
    failed = True
    try:
        yield made
        failed = False
    finally:
        for logger in made:
            logger.finalize("failed" if failed else "success")
        if "wandb" in kinds:
            import wandb

            wandb.finish(exit_code=1 if failed else 0)
