"""A training made by hand, step by step, so that several can be run side by side and compared between any two steps."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from faceswap_lab.config import Config
from faceswap_lab.data.datamodule import SideBatch, moved
from faceswap_lab.data.faces import FaceData, Side
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
        reverse: each step's portions are taken in the reverse of their order: B before A.
    """

    def __init__(self, config: Config, data: FaceData, device: torch.device, reverse: bool = False) -> None:
        self.autoencoder = autoencoder_of(config, data).to(device)
        self.device, self.reverse = device, reverse
        module = module_of(config, self.autoencoder)
        module.configure_optimizers()
        self.move, self.stepper, self.states = module.move, module.stepper, module.states
        self.steps_done = 0

    def step(self, batch: Sequence[SideBatch]) -> dict[Side, float]:
        """Make one training step; return each side's loss as it was taken in it.

        Raises:
            Diverged: a loss or a gradient is not finite.
        """
        portions = moved(batch, self.device)
        self.stepper.begin(self.steps_done)
        self.move(self.stepper, portions[::-1] if self.reverse else portions)
        self.stepper.watch.look()
        self.steps_done += 1
        return {side: float(loss) for side, loss in self.stepper.seen.values()}

    def weights(self) -> dict[str, list[Tensor]]:
        """Return the present weights by parameter group; see ``groups_of``."""
        return groups_of(self.autoencoder)


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


def groups_of(autoencoder: Autoencoder) -> dict[str, list[Tensor]]:
    """Return the weights, not copied, of each component: encoder (or encoder_A, encoder_B), decoder_A, decoder_B."""
    named = {"encoder" if name == "shared" else f"encoder_{name}": m for name, m in autoencoder.encoders.items()}
    named |= {f"decoder_{side}": m for side, m in autoencoder.decoders.items()}
    return {name: [p.detach() for p in module.parameters()] for name, module in named.items()}


def copied(weights: dict[str, list[Tensor]]) -> dict[str, list[Tensor]]:
    """Return a copy that further training leaves alone."""
    return {name: [p.clone() for p in group] for name, group in weights.items()}


def move_by_rounding(autoencoder: Autoencoder) -> None:
    """Replace every weight by the next larger float32: the smallest difference that two trainings can start with."""
    with torch.no_grad():
        for p in autoencoder.parameters():
            p.copy_(torch.nextafter(p, torch.full_like(p, torch.inf)))
