"""The batches of a run, made step by step: what a training step sees depends on the step alone."""

import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from faceswap_lab.data.faces import Side
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.interruption import ignore_signals

_SECONDS_TO_LAST_STEP = 30  # that a worker lives on after SIGTERM

Plan = Callable[[int], Sequence[tuple[Any, int, int]]]


class SideBatch(NamedTuple):
    """n samples of one side, uint8 until they are on the training device: a quarter of the bytes to move.

    Attributes:
        side: whose faces they are.
        input: (n, r, r, 3) uint8 RGB.
        target: (n, r, r, 3) uint8 RGB.
        mask: (n, r, r) uint8, 255 where the target's face is.
    """

    side: Side
    input: Tensor
    target: Tensor
    mask: Tensor


class StepDataset(Dataset[list[SideBatch]]):
    """Item i is everything that training step ``first_step + i`` needs.

    Args:
        samplers: one for each side.
        plan: a step's portions (side, first sample, samples), over all devices.
        first_step: where training begins, or goes on.
        last_step: where it ends (exclusive).
        rank: which of the devices this is.
        world: how many devices share each portion, as equally large, neighbouring parts.
    """

    def __init__(
        self, samplers: Mapping[Side, SideSampler], plan: Plan, first_step: int, last_step: int, rank: int, world: int
    ) -> None:
        self.samplers, self.plan = samplers, plan
        self.first_step, self.last_step = first_step, last_step
        self.rank, self.world = rank, world

    def __len__(self) -> int:
        return self.last_step - self.first_step

    def __getitem__(self, index: int) -> list[SideBatch]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return [self._made(*portion) for portion in self.plan(self.first_step + index)]

    def _made(self, side: Side, first: int, count: int) -> SideBatch:
        share = count // self.world
        samples = self.samplers[side].batch(first + self.rank * share, share)
        return SideBatch(side, *map(torch.from_numpy, (samples.input, samples.target, samples.mask)))


class FaceDataModule(pl.LightningDataModule):
    """Feeds a Lightning trainer from samplers; see StepDataset. One epoch is the whole training.

    Args:
        workers: processes that make samples ahead of time; 0: the training process does. The samples are the same.
    """

    def __init__(
        self, samplers: Mapping[Side, SideSampler], plan: Plan, first_step: int, last_step: int, workers: int = 0
    ) -> None:
        super().__init__()
        self.samplers, self.plan, self.workers = samplers, plan, workers
        self.first_step, self.last_step = first_step, last_step

    def train_dataloader(self) -> DataLoader[list[SideBatch]]:
        """Return a loader whose batches are made whole, one per training step, in order."""
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        dataset = StepDataset(self.samplers, self.plan, self.first_step, self.last_step, rank, world)
        return DataLoader(
            dataset,
            batch_size=None,
            num_workers=self.workers,
            worker_init_fn=_prepare_worker if self.workers else None,
            multiprocessing_context="fork" if self.workers else None,  # memory-mapped faces are shared, not copied
            pin_memory=self.trainer is not None and self.trainer.strategy.root_device.type == "cuda",
        )


def _prepare_worker(worker: int) -> None:
    """Compute in one thread, and leave interruptions to the training process, which needs samples for its last step.

    Whoever stops a whole process group (a terminal, ``timeout``, SLURM) reaches the workers too. SIGTERM is also how
    torch ends a worker that does not listen, so it is only put off.
    """
    cv2.setNumThreads(0)
    ignore_signals()
    signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(_SECONDS_TO_LAST_STEP))
