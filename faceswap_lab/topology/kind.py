"""What all kinds of parts have: the sizes they take where their YAML names none, and what is asked of a kind."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from faceswap_lab.topology.blocks import Blocks, Bottleneck, Residuals, Shape


@dataclass(frozen=True)
class Sizes:
    """What a part takes where its YAML names nothing: the group ``model``, and the groups of blocks.

    Attributes:
        resolution: the side of the faces that are drawn.
        input_resolution: the side of those that the encoder sees; 0: the same.
        grid: the side that the encoder's convolutions come down to: 4 in 2018, whatever the resolution.
        dense_width: channels of the map that comes out of the bottleneck; 0: the encoder's last width.
        dense_side: its side; 0: as what comes in.
    """

    resolution: int = 64
    encoder_widths: tuple[int, ...] = (128, 256, 512, 1024)
    code_size: int = 1024
    bridge_width: int = 512
    decoder_widths: tuple[int, ...] = (256, 128, 64)
    out_kernel: int = 5
    depth_to_space: bool = False
    grid: int = 4
    dense_width: int = 0
    dense_side: int = 0
    mask_head: tuple[int, ...] = ()
    encoder_residuals: tuple[int, ...] = ()
    input_resolution: int = 0
    downsamplers: tuple[str, ...] = ()
    kernel: int = 5
    blocks: Blocks = field(default_factory=Blocks)
    bottleneck: Bottleneck = field(default_factory=Bottleneck)
    residuals: Residuals = field(default_factory=Residuals)

    @property
    def face(self) -> Shape:
        """What a route begins with."""
        return 3, self.input_resolution or self.resolution

    @property
    def dense_channels(self) -> int:
        """The channels of the map that comes out of the bottleneck."""
        return self.dense_width or (3, *self.encoder_widths)[-1]


@dataclass(frozen=True)
class Kind(ABC):
    """What all kinds have.

    Attributes:
        across_batch: what it makes of a face depends on the others in the batch, as batch normalisation does.
        told: it is told whose face to draw.
        ends: it draws a face, so a route may end with it.
        weighs: it has weights.
        draws: while it trains it draws anew for every sample.
        masks: it draws the face's mask beside the face, as a fourth channel.
        named: its argument → what ``Sizes`` calls it, where the two are not the same.
    """

    across_batch: ClassVar[bool] = False
    told: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    weighs: ClassVar[bool] = True
    draws: ClassVar[bool] = False
    named: ClassVar[Mapping[str, str]] = {}

    @property
    def masks(self) -> bool:
        """No, but for a decoder with a mask head."""
        return False

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given: what ``sizes`` has of them."""
        groups = (sizes, sizes.blocks, sizes.bottleneck, sizes.residuals)
        known = {name: value for group in groups for name, value in vars(group).items()}
        sources = {entry.name: cls.named.get(entry.name, entry.name) for entry in dataclasses.fields(cls)}
        return {argument: known[source] for argument, source in sources.items() if source in known}

    def at(self, seen: Shape) -> "Kind":
        """Return the arguments for what it sees on its route."""
        return self

    @abstractmethod
    def stages(self, seen: Shape) -> list[Shape]:
        """Return the shapes before, between and after the part's stages.

        Raises:
            ValueError: what it sees does not fit; says why.
        """

    def out(self, seen: Shape) -> Shape:
        """Return the shape of what comes out."""
        return self.stages(seen)[-1]


@dataclass(frozen=True)
class Staged(Kind):
    """A part of which a topology may use some stages only, ``first`` … ``last`` - 1, counted as Python's slices are.

    A slice starts with the same weights as those stages of the whole part would, so that splitting a part changes who
    shares it and nothing else.
    """

    first: int = 0
    last: int | None = None

    @abstractmethod
    def whole(self, seen: Shape) -> list[Shape]:
        """Return the shapes before, between and after all stages of the whole part."""

    def stages(self, seen: Shape) -> list[Shape]:
        """Return the shapes at the stages that are used."""
        whole = self.whole(seen)
        first, last = self.used(len(whole) - 1)
        if max(abs(self.first), abs(self.last or 0)) > len(whole) - 1:
            beyond = max(self.first, self.last or 0, key=abs)
            raise ValueError(f"it has {len(whole) - 1} stages, and is split after {beyond}")
        if seen != whole[first]:
            raise ValueError(f"its stage {first} sees {shape_text(whole[first])}, not {shape_text(seen)}")
        return whole[first : last + 1]

    def used(self, stages: int) -> tuple[int, int]:
        """Return first and last as numbers from 0 to the number of stages."""
        first, last, _ = slice(self.first, self.last).indices(stages)
        return first, max(first, last)


def shape_text(shape: Shape) -> str:
    """Return a shape as a person reads it: 64 channels of 8x8."""
    return f"{shape[0]} channels of {shape[1]}x{shape[1]}"
