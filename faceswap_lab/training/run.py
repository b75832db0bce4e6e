"""One run from its configuration to its result, top to bottom."""

import logging
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from faceswap_lab.config import Config
from faceswap_lab.data.cache import cache_root
from faceswap_lab.data.datamodule import FaceDataModule
from faceswap_lab.data.faces import SIDES, FaceData
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.warp import Recipe
from faceswap_lab.evaluation.followers import train_followers
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from, mean_faces
from faceswap_lab.evaluation.png import write_png
from faceswap_lab.evaluation.preview import preview_picture
from faceswap_lab.evaluation.scores import baselines, evaluate
from faceswap_lab.models.autoencoder import Architecture, Autoencoder, parameter_counts
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.identity import plain
from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.runs.provenance import collect
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session, end_session
from faceswap_lab.runs.status import write_status
from faceswap_lab.training.callbacks import Bar, Every, Interruptions
from faceswap_lab.training.checkpoint import Checkpoint, load, save
from faceswap_lab.training.loggers import CsvLogger, make_loggers
from faceswap_lab.training.module import Diverged, FaceswapModule
from faceswap_lab.training.optimizers import Settings
from faceswap_lab.training.orders import ORDERS
from faceswap_lab.training.weights import save_weights


@dataclass(frozen=True)
class Interrupted(Exception):
    """A signal ended the run after a step that was saved.

    Attributes:
        signal: its number.
        step: training steps made.
    """

    signal: int
    step: int


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
        self.first_rank = int(os.environ.get("LOCAL_RANK", "0")) == 0
        self.held_out = held_out_from(data, config.model.resolution, config.augmentation.coverage)
        self.two_paths = config.encoders.count == 2

    def train_and_judge(self) -> Result | None:
        """Train from the last checkpoint to the end, judge, and write the result; None in a helper process of DDP.

        Raises:
            Interrupted: a signal came; the run is saved.
            Diverged: a loss or gradient was not finite; the last good checkpoint is kept.
            BadCheckpoint: there are checkpoints, but none can be used.
            StorageError: the run folder cannot be written.
        """
        autoencoder = self._autoencoder()
        checkpoint = load(self.folder.checkpoints, self.digest)
        first_step = checkpoint.step if checkpoint else 0
        self.seconds_before, self.started = (checkpoint.seconds if checkpoint else 0.0), time.monotonic()
        if self.first_rank:
            self._begin(first_step)
        module = self._module(autoencoder)
        try:
            if first_step < self.config.training.max_steps:
                self._fit(module, checkpoint)
            elif checkpoint:
                autoencoder.load_state_dict(checkpoint.weights)
            if not self.first_rank:
                return None
            return self._finish(module)
        except Interrupted as interruption:
            self._end("interrupted", interruption.step, f"signal {interruption.signal}")
            raise
        except Diverged as error:
            self._end("diverged", error.step, str(error), error)
            raise
        except BaseException as error:
            self._end("failed", module.steps_done, "", error)
            raise

    def _autoencoder(self) -> Autoencoder:
        autoencoder = Autoencoder(architecture_of(self.config), self.config.seed)
        autoencoder = autoencoder.to(memory_format=torch.channels_last)  # as the samples come; a fifth faster on a CPU
        if self.config.colour_match.name == "mean_a_to_b":
            means = mean_faces(self.data.train, self.config.model.resolution, self.config.augmentation.coverage)
            shift = (means["B"] - means["A"]).mean((1, 2))
            autoencoder.get_buffer("colour_shift")[0] = shift[:, None, None]
        return autoencoder

    def _module(self, autoencoder: Autoencoder) -> FaceswapModule:
        c = self.config
        return FaceswapModule(
            autoencoder,
            order=c.update_order.name,
            optimizer=Settings(c.optimizer.name, c.optimizer.lr, c.optimizer.beta1, c.optimizer.beta2, c.optimizer.eps),
            optimizer_state=c.optimizer_state.name,
            loss=c.loss.name,
            mask_weight=c.loss.mask_weight,
            side_weights={"A": c.loss.weight_a, "B": c.loss.weight_b},
            gradient_clip=c.training.gradient_clip,
            log_every=c.logger.every_steps,
            last_step=c.training.max_steps,
        )

    def _fit(self, module: FaceswapModule, checkpoint: Checkpoint | None) -> None:
        """Let Lightning train from the checkpoint to the last step, or to a signal."""
        c = self.config
        first_step = checkpoint.step if checkpoint else 0
        interruptions = Interruptions()
        callbacks: list[pl.Callback] = [_Resume(checkpoint), interruptions]
        if self.first_rank:
            callbacks += self._callbacks(first_step)
        os.environ["FACESWAP_LAB_RUN"] = str(self.folder.path)  # for the processes that DDP starts
        trainer = pl.Trainer(
            accelerator=c.trainer.accelerator,
            devices=c.trainer.devices,
            strategy=_strategy(c.trainer.strategy),
            precision="bf16-mixed" if c.training.precision == "bf16-mixed" else "32-true",
            deterministic="warn" if c.training.deterministic else False,
            max_epochs=1,
            logger=self._loggers(first_step) if self.first_rank else False,
            callbacks=callbacks,
            use_distributed_sampler=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(module, self._samples(first_step))
        if interruptions.received is not None and module.steps_done < c.training.max_steps:
            raise Interrupted(interruptions.received, module.steps_done)

    def _samples(self, first_step: int) -> FaceDataModule:
        c = self.config
        a = c.augmentation
        recipe = Recipe(a.name, a.rotation, a.zoom, a.shift, a.flip, a.jitter, a.coverage, a.misaligned, a.two_stage)
        samplers = {
            side: SideSampler(self.data.train[side], recipe, c.model.resolution, c.seed, side, a.photometric)
            for side in SIDES
        }
        plan = partial(
            ORDERS[c.update_order.name].plan,
            batch=c.training.batch_size,
            block=c.update_order.block or 0,
            seed=c.seed,
        )
        return FaceDataModule(samplers, plan, first_step, c.training.max_steps, c.trainer.workers)

    def _callbacks(self, first_step: int) -> list[pl.Callback]:
        c = self.config
        callbacks: list[pl.Callback] = [
            Every(c.evaluation.every_steps, None, self._judge_on_the_way),
            Every(c.evaluation.preview_every_steps, None, self._preview),
            Every(c.checkpoint.every_steps, c.checkpoint.every_seconds, self._save, at_stop=True),
            Every(c.training.max_steps, None, self._save),
        ]
        if c.progress:
            callbacks.append(Bar(f"training {self.label}", c.training.max_steps, first_step))
        return callbacks

    def _loggers(self, first_step: int) -> list[Any]:
        c = self.config
        table = MetricsCsv(self.folder.metrics)
        table.truncate_after(first_step)
        mirrors = make_loggers(
            c.logger.kinds,
            self.folder,
            project=c.logger.project,
            mode=c.logger.mode,
            run_id=self.folder.path.name,
            config=plain(c),
        )
        return [CsvLogger(table), *mirrors]

    def _save(self, module: FaceswapModule) -> None:
        """Write a checkpoint of the module as it is between two steps."""
        save(
            self.folder.checkpoints,
            Checkpoint(
                digest=self.digest,
                step=module.steps_done,
                seconds=self._seconds(),
                weights=module.autoencoder.state_dict(),
                optimizers=[optimizer.state_dict() for optimizer in module.states.optimizers],
                pending={side: [float(loss) for loss in losses] for side, losses in module.pending.items()},
            ),
        )
        write_status(self.folder, "running", module.steps_done)

    def _judge_on_the_way(self, module: FaceswapModule) -> None:
        scores = evaluate(module.autoencoder, self.held_out, two_paths=self.two_paths)
        for logger in module.loggers:
            logger.log_metrics(scores, step=module.steps_done)

    def _preview(self, module: FaceswapModule) -> None:
        self._draw(module.autoencoder, self.folder.previews / f"step-{module.steps_done:09d}.png", module.steps_done)

    def _draw(self, autoencoder: Autoencoder, path: Path, step: int) -> None:
        shown = range(min(self.config.evaluation.preview_faces, *(len(x) for x in self.held_out.images.values())))
        title = f"{self.label}, seed {self.config.seed}, step {step}"
        picture = preview_picture(autoencoder, self.held_out, list(shown), title, self.two_paths)
        about = {"Software": "faceswap_lab", "Title": title, "Description": "Synthetic: faces made by a model"}
        write_png(path, picture, about)

    def _finish(self, module: FaceswapModule) -> Result:
        """Judge the trained model and write down what came out; the result last of all."""
        c, autoencoder = self.config, module.autoencoder.cpu()
        seconds = self._seconds()
        scores = self._scores(autoencoder, self.held_out)
        self._draw(autoencoder, self.folder.previews / "final.png", c.training.max_steps)
        save_weights(self.folder.weights, autoencoder)
        end_session(self.folder, "finished", c.training.max_steps)
        result = write_result(
            self.folder,
            digest=self.digest,
            label=self.label,
            seed=c.seed,
            steps=c.training.max_steps,
            seconds=seconds,
            metrics=self._last_losses() | scores,
            details={"parameters": parameter_counts(autoencoder), "data_fingerprint": self.data.fingerprint},
        )
        write_status(self.folder, "finished", c.training.max_steps)
        return result

    def _scores(self, autoencoder: Autoencoder, held_out: HeldOut) -> dict[str, float]:
        c = self.config
        size, coverage = c.model.resolution, c.augmentation.coverage
        followers = None
        if self.data.paired:
            cache = cache_root(c.cache_dir) / "followers"
            followers = train_followers(self.data.train, size, coverage, self.data.fingerprint, cache)
        scores = evaluate(autoencoder, held_out, followers, self.two_paths)
        return scores | baselines(held_out, mean_faces(self.data.train, size, coverage), followers)

    def _last_losses(self) -> dict[str, float]:
        """Return each side's training loss over the last tenth of its rows."""
        from faceswap_lab.runs.metrics import read_metrics

        losses: dict[str, float] = {}
        rows = read_metrics(self.folder.metrics)
        for name in ("loss_A", "loss_B"):
            values = [float(row[name]) for row in rows if name in row]
            last = values[-max(1, len(values) // 10) :]
            if last:
                losses[name] = sum(last) / len(last)
        return losses

    def _begin(self, step: int) -> None:
        begin_session(self.folder, collect(self.command, self.config, self.data.fingerprint, self.config.seed), step)
        write_status(self.folder, "running", step)

    def _end(self, state: Any, step: int, message: str, error: BaseException | None = None) -> None:
        if self.first_rank:
            end_session(self.folder, state, step)
            write_status(self.folder, state, step, message, error)

    def _seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.started


class _Resume(pl.Callback):
    """Puts a checkpoint's state into the module when its optimizers exist."""

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        self.checkpoint = checkpoint

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load weights, optimizer state and the losses that wait for their row."""
        assert isinstance(pl_module, FaceswapModule)
        if self.checkpoint is None:
            return
        pl_module.autoencoder.load_state_dict(self.checkpoint.weights)
        pl_module.steps_done = self.checkpoint.step
        pl_module.pending = {
            side: [torch.tensor(loss, device=pl_module.device) for loss in losses]
            for side, losses in self.checkpoint.pending.items()
        }

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load the optimizers, which exist from here on."""
        assert isinstance(pl_module, FaceswapModule)
        if self.checkpoint is None:
            return
        for optimizer, state in zip(pl_module.states.optimizers, self.checkpoint.optimizers, strict=True):
            optimizer.load_state_dict(state)
        pl_module.states.loaded()
        pl_module.count_step()
        self.checkpoint = None  # its tensors are no longer needed


def architecture_of(config: Config) -> Architecture:
    """Return the model's arguments for a configuration."""
    m, encoders = config.model, config.encoders
    return Architecture(
        resolution=m.resolution,
        encoder_widths=m.encoder_widths,
        code_size=m.code_size,
        bridge_width=m.bridge_width,
        decoder_widths=m.decoder_widths,
        encoders=encoders.count,
        encoder_start=encoders.start,  # type: ignore[arg-type]  # judged at the door
        encoder_activation=config.encoder_activation.name,
        encoder_slope=config.encoder_activation.slope,
        decoder_activation=config.decoder_activation.name,
        value_range=config.value_range.name,  # type: ignore[arg-type]  # judged at the door
        initialisation=config.initialisation.name,
    )


def _strategy(name: str) -> Any:
    """Alternating backward passes leave parameters without a gradient in each of them, and DDP must be told so."""
    if name != "ddp":
        return name
    from pytorch_lightning.strategies import DDPStrategy

    return DDPStrategy(find_unused_parameters=True)


def quiet() -> None:
    """Keep Lightning's advice off the terminal: what concerns the user, the lab says itself."""
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
