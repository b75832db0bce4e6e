"""The kinds of parts, as far as they can be judged without torch: their arguments, and what shape comes out.

A map has a shape (channels, side): square, side x side pixels. ``models.parts`` has the module of every kind under the
same name, made from the same arguments. To add a kind: a class here, a module there.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from faceswap_lab.topology.blocks import DOWNSAMPLERS, KERNELS, Blocks, Bottleneck, Residuals, Shape, halvings, spread
from faceswap_lab.topology.kind import Kind, Sizes, Staged, shape_text


@dataclass(frozen=True)
class Encoder(Staged, Blocks, Bottleneck, Residuals):
    """Halving convolutions to 4x4, two dense layers, one upscale (deepfakes/faceswap 2018).

    Stages: one per convolution with its residual blocks, the bottleneck, the upscale (nothing happens there with
    ``bridge_width: 0``). ``downsamplers`` names what stands in a convolution's place, for all stages or for each.
    ``kernel`` is the side of the kernel, in all of them but ``pointwise``.
    """

    named: ClassVar[Mapping[str, str]] = {"widths": "encoder_widths", "residuals": "encoder_residuals"}
    resolution: int = 0
    widths: tuple[int, ...] = ()
    code_size: int = 0
    bridge_width: int = 0
    grid: int = 4
    dense_width: int = 0
    dense_side: int = 0
    downsamplers: tuple[str, ...] = ()
    kernel: int = 5

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given."""
        return super().usual(sizes) | {"resolution": sizes.face[1]}

    def whole(self, seen: Shape) -> list[Shape]:
        """(3, r) … (widths[-1], 4), (dense_width, 4), (bridge_width, 8)."""
        if self.kernel not in KERNELS:
            raise ValueError(f"kernel is one of {', '.join(map(str, KERNELS))}, not {self.kernel}")
        down = self.down()
        if self.resolution != self.grid << halvings(self.downsamplers, len(self.widths)):
            found = f"{len(self.widths)} widths bring {self.resolution} px to {down[-1][1]} px"
            raise ValueError(f"{found}, not to {self.grid}")
        for _, side in down[:-1]:
            self.padded(side)
        for i, (name, residuals) in enumerate(zip(self.downs(), self.after(len(self.widths), "convolutions"))):
            normed = DOWNSAMPLERS[name].normed_at(down[i][1])
            self.at_stage(i).normable(min(normed, down[i + 1][1]) if residuals else normed)
        dense, last_blocks = self.squeezed(down[-1], self.gives, self.code_size), self.at_stage(len(self.widths))
        return [*down, dense, last_blocks.upscaled(self.bridge_width, dense[1]) if self.bridge_width else dense]

    def down(self) -> list[Shape]:
        """Return the shapes before, between and after the stages that halve."""
        shapes = [(3, self.resolution)]
        for name, width in zip(self.downs(), self.widths):
            shapes.append(DOWNSAMPLERS[name].gives(width, shapes[-1]))
        return shapes

    def downs(self) -> tuple[str, ...]:
        """Return the downsampler of each of these stages.

        Raises:
            ValueError: there is no such downsampler, or not one for each.
        """
        for name in self.downsamplers:
            if name not in DOWNSAMPLERS:
                raise ValueError(f"a downsampler is {', '.join(DOWNSAMPLERS)}, not {name}")
        count = len(self.widths)
        return spread("downsamplers", self.downsamplers, "conv", count, f"downsamplers for {count} convolutions")

    @property
    def gives(self) -> Shape:
        """What comes out of the bottleneck."""
        return self.dense_width or (3, *self.widths)[-1], self.dense_side or self.grid


@dataclass(frozen=True)
class ConvEncoder(Encoder):
    """The convolutions of the encoder alone: the dense layers are an inter's matter (IAE, LIAE, SAEHD)."""

    last: int | None = -2

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given; the bottleneck is not its own, so it is not judged here."""
        return super().usual(sizes) | vars(Bottleneck())


@dataclass(frozen=True)
class CodeEncoder(Encoder):
    """The convolutions and one dense layer, to ``code_size`` numbers: what they become is an inter's matter (AMP)."""

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given: the code is a map of one pixel."""
        ends = {"bottleneck": "one_dense", "dense_width": sizes.code_size, "dense_side": 1, "bridge_width": 0}
        return super().usual(sizes) | ends


@dataclass(frozen=True)
class Inter(Kind, Blocks, Bottleneck):
    """Two dense layers, no activation between or after, and an upscale: what lies between encoder and decoder.

    deepfakes/faceswap IAE and DeepFaceLab's SAE have such inters; ``bridge_width: 0`` leaves the upscale out.
    ``side`` is that of the map that comes out of the bottleneck; 0: as what comes in.
    """

    named: ClassVar[Mapping[str, str]] = {"side": "dense_side"}
    code_size: int = 0
    width: int = 0
    bridge_width: int = 0
    side: int = 0

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given."""
        return super().usual(sizes) | {"width": sizes.dense_channels}

    def stages(self, seen: Shape) -> list[Shape]:
        """(c, s), (width, side), and (bridge_width, 2 side) with an upscale."""
        dense = self.squeezed(seen, (self.width, self.side or seen[1]), self.code_size)
        up = self.at_stage(0).upscaled
        return [seen, dense, up(self.bridge_width, dense[1])] if self.bridge_width else [seen, dense]


@dataclass(frozen=True)
class Decoder(Staged, Blocks, Residuals):
    """Upscales, and a convolution to the picture. Stages: one per upscale with its residual blocks, the convolution.

    ``channels`` is what the whole decoder sees: taken from the route where the decoder begins with its first stage.
    ``out_kernel`` is the side of the last convolution's kernel; with ``depth_to_space`` four convolutions of fixed
    kernels are there in its place, which double the sides once more. ``share`` is taken of all widths. ``mask_head``
    has the widths of a row of upscales beside, which draws the face's mask as a fourth channel; empty: there is none.
    """

    ends: ClassVar[bool] = True
    named: ClassVar[Mapping[str, str]] = {"widths": "decoder_widths"}
    channels: int = 0
    widths: tuple[int, ...] = ()
    out_kernel: int = 5
    depth_to_space: bool = False
    share: float = 1.0
    mask_head: tuple[int, ...] = ()

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given; without an upscale before it, it sees what the bottleneck gives."""
        return super().usual(sizes) | {"channels": sizes.bridge_width or sizes.dense_channels}

    @property
    def masks(self) -> bool:
        """With a mask head."""
        return bool(self.mask_head)

    def whole(self, seen: Shape) -> list[Shape]:
        """(channels, 8) … (widths[-1], r), (3, r) or, with a mask, (4, r)."""
        if self.out_kernel % 2 == 0:
            raise ValueError(f"out_kernel must be odd, not {self.out_kernel}")
        self.after(len(self.widths), "upscales")
        doublings = len(self.widths) + self.depth_to_space
        if self.masks and len(self.mask_head) != doublings:
            raise ValueError(f"mask_head has {len(self.mask_head)} widths, and there are {doublings} doublings")
        if self.masks and (self.first, self.last) != (0, None):
            raise ValueError("mask_head needs a whole decoder, and this is a slice of one")
        if self.masks and self.depth_to_space and self.up_factor != 2:
            raise ValueError(f"up_factor={self.up_factor} with depth_to_space: no mask_head has the picture's size")
        first, _ = self.used(len(self.widths) + 1)
        shapes = [(self.channels, seen[1] // self.up_factor ** min(first, len(self.widths)))]
        for i, width in enumerate(self.widths):
            shapes.append(self.at_stage(i).upscaled(width, shapes[-1][1]))
        for i, width in enumerate(self.mask_head):
            self.at_stage(i).upscaled(width, seen[1])
        return [*shapes, (3 + self.masks, shapes[-1][1] << self.depth_to_space)]

    def at(self, seen: Shape) -> "Decoder":
        """Return the decoder for what it sees on its route."""
        widths, masks = (
            tuple(max(1, round(self.share * width)) for width in row) for row in (self.widths, self.mask_head)
        )
        whole = dataclasses.replace(self, widths=widths, mask_head=masks, share=1.0)
        return dataclasses.replace(whole, channels=seen[0]) if self.first == 0 else whole


@dataclass(frozen=True)
class ToldDecoder(Decoder):
    """One decoder for all, told who it draws: each upscale's channels are scaled and shifted by the identity.

    FiLM (Perez et al. 2018, arXiv 1709.07871) with one vector per side. ``people`` is the number of sides.
    """

    told: ClassVar[bool] = True
    people: int = 0


@dataclass(frozen=True)
class Upscale(Kind, Blocks, Residuals):
    """An upscale by itself, with residual blocks after it if it has a number of them: what a side has before it draws.

    deepfakes/faceswap, plugins/train/model/dlight.
    """

    named: ClassVar[Mapping[str, str]] = {"width": "bridge_width"}
    width: int = 0

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given; the residual blocks of ``sizes`` are the decoders'."""
        return super().usual(sizes) | {"residuals": ()}

    def stages(self, seen: Shape) -> list[Shape]:
        """(c, s), (width, up_factor · s)."""
        self.after(1, "upscales")
        return [seen, self.at_stage(0).upscaled(self.width, seen[1])]


@dataclass(frozen=True)
class Enlarge(Kind):
    """A map made ``up_factor`` times as large, with pixels in between (bilinear). No weights."""

    weighs: ClassVar[bool] = False
    up_factor: int = 2

    def stages(self, seen: Shape) -> list[Shape]:
        """(c, s), (c, up_factor · s)."""
        return [seen, (seen[0], self.up_factor * seen[1])]


@dataclass(frozen=True)
class FromPixel(Kind, Blocks):
    """A map of one pixel, bent, to one of ``side`` x ``side``: a convolution of as large a kernel, and one of kernel 3.

    ``repeated``: the first of the two sees the pixel at every place of the map; else once, among zeros, so that it lays
    its kernel out (cglukas/combModel, model/decoder.py; deepfakes/faceswap, plugins/train/model/phaze_a).
    """

    named: ClassVar[Mapping[str, str]] = {"side": "grid"}
    width: int = 0
    side: int = 0
    repeated: bool = False

    @classmethod
    def usual(cls, sizes: Sizes) -> dict[str, Any]:
        """Return the arguments that are not given: the map is as large as the encoder's last one."""
        return super().usual(sizes) | {"width": sizes.dense_channels}

    def stages(self, seen: Shape) -> list[Shape]:
        """(c, 1), (width, side)."""
        if seen[1] != 1:
            raise ValueError(f"it makes a map of one pixel, not of {shape_text(seen)}")
        if self.side < 2:
            raise ValueError(f"side is 2 or more, not {self.side}")
        self.padded(self.side)
        return [seen, (self.width, self.side)]


@dataclass(frozen=True)
class Mix(Kind):
    """Of two joined maps, ``share`` of the first one's channels and the rest of the second's (DeepFaceLab's AMP).

    While training, which ones is drawn anew for every sample; otherwise it is the first ones. No weights.
    """

    weighs: ClassVar[bool] = False
    draws: ClassVar[bool] = True
    share: float = 0.5

    def stages(self, seen: Shape) -> list[Shape]:
        """(2 c, s), (c, s)."""
        if seen[0] % 2:
            raise ValueError(f"it mixes two maps of equally many channels, not {shape_text(seen)}")
        return [seen, (seen[0] // 2, seen[1])]


@dataclass(frozen=True)
class Dropout(Kind):
    """While training, ``share`` of the channels of a map are left out, drawn anew for every sample. No weights.

    ``units``: single numbers are, not whole channels.
    """

    weighs: ClassVar[bool] = False
    draws: ClassVar[bool] = True
    share: float = 0.25
    units: bool = False

    def stages(self, seen: Shape) -> list[Shape]:
        """(c, s), (c, s)."""
        if self.share == 1:
            raise ValueError("share=1 would leave nothing; it is below 1")
        return [seen, seen]


KINDS: dict[str, type[Any]] = {
    "encoder": Encoder,
    "conv_encoder": ConvEncoder,
    "code_encoder": CodeEncoder,
    "inter": Inter,
    "decoder": Decoder,
    "told_decoder": ToldDecoder,
    "upscale": Upscale,
    "enlarge": Enlarge,
    "from_pixel": FromPixel,
    "mix": Mix,
    "dropout": Dropout,
}
