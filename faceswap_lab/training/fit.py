"""Lightning's part: train from a checkpoint to the last step, or to a signal, on one device or several."""

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.profilers import PassThroughProfiler
from pytorch_lightning.strategies import DDPStrategy

from faceswap_lab.config import Config
from faceswap_lab.data.faces import FaceData
from faceswap_lab.plugins.finding import import_plugins
from faceswap_lab.plugins.plugin import IMPORTED
from faceswap_lab.training.build import autoencoder_of, module_of, samples_of
from faceswap_lab.training.callbacks import Interruptions, Resume
from faceswap_lab.training.device.compiled import compile_parts, explaining
from faceswap_lab.training.device.memory import keep_freed_memory
from faceswap_lab.training.device.processes import LocalProcesses, Place, further_processes
from faceswap_lab.training.module import FaceswapModule, WriteRow
from faceswap_lab.training.saved.checkpoint import Checkpoint
from faceswap_lab.training.step.finite import Diverged

_TORCHS_OWN_THREADS = torch.get_num_threads()  # before any run of this process: a sweep's next cell starts from it too


def prepare_process(config: Config) -> None:
    """Set torch's threads, and how memory is kept; silence Lightning's advice: what concerns the user, the lab says."""
    threads = config.trainer.threads
    keep_freed_memory()
    torch.set_num_threads(_TORCHS_OWN_THREADS if threads is None else threads)
    # In deterministic mode torch fills every new tensor with NaN, in case some code reads memory it has not written.
    # None of ours does, and the filling takes a fifth of a small model's time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # missing in torch's stubs
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module=name)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


def fit(
    config: Config,
    data: FaceData,
    module: FaceswapModule,
    checkpoint: Checkpoint | None,
    reload: Callable[[], Checkpoint | None],
    callbacks: Sequence[pl.Callback],
    write_row: WriteRow,
) -> None:
    """Train ``module`` in this process and, with several devices, in as many further ones as are needed.

    Args:
        config: what to train, and on what.
        data: the faces.
        module: as ``build.module_of`` made it; holds the trained model afterwards.
        checkpoint: where to go on; None: from the start.
        reload: reads that checkpoint in a further process, which saves sending it there.
        callbacks: called in this process only.
        write_row: called in this process only, with each row of losses and its step.

    Raises:
        Interrupted: a signal came; the step in hand was finished first.
        Diverged: a loss or gradient was not finite.
        CompileFailed: torch cannot compile the model here.
    """
    first = Place.first_of(config.trainer.devices) if config.trainer.strategy == "ddp" else Place()
    plugins = tuple(IMPORTED)
    others = further_processes(first, _help, plugins, config, data, reload) if first.world > 1 else nullcontext()
    with others:
        module.write_row = write_row
        _fit_here(first, config, data, module, checkpoint, callbacks)


def _help(
    place: Place, plugins: Sequence[str], config: Config, data: FaceData, reload: Callable[[], Checkpoint | None]
) -> None:
    """Be one of the further processes: train along, write nothing."""
    import_plugins(plugins)
    prepare_process(config)
    _fit_here(place, config, data, module_of(config, autoencoder_of(config, data), data), reload(), ())


def _fit_here(
    place: Place,
    config: Config,
    data: FaceData,
    module: FaceswapModule,
    checkpoint: Checkpoint | None,
    callbacks: Sequence[pl.Callback],
) -> None:
    interruptions = Interruptions(listening=place.rank == 0)
    trainer = trainer_of(config, place, module.plan.reaches_all, [Resume(checkpoint), interruptions, *callbacks])
    # Lightning asks the devices in every step whether SIGTERM has come, and waits for the answer; Interruptions asks.
    trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = lambda: None  # type: ignore[method-assign]
    samples = samples_of(config, data, checkpoint.step if checkpoint else 0)
    try:
        with explaining(config.trainer.compile):
            compile_parts(module.autoencoder, config.trainer.compile)
            trainer.fit(module, samples)
    except Diverged:
        interruptions.tell()  # whoever sent a signal waits for the sweep's end; repeated, the run diverges again
        raise
    except Exception as error:
        interruptions.tell(error)
        raise
    finally:
        samples.resident = None  # Lightning's circles would keep the faces on the device, and the next cell needs room
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()  # Lightning leaves it, and a sweep's next job would use it
    if place.rank == 0:
        interruptions.tell()


def trainer_of(config: Config, place: Place, reaches_all: bool, callbacks: Sequence[pl.Callback]) -> pl.Trainer:
    """Return Lightning's trainer for this configuration, device, precision and all.

    Who is who is always said: under SLURM, Lightning would take other tasks of the allocation for parts of this run,
    refuse some allocations, and requeue on a signal.

    Args:
        config: the run's.
        place: which of its processes this is.
        reaches_all: whether every backward pass reaches all parameters; DDP must be told where some leave some out.
        callbacks: what happens around the steps.
    """
    strategy: str | DDPStrategy = config.trainer.strategy
    if strategy == "ddp":  # buffers need no broadcast at every step: nothing changes them
        strategy = DDPStrategy(find_unused_parameters=not reaches_all, broadcast_buffers=False)
    return pl.Trainer(
        accelerator=config.trainer.accelerator,
        devices=config.trainer.devices if config.trainer.gpu is None else [config.trainer.gpu],
        strategy=strategy,
        plugins=[LocalProcesses(place)],
        precision="bf16-mixed" if config.training.precision == "bf16-mixed" else "32-true",
        deterministic="warn" if config.training.deterministic else False,
        max_epochs=1,
        logger=False,
        callbacks=list(callbacks),
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        profiler=_NoProfiler(),
    )


class _NoProfiler(PassThroughProfiler):
    """Lightning's own way not to profile opens and closes some twenty contexts per step: an eighth of its time."""

    _nothing = nullcontext()

    def profile(self, action_name: str) -> Any:
        """Do nothing."""
        return self._nothing
