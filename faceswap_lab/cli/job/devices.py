"""Which GPU a cell trains on, where several cells of a sweep run on one machine at the same time.

Lightning's ``devices=1`` is always the first GPU. So each cell takes the lowest place that no other cell of the sweep
holds on this machine, and the GPU of that number, counted around: two cells share a GPU only when there are more cells
than GPUs. A place is a lock of the operating system's: it ends with its process, however that ends. Only GPUs that are
visible count, so what SLURM, ray or CUDA_VISIBLE_DEVICES gave to this process is all there is.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from faceswap_lab.config import Config, ConfigError


def gpus_here() -> int:
    """Return how many GPUs this process sees. torch takes seconds to import, and is asked only if there may be one."""
    if not any(Path("/dev", name).exists() for name in ("nvidiactl", "dxg", "kfd")):
        return 0
    import torch

    return torch.cuda.device_count()


def processes_at_once(threads: int | None, accelerator: str) -> int:
    """Return how many cells may run on this machine at the same time.

    One per GPU, unless the accelerator is "cpu"; else one per ``threads`` cores, or one on all of them.
    """
    gpus = 0 if accelerator == "cpu" else gpus_here()
    if gpus:
        return gpus
    from joblib import cpu_count  # minds cgroups and affinity

    return max(1, cpu_count() // threads) if threads else 1


def check_devices(config: Config) -> None:
    """Refuse devices that this machine does not have; torch is asked only where it matters.

    Raises:
        ConfigError: names the device.
    """
    trainer = config.trainer
    one = trainer.accelerator == "auto" and trainer.devices == 1 and trainer.gpu is None  # any device will do
    if trainer.accelerator == "cpu" or (one and trainer.compile != "cudagraphs"):
        return
    import torch

    there = torch.cuda.device_count() or int(torch.backends.mps.is_available())
    if trainer.accelerator == "gpu" and not there:
        raise ConfigError("trainer.accelerator=gpu: torch finds no GPU here. Use trainer=auto or trainer=cpu.")
    if trainer.compile == "cudagraphs" and not torch.cuda.is_available():
        raise ConfigError(
            "trainer.compile=cudagraphs: torch finds no CUDA device here. "
            "Use trainer.compile=default or trainer.compile=none."
        )
    if there and trainer.devices > there:
        raise ConfigError(
            f"trainer.devices={trainer.devices}: torch finds {there} here. "
            f"Use trainer.devices={there}, or trainer.accelerator=cpu."
        )
    if trainer.gpu is not None and trainer.gpu >= there:
        raise ConfigError(
            f"trainer.gpu={trainer.gpu}: torch finds {there} GPU(s) here, counted from 0. "
            + (f"Use trainer.gpu={there - 1} or less." if there else "Leave trainer.gpu at null.")
        )


@contextmanager
def gpu_of_its_own(config: Config, places: Path | None) -> Iterator[Config]:
    """Yield the configuration with the GPU that is this cell's while the body runs; unchanged where there is no choice.

    The locks lie in ``places``, the sweep's folder; None: no cell runs beside this one.
    """
    trainer = config.trainer
    free = places and trainer.accelerator != "cpu" and trainer.devices == 1 and trainer.gpu is None
    gpus = gpus_here() if free else 0
    if places is None or gpus < 2:
        yield config
        return
    with lowest_free_place(places) as place:
        yield replace(config, trainer=replace(trainer, gpu=place % gpus))


@contextmanager
def lowest_free_place(places: Path) -> Iterator[int]:
    """Yield 0, 1, 2, …: the lowest that no other process of this machine holds in the folder ``places``."""
    from filelock import FileLock, Timeout

    folder = places / "gpus" / socket.gethostname()
    os.makedirs(folder, exist_ok=True)
    for place in count():
        lock = FileLock(folder / str(place), is_singleton=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            yield place
        finally:
            lock.release()
        return
