"""A training made by hand, step by step, so that several can be run side by side and compared between any two steps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from faceswap_lab.config import Config
from faceswap_lab.data.datamodule import SideBatch, moved
from faceswap_lab.data.faces import FaceData
from faceswap_lab.data.sampler_choice import Resident
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.build import autoencoder_of, module_of, samples_of


class Replica:
    """The steps of a run without Lightning around them, in float32: bit for bit what ``fit`` makes on that device.

    The model runs as it is written, whatever ``trainer.compile`` says.

    Args:
        config: the run's.
        data: the run's faces.
        device: where to train.
        reverse: the sides in reverse order: B before A, of the same samples.
    """

    def __init__(self, config: Config, data: FaceData, device: torch.device, reverse: bool = False) -> None:
        self.autoencoder, self.device = autoencoder_of(config, data), device
        self.module = module_of(config, self.autoencoder, data).to(device)
        self.plan = self.module.plan  # whose portions the batches are, in that order
        if reverse:
            self.module.plan = replace(self.plan, sides=self.plan.sides[::-1])
        self.module.configure_optimizers()
        self.steps_done = 0

    def step(self, batch: Sequence[SideBatch]) -> dict[str, float]:
        """Make one training step; return each side's loss as it was taken in it.

        Raises:
            Diverged: a loss or a gradient is not finite.
        """
        portions = self.plan.portions(self.steps_done)
        step = self.module.step
        seen = step.make(self.steps_done, dict(zip(portions, moved(batch, self.device), strict=True)))
        step.watch.look()
        self.steps_done += 1
        return {portion.side: float(loss) for portion, loss in seen.items()}

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the present weights of each part that has some, as one float64 vector."""
        parts = {name: [p.detach() for p in part.parameters()] for name, part in self.autoencoder.parts.items()}
        return {name: torch.cat([w.double().flatten() for w in weights]) for name, weights in parts.items() if weights}


def batches_of(config: Config, data: FaceData, resident: Resident | None = None) -> Iterator[list[SideBatch]]:
    """Yield what each training step of a run sees, from its first step to its last.

    Args:
        config: the run's.
        data: the run's faces.
        resident: those on the training device, as ``build.resident_on`` puts them there; runs that differ in their
            seed alone can share them.
    """
    samples = samples_of(config, data, 0)
    samples.resident = resident
    yield from map(samples.finished, samples.train_dataloader())


def move_by_rounding(autoencoder: Autoencoder) -> None:
    """Replace every weight by the next larger float32: the smallest difference that two trainings can start with."""
    with torch.no_grad():
        for p in autoencoder.parameters():
            p.copy_(torch.nextafter(p, torch.full_like(p, torch.inf)))
