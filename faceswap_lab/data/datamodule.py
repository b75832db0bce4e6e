"""The batches of a run, made step by step: what a training step sees depends on the step alone."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import cv2
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from faceswap_lab.data.faces import Side
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.sampler_choice import Resident, Sampler, resident_faces
from faceswap_lab.events import NO_EVENTS, Events
from faceswap_lab.interruption import ignore_signals

_SECONDS_TO_LAST_STEP = 30  # that a worker lives on after SIGTERM


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


class SidePlaces(NamedTuple):
    """What a SideBatch is made from where the faces live on the training device; see ``sampler.Places``.

    Attributes:
        side: whose faces they are.
        which: (n,) int64.
        points: (n, 2, k, k) float64.
        target: (n, 2, 3) float64.
    """

    side: Side
    which: Tensor
    points: Tensor
    target: Tensor


P = TypeVar("P", SideBatch, SidePlaces)
Portions = Sequence[SideBatch | SidePlaces]


def moved(batch: Sequence[P], device: torch.device) -> list[P]:
    """Return a step's portions on a device."""
    return [type(p)(p.side, *(numbers.to(device, non_blocking=True) for numbers in p[1:])) for p in batch]


@dataclass(frozen=True, eq=False)
class StepDataset(Dataset[Portions]):
    """Item i is everything that training step ``first_step + i`` needs.

    Attributes:
        samplers: one for each side.
        portions: what a step needs of each side (side, first sample, samples), over all devices.
        first_step: where training begins, or goes on.
        last_step: where it ends (exclusive).
        rank: which of the devices this is.
        world: how many devices share each portion, as equally large, neighbouring parts.
        sampler: ``cv2`` makes pixels; ``device`` says only which pixels they are.
        events: of the run; they may change the warp.
    """

    samplers: Mapping[Side, SideSampler]
    portions: Callable[[int], Sequence[tuple[Side, int, int]]]
    first_step: int
    last_step: int
    rank: int = 0
    world: int = 1
    sampler: Sampler = "cv2"
    events: Events = NO_EVENTS

    def __len__(self) -> int:
        return self.last_step - self.first_step

    def __getitem__(self, index: int) -> Portions:
        if not 0 <= index < len(self):
            raise IndexError(index)
        step = self.first_step + index
        warp = self.events.at(step).warp
        return [self._share(*portion, warp) for portion in self.portions(step)]

    def _share(self, side: Side, first: int, count: int, warp: float) -> SideBatch | SidePlaces:
        share, faces = count // self.world, self.samplers[side]
        first += self.rank * share
        if self.sampler == "cv2":
            return SideBatch(side, *map(torch.from_numpy, faces.batch(first, share, warp)))
        return SidePlaces(side, *map(torch.from_numpy, faces.places(first, share, warp)))


class FaceDataModule(pl.LightningDataModule):
    """Feeds a Lightning trainer. One epoch is the whole training.

    Args:
        dataset: the steps, of all devices.
        workers: processes that make samples ahead of time; 0: the training process does. The samples are the same.
        asked: which sampler: auto, cv2 or device (see ``sampler_choice.chosen``); decided when the device is known.

    Attributes:
        resident: the faces on the training device, from which the samples are made; None: the loader makes them.
    """

    def __init__(self, dataset: StepDataset, workers: int = 0, asked: str = "cv2") -> None:
        super().__init__()
        self.dataset, self.workers, self.asked = dataset, workers, asked
        self.resident: Resident | None = None

    @property
    def sampler(self) -> Sampler:
        """Which sampler is used."""
        return "cv2" if self.resident is None else "device"

    def setup(self, stage: str) -> None:
        """Decide on the sampler, and put the faces on the device if that is to be.

        Raises:
            SamplerRefused: ``device`` was asked for and cannot be, in every process of the run.
        """
        assert self.trainer is not None
        strategy = self.trainer.strategy

        def least(number: int) -> int:
            return int(strategy.reduce(torch.tensor(number, device=strategy.root_device), reduce_op="min"))

        self.resident = resident_faces(self.asked, self.dataset.samplers, strategy.root_device, least)

    def train_dataloader(self) -> DataLoader[Portions]:
        """Return a loader whose batches are made whole, one per training step, in order."""
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        dataset = replace(self.dataset, rank=rank, world=world, sampler=self.sampler)
        pinned = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return loader_of(dataset, self.workers, pinned)

    def transfer_batch_to_device(self, batch: Portions, device: torch.device, dataloader_idx: int) -> Portions:
        """Move a step's portions; Lightning's search for tensors in whatever a batch may be takes longer."""
        return moved(batch, device)  # type: ignore[type-var]  # each portion stays of its kind

    def on_after_batch_transfer(self, batch: Portions, dataloader_idx: int) -> list[SideBatch]:
        """Make the pixels, if the loader has not."""
        return self.finished(batch)

    def finished(self, batch: Portions) -> list[SideBatch]:
        """Return a batch of the loader as pixels; on the training device, if the faces live there."""
        return [portion if isinstance(portion, SideBatch) else self._read(portion) for portion in batch]

    def _read(self, places: SidePlaces) -> SideBatch:
        assert self.resident is not None
        faces = self.resident[places.side]
        return SideBatch(places.side, *faces.warped(*(numbers.to(faces.device) for numbers in places[1:])))


def loader_of(dataset: Dataset[Any], workers: int, pinned: bool) -> DataLoader[Any]:
    """Return a loader of a dataset's items as they are, in order; ``workers`` processes make them ahead of time."""
    return DataLoader(
        dataset,
        batch_size=None,
        collate_fn=_as_made,
        num_workers=workers,
        worker_init_fn=_prepare_worker if workers else None,
        multiprocessing_context="fork" if workers else None,  # memory-mapped faces are shared, not copied
        pin_memory=pinned,
    )


def _as_made(item: Any) -> Any:
    """It is made of tensors already; torch's own conversion looks at every part of every step."""
    return item


def _prepare_worker(worker: int) -> None:
    """Compute in one thread, and leave interruptions to the training process, which needs samples for its last step.

    Whoever stops a whole process group (a terminal, ``timeout``, SLURM) reaches the workers too. SIGTERM is also how
    torch ends a worker that does not listen, so it is only put off.
    """
    cv2.setNumThreads(0)
    ignore_signals()
    signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(_SECONDS_TO_LAST_STEP))
