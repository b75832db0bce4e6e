"""One run from its configuration to its result, top to bottom."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import pytorch_lightning as pl
from pytorch_lightning.loggers import Logger

from faceswap_lab.config import Config
from faceswap_lab.data.faces import FaceData
from faceswap_lab.interruption import Interrupted
from faceswap_lab.models.autoencoder import parameter_counts
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.identity import plain
from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.runs.provenance import collect
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session, end_session
from faceswap_lab.runs.status import State, write_status
from faceswap_lab.training.bar import Bar
from faceswap_lab.training.build import autoencoder_of, module_of
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.checkpoint import load, restore_outcome, save, taken_of
from faceswap_lab.training.fit import fit, prepare_process
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.loggers import CsvLogger, mirrors
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.stepper import Diverged
from faceswap_lab.training.weights import save_weights


class Run:
    """A run in its folder. The caller holds the folder's lock.

    Args:
        config: what to train.
        data: the faces.
        folder: where everything goes.
        digest: the run's hash.
        label: the run's label.
        command: the command line, for the record.
    """

    def __init__(
        self, config: Config, data: FaceData, folder: RunFolder, digest: str, label: str, command: Sequence[str]
    ) -> None:
        self.config, self.data, self.folder, self.digest, self.label = config, data, folder, digest, label
        self.command = command
        self.last_step = config.training.max_steps
        self.judge = Judge(config, data, label)
        self.table = MetricsCsv(folder.metrics)

    def train_and_judge(self) -> Result:
        """Train from the last checkpoint to the end, judge, and write the result.

        Raises:
            Interrupted: a signal came; the run is saved.
            Diverged: a loss or gradient was not finite; the last good checkpoint is kept.
            BadCheckpoint: there are checkpoints, but none can be used.
            StorageError: the run folder cannot be written.
        """
        prepare_process(self.config)
        reload = partial(load, self.folder.checkpoints, self.digest)
        checkpoint = reload()
        self.first_step = self.saved_step = checkpoint.step if checkpoint else 0
        self.seconds_before, self.started = (checkpoint.seconds if checkpoint else 0.0), time.monotonic()
        try:
            self._begin()
            module = module_of(self.config, autoencoder_of(self.config, self.data))
            if checkpoint is None or checkpoint.step < self.last_step:
                with self._loggers() as loggers:
                    fit(self.config, self.data, module, checkpoint, reload, self._callbacks(), loggers)
            else:
                restore_outcome(module, checkpoint)
            return self._finish(module)
        except Interrupted as interruption:
            self._end("interrupted", self.saved_step, f"by {interruption}; repeat its command")
            raise Interrupted(interruption.signal, self.saved_step) from None
        except Diverged as error:
            self._end("diverged", error.step, str(error), error)
            raise
        except BaseException as error:
            with suppress(StorageError):  # what could not be written to is most likely the cause already
                self._end("failed", self.saved_step, "", error)
            raise

    def _callbacks(self) -> list[pl.Callback]:
        """Return what happens during training, in the order in which it happens after a step."""
        c = self.config
        callbacks: list[pl.Callback] = [
            Every(c.evaluation.every_steps, None, self._judge_on_the_way),
            Every(c.evaluation.preview_every_steps, None, self._preview),
            Every(c.checkpoint.every_steps, c.checkpoint.every_seconds, self._save, at_stop=True),
            Every(self.last_step, None, self._save),
        ]
        if c.progress:
            callbacks.append(Bar(f"training {self.label}", self.last_step, self.first_step))
        return callbacks

    @contextmanager
    def _loggers(self) -> Iterator[list[Logger]]:
        """Yield metrics.csv, cut back to the step from which training goes on, and what mirrors it."""
        c, run_id = self.config.logger, self.folder.path.name
        self.table.truncate_after(self.first_step)
        with mirrors(
            c.kinds, self.folder, project=c.project, mode=c.mode, run_id=run_id, config=plain(self.config)
        ) as others:
            yield [CsvLogger(self.table), *others]

    def _judge_on_the_way(self, module: FaceswapModule) -> None:
        scores = _finite(self.judge.on_the_way(module.autoencoder), module.steps_done)
        for logger in module.loggers:
            logger.log_metrics(scores, step=module.steps_done)

    def _preview(self, module: FaceswapModule) -> None:
        self.judge.draw(
            module.autoencoder, self.folder.previews / f"step-{module.steps_done:09d}.png", module.steps_done
        )

    def _save(self, module: FaceswapModule) -> None:
        """Write a checkpoint of the module as it is between two steps, unless that is done already."""
        if self.saved_step == module.steps_done:
            return
        self.table.sync()  # its rows up to here will not be made again
        save(self.folder.checkpoints, taken_of(module, self.digest, self._seconds()))
        self.saved_step = module.steps_done
        write_status(self.folder, "running", module.steps_done)

    def _finish(self, module: FaceswapModule) -> Result:
        """Judge the trained model and write down what came out; the result last of all."""
        autoencoder, seconds = module.autoencoder.cpu(), self._seconds()
        scores = _finite(self.judge.at_the_end(autoencoder), self.last_step)
        self.judge.draw(autoencoder, self.folder.previews / "final.png", self.last_step)
        save_weights(self.folder.weights, autoencoder)
        end_session(self.folder, "finished", self.last_step)
        result = write_result(
            self.folder,
            digest=self.digest,
            label=self.label,
            seed=self.config.seed,
            steps=self.last_step,
            seconds=seconds,
            metrics=module.recent.means() | scores,
            details={"parameters": parameter_counts(autoencoder), "data_fingerprint": self.data.fingerprint},
        )
        write_status(self.folder, "finished", self.last_step)
        return result

    def _begin(self) -> None:
        record = collect(self.command, self.config, self.data.fingerprint, self.config.seed)
        begin_session(self.folder, record, self.first_step)
        write_status(self.folder, "running", self.first_step)

    def _end(self, state: State, step: int, message: str, error: BaseException | None = None) -> None:
        write_status(self.folder, state, step, message, error)
        end_session(self.folder, state, step)

    def _seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.started


def _finite(scores: dict[str, float], step: int) -> dict[str, float]:
    """Return the scores, or raise Diverged: weights can be finite and yet too large for any picture to come out."""
    for name, value in scores.items():
        if not math.isfinite(value):
            raise Diverged(step - 1, name, value)
    return scores
