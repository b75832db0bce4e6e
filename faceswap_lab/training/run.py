"""One run from its configuration to its result, top to bottom."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytorch_lightning as pl

from faceswap_lab.config import Config
from faceswap_lab.data.datamodule import FaceDataModule
from faceswap_lab.data.faces import FaceData
from faceswap_lab.data.people import described_people
from faceswap_lab.interruption import Interrupted
from faceswap_lab.models.autoencoder import Autoencoder, parameter_counts
from faceswap_lab.runs.atomic import StorageError, write_text
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.runs.pictures import write_pictures
from faceswap_lab.runs.provenance import collect
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session, end_session, note_in_session, read_sessions
from faceswap_lab.runs.status import State, write_status
from faceswap_lab.topology.picture import svg
from faceswap_lab.training.bar import Bar
from faceswap_lab.training.build import autoencoder_of, module_of
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.description import flops_per_step
from faceswap_lab.training.device.memory import PeakMemory
from faceswap_lab.training.fit import fit, prepare_process
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.saved.checkpoint import Checkpoint, load, restore_outcome, save, taken_of
from faceswap_lab.training.saved.weights import save_weights
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.tracking.mirror import Described
from faceswap_lab.training.tracking.mirrors import Mirrors

_FIRST_PREVIEW = 100  # training steps; sooner there is nothing to be seen


def picture_of(autoencoder: Autoencoder, title: str) -> str:
    """Return the picture of a model's parts and routes with their numbers of weights, as SVG."""
    counts = parameter_counts(autoencoder)
    return svg(autoencoder.topology, {name: f"{count:,} weights" for name, count in counts.items()}, title)


class Clocks:
    """Training time and processor time of a run, summed over its sessions.

    The processor's clock counts all threads of this process: on several devices the first one's, and in ``train()`` of
    a notebook whatever else it does meanwhile.
    """

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        before = (0.0, 0.0) if checkpoint is None else (checkpoint.seconds, checkpoint.cpu_seconds)
        self.before, self.began = before, (time.monotonic(), time.process_time())

    def read(self) -> tuple[float, float | None]:
        """Return both in seconds; the processor's is None where an earlier session has not measured it."""
        seconds, cpu_seconds = self.before
        now, cpu_now = time.monotonic() - self.began[0], time.process_time() - self.began[1]
        return seconds + now, None if cpu_seconds is None else cpu_seconds + cpu_now


class Run:
    """A run in its folder. The caller holds the folder's lock.

    Args:
        config: what to train.
        data: the faces.
        folder: where everything goes.
        digest: the run's hash.
        label: the run's label.
        command: the command line, for the record.
        options: ``group=option`` of the groups in which the run differs from the baseline, to find it by.
        sweep: the name of the sweep that the run is a cell of; None: none.
    """

    def __init__(
        self,
        config: Config,
        data: FaceData,
        folder: RunFolder,
        digest: str,
        label: str,
        command: Sequence[str],
        options: Sequence[str] = (),
        sweep: str | None = None,
    ) -> None:
        self.config, self.data, self.folder, self.digest, self.label = config, data, folder, digest, label
        self.command, self.options, self.sweep = command, options, sweep
        self.last_step = config.training.max_steps
        self.judge = Judge(config, data, label)
        self.table = MetricsCsv(folder.metrics)
        self._reload = partial(load, folder.checkpoints, digest)

    def train_and_judge(self) -> Result:
        """Train from the last checkpoint to the end, judge, and write the result.

        Raises:
            Interrupted: a signal came; the run is saved.
            Diverged: a loss or gradient was not finite; the last good checkpoint is kept.
            BadCheckpoint: there are checkpoints, but none can be used.
            StorageError: the run folder cannot be written.
        """
        prepare_process(self.config)
        self.memory = PeakMemory()
        checkpoint = self._reload()
        self.first_step = self.saved_step = checkpoint.step if checkpoint else 0
        self.clocks = Clocks(checkpoint)
        with self._noting_the_end(), ExitStack() as self.opened:
            module = self._begin()
            if checkpoint is None or checkpoint.step < self.last_step:
                fit(self.config, self.data, module, checkpoint, self._reload, self._callbacks(), self.write_row)
            else:
                restore_outcome(module, checkpoint)
            metrics = self._judge_at_the_end(module)
            self.opened.close()  # the mirrors, before the result is written: an upload may be interrupted
            return self._finish(module, metrics)

    def _begin(self) -> FaceswapModule:
        """Begin a session in the run folder, and return the module at its start."""
        record = collect(self.command, self.config, self.data.fingerprint, self.config.seed)
        begin_session(self.folder, record, self.first_step)
        write_status(self.folder, "running", self.first_step)
        autoencoder = autoencoder_of(self.config, self.data)
        write_text(self.folder.topology, picture_of(autoencoder, self.config.topology.name))
        module = module_of(self.config, autoencoder, self.data)
        self.table.truncate_after(self.first_step)
        about = Described(self.config, self.folder, self.label, self.options, self.sweep, self.first_step)
        self.mirrors = self.opened.enter_context(Mirrors(self.config.logger.kinds, about))
        return module

    @contextmanager
    def _noting_the_end(self) -> Iterator[None]:
        """Write down what ends the run, if the body raises it, and let it go on its way."""
        try:
            yield
        except Interrupted as interruption:
            failure = interruption.__cause__
            if failure is None:
                self._end("interrupted", self.saved_step, f"by {interruption}; repeat its command")
            else:
                self._end_failed(failure)
            raise Interrupted(interruption.signal, self.saved_step) from failure
        except Diverged as error:
            self._end("diverged", error.step, str(error), error)
            raise
        except BaseException as error:
            self._end_failed(error)
            raise

    def _callbacks(self) -> list[pl.Callback]:
        """Return what happens during training, in the order in which it happens after a step."""
        last, evaluation, checkpoint = self.last_step, self.config.evaluation, self.config.checkpoint
        callbacks: list[pl.Callback] = [
            pl.callbacks.LambdaCallback(on_train_start=lambda trainer, _: self._note_sampler(trainer.datamodule)),
            Every(evaluation.every_steps, None, self.judge_on_the_way),
            Every(preview_every(evaluation.preview_every_steps, last), None, self.preview),
            Every(checkpoint.every_steps, checkpoint.every_seconds, self.save, at_stop=True),
            Every(last, None, self.save),
        ]
        if self.config.events.planned:
            note = pl.callbacks.LambdaCallback(on_train_batch_start=lambda _, module, *rest: self._note_events(module))
            callbacks.append(note)
        if self.config.progress:
            callbacks.append(Bar(f"training {self.label}", last, self.first_step))
        return callbacks

    def _note_sampler(self, samples: FaceDataModule) -> None:
        """Record which sampler makes the samples: it is known only once the device is."""
        note_in_session(self.folder, sampler=samples.sampler)

    def _note_events(self, module: FaceswapModule) -> None:
        """Record what happens right before the next step."""
        due = [str(event) for event in module.settings.events.due(module.steps_done)]
        if due:
            note_in_session(self.folder, events=[*read_sessions(self.folder)[-1].get("events", []), *due])

    def write_row(self, values: dict[str, float], step: int) -> None:
        """Add a row to metrics.csv and its mirrors. Lightning's own CSVLogger cannot resume, nor survive a kill."""
        self.table.append({"step": step, **values})
        self.mirrors.metrics(values, step)

    def judge_on_the_way(self, module: FaceswapModule) -> None:
        """Add a row of the scores of the module as it is."""
        scores = _finite(
            self.judge.on_the_way(module.autoencoder, module.average, module.term_weights), module.steps_done
        )
        self.write_row(scores, module.steps_done)

    def preview(self, module: FaceswapModule) -> None:
        """Show the module as it is; mirrors get the very last picture with the result."""
        path = self.folder.previews / f"step-{module.steps_done:09d}.png"
        self.judge.draw(module.autoencoder, path, module.steps_done)
        if module.steps_done < self.last_step:
            self.mirrors.picture("preview", path, module.steps_done)

    def save(self, module: FaceswapModule) -> None:
        """Write a checkpoint of the module as it is between two steps, unless that is done already."""
        if self.saved_step == module.steps_done:
            return
        self.table.sync()  # its rows up to here will not be made again
        save(self.folder.checkpoints, taken_of(module, self.digest, *self.clocks.read()))
        self.saved_step = module.steps_done
        write_status(self.folder, "running", module.steps_done)

    def _judge_at_the_end(self, module: FaceswapModule) -> dict[str, float]:
        """Judge and show the trained model, and keep its weights; return the metrics of the result."""
        self.seconds, self.cpu_seconds = self.clocks.read()
        autoencoder, picture = module.autoencoder.cpu(), self.folder.previews / "final.png"
        average = None if module.average is None else module.average.cpu()
        real = self.judge.real_swaps(autoencoder, average)
        scores = _finite(self.judge.at_the_end(autoencoder, average, module.term_weights) | real.scores, self.last_step)
        if real.pictures:
            write_pictures(self.folder, real.pictures, self.data.held_out_groups)
        self.judge.draw(autoencoder, picture, self.last_step)
        save_weights(self.folder.weights, autoencoder)
        if average is not None:
            save_weights(self.folder.averaged_weights, average)
        metrics = module.recent.means() | scores
        self.mirrors.result(metrics, self.last_step)
        return metrics

    def _finish(self, module: FaceswapModule, metrics: dict[str, float]) -> Result:
        """Write down what came out; the result last of all."""
        end_session(self.folder, "finished", self.last_step)
        result = Result(
            digest=self.digest,
            label=self.label,
            seed=self.config.seed,
            steps=self.last_step,
            seconds=self.seconds,
            metrics=metrics,
            details={
                "parameters": parameter_counts(module.autoencoder),
                "flops_per_step": flops_per_step(module.autoencoder.architecture, module.plan),
                **({} if self.cpu_seconds is None else {"cpu_seconds": self.cpu_seconds}),
                "data_fingerprint": self.data.fingerprint,
                **({"people": described_people(self.data.people)} if self.data.people else {}),
                "peak_memory": self.memory.read(),
            },
        )
        result = write_result(self.folder, result)
        write_status(self.folder, "finished", self.last_step)
        return result

    def _end_failed(self, error: BaseException) -> None:
        with suppress(StorageError):  # what could not be written to is most likely the cause already
            self._end("failed", self.saved_step, "", error)

    def _end(self, state: State, step: int, message: str, error: BaseException | None = None) -> None:
        write_status(self.folder, state, step, message, error)
        end_session(self.folder, state, step)


def preview_every(asked: int | None, last_step: int) -> int | None:
    """Return after how many steps a face is shown: as asked, but a run that would end before, shows one halfway."""
    return None if asked is None else min(asked, max(last_step // 2, _FIRST_PREVIEW))


def _finite(scores: dict[str, float], step: int) -> dict[str, float]:
    """Return the scores, or raise Diverged: weights can be finite and yet too large for any picture to come out."""
    for name, value in scores.items():
        if not math.isfinite(value):
            raise Diverged(step - 1, name, value)
    return scores
