"""What all parts are: modules that make a map of a map."""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


class Part(nn.Module):
    """A map to a map, (N, C, s, s) -> (N, C', s', s').

    ``to_code`` and ``from_code`` are the two halves of ``forward``: what is compared between sides comes out of the
    first, flat.
    """

    def to_code(self, x: Tensor) -> Tensor:
        """Return the code: what comes out, unless the part has a bottleneck."""
        return self(x)

    def from_code(self, code: Tensor) -> Tensor:
        """Return what comes out of the part, for a code of ``to_code``."""
        return code

    def activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield the hidden activations with names: 0, 1, … and up."""
        yield from ()

    def keep(self, first: int, last: int) -> None:
        """Let go of the stages that a topology does not use; after ``initialise``."""


class Staged(Part):
    """A part that is a row of stages, of which a topology may use some only."""

    stages: nn.ModuleDict

    def activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield those of the stages that have one: of a stage's convolution, not of residual blocks after it."""
        for name, stage in self.stages.items():
            if hasattr(stage, "activation"):
                yield name, stage.get_submodule("activation")

    def keep(self, first: int, last: int) -> None:
        """Keep a slice of the stages."""
        names = list(self.stages)
        for name in (*names[:first], *names[last:]):
            del self.stages[name]

    def forward(self, x: Tensor) -> Tensor:
        """Go through the stages."""
        for stage in self.stages.values():
            x = stage(x)
        return x


class Drawing(Part):
    """A part that draws while it trains: ``channels`` numbers for every sample, one for each channel or unit."""

    channels: int

    @abstractmethod
    def drawn(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Return what ``forward`` is told of samples, for their own (N, channels) numbers in [0, 1)."""
