"""The modules of the parts, every size a plain argument; ``topology.kinds`` says which sizes fit."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from faceswap_lab.models.between import Dropout, Enlarge, Mix
from faceswap_lab.models.blocks import Activated, Activation, Conv, DepthToSpace, Refined, Residual, sloped
from faceswap_lab.models.bottlenecks import Bottleneck
from faceswap_lab.models.downsamplers import DOWNSAMPLERS
from faceswap_lab.models.part import Part, Staged
from faceswap_lab.models.upsamplers import upscale
from faceswap_lab.topology import Blocks, kinds
from faceswap_lab.topology.blocks import Shape


class Encoder(Staged):
    """A face to its code, and to what the decoders see: (N, 3, r, r) -> (N, bridge_width, 8, 8).

    With two_dense there is no activation between or after the dense layers: the bottleneck is linear, as in 2018.
    """

    def __init__(self, spec: kinds.Encoder, seen: Shape, activation: Activation) -> None:
        super().__init__()
        shapes, down = spec.down(), list[nn.Module]()
        for i, (name, count) in enumerate(zip(spec.downs(), spec.after(len(spec.widths), "convolutions"))):
            make = partial(DOWNSAMPLERS[name], shapes[i][0], spec.widths[i], spec.kernel)
            down.append(refined("down", make, i, shapes[i + 1][0], count, activation, spec))
        dense = Bottleneck(spec.bottleneck, spec.pixel_norm, shapes[-1], spec.gives, spec.code_size, activation)
        last_blocks = spec.at_stage(len(down))
        up = upscale(spec.gives[0], spec.bridge_width, activation, last_blocks) if spec.bridge_width else nn.Identity()
        names = [*map(str, range(len(down))), "dense", "up"]
        self.stages = nn.ModuleDict(dict(zip(names, [*down, dense, up])))

    def to_code(self, x: Tensor) -> Tensor:
        """Return the code's units, (N, code_size); without the dense layers, what comes out."""
        for name, stage in self.stages.items():
            if name == "dense":
                return stage.to_code(x)  # type: ignore[operator]  # a Bottleneck
            x = stage(x)
        return x

    def from_code(self, code: Tensor) -> Tensor:
        """Return (N, bridge_width, 8, 8) for a code."""
        if "dense" not in self.stages:
            return code
        x = self.stages["dense"].from_code(code)  # type: ignore[operator]  # a Bottleneck
        return self.stages["up"](x) if "up" in self.stages else x


class Inter(Part):
    """Dense layers of its own, and an upscale if it has a width: (N, C, s, s) -> (N, bridge_width, 2s, 2s)."""

    def __init__(self, spec: kinds.Inter, seen: Shape, activation: Activation) -> None:
        super().__init__()
        gives = (spec.width, spec.side or seen[1])
        self.dense = Bottleneck(spec.bottleneck, spec.pixel_norm, seen, gives, spec.code_size, activation)
        first = spec.at_stage(0)
        self.up = upscale(spec.width, spec.bridge_width, activation, first) if spec.bridge_width else None

    def to_code(self, x: Tensor) -> Tensor:
        """Return the code's units, (N, code_size)."""
        return self.dense.to_code(x)

    def from_code(self, code: Tensor) -> Tensor:
        """Return what the decoder sees for a code."""
        x = self.dense.from_code(code)
        return x if self.up is None else self.up(x)

    def forward(self, x: Tensor) -> Tensor:
        """Go through both."""
        return self.from_code(self.to_code(x))

    def activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield that of the upscale."""
        if self.up is not None:
            yield "up", self.up.get_submodule("activation")


class Upscale(Staged):
    """An upscale, and residual blocks after it if there are any: (N, C, s, s) -> (N, width, 2s, 2s)."""

    def __init__(self, spec: kinds.Upscale, seen: Shape, activation: Activation) -> None:
        super().__init__()
        (count,) = spec.after(1, "upscales")
        make = partial(upscale, seen[0], spec.width)
        self.stages = nn.ModuleDict({"0": refined("up", make, 0, spec.width, count, activation, spec)})

    def activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield that of the upscale."""
        yield "up", self.stages["0"].get_submodule("activation")


class FromPixel(Part):
    """act(norm(conv3(act(norm(conv(act(x))))))), of a pixel: (N, C, 1, 1) -> (N, width, side, side).

    The first convolution has a kernel of side x side.
    """

    def __init__(self, spec: kinds.FromPixel, seen: Shape, activation: Activation) -> None:
        super().__init__()
        self.places = spec.side if spec.repeated else 1
        conv = (
            Conv(seen[0], spec.width, spec.side, padding=spec.padding)
            if spec.repeated
            else nn.Conv2d(seen[0], spec.width, spec.side, padding=spec.side - 1)
        )
        self.bend = activation()
        self.wide = Activated(conv, spec.width, activation, spec.at_stage(0))
        second = Conv(spec.width, spec.width, 3, padding=spec.padding)
        self.fine = Activated(second, spec.width, activation, spec.at_stage(1))

    def forward(self, x: Tensor) -> Tensor:
        """Bend, spread, and convolve twice."""
        return self.fine(self.wide(self.bend(x).expand(-1, -1, self.places, self.places)))

    def activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield those of the convolutions."""
        yield "wide", self.wide.activation
        yield "fine", self.fine.activation


def refined(
    name: str,
    make: Callable[[Activation, Blocks], nn.Module],
    i: int,
    width: int,
    count: int,
    activation: Activation,
    spec: kinds.Encoder | kinds.Decoder | kinds.Upscale,
) -> nn.Module:
    """Return stage i, called by its name, with the residual blocks after it; the stage itself where there are none.

    ``make`` makes the stage, which gives ``width`` channels, of an activation and blocks.
    """
    blocks = spec.at_stage(i)
    if not count:
        return make(activation, blocks)
    biased = [j >= spec.bare_residuals for j in range(count)]
    inner, own = sloped(activation, spec.residual_slope), sloped(activation, spec.up_slope if name == "up" else None)
    row = nn.Sequential(*(Residual(width, inner, blocks, spec.residual_start, bias) for bias in biased))
    before = inner() if spec.linear_before else None
    around = (own if spec.linear_before else nn.Identity)() if spec.skip_around else None
    return Refined(name, make(nn.Identity if spec.linear_before else activation, blocks), row, before, around)


def mask_head(spec: kinds.Decoder, activation: Activation) -> nn.Module:
    """Return what draws the logit of the face's mask, (N, C, s, s) -> (N, 1, r, r): upscales without residual blocks.

    DeepFaceLab, core/leras/archis/DeepFakeArchi.py; deepfakes/faceswap, "learn mask". The last kernel is the picture's.
    """
    channels = (spec.channels, *spec.mask_head)
    up = [upscale(a, b, activation, spec.at_stage(i)) for i, (a, b) in enumerate(zip(channels, spec.mask_head))]
    kernel = 1 if spec.depth_to_space else spec.out_kernel
    return nn.Sequential(*up, Conv(channels[-1], 1, kernel, padding=spec.padding))


class Decoder(Staged):
    """What an encoder or inter made, to a face before its output activation: (N, C, s, s) -> (N, 3, r, r), unbounded.

    With a mask head, the mask's logit is a fourth channel. Of a slice, what comes out of its last stage.
    """

    def __init__(self, spec: kinds.Decoder, seen: Shape, activation: Activation) -> None:
        super().__init__()
        channels, up = (spec.channels, *spec.widths), list[nn.Module]()
        for i, count in enumerate(spec.after(len(spec.widths), "upscales")):
            make = partial(upscale, channels[i], spec.widths[i])
            up.append(refined("up", make, i, spec.widths[i], count, activation, spec))
        last = channels[-1]
        out = (
            DepthToSpace(last, spec.padding)
            if spec.depth_to_space
            else Conv(last, 3, spec.out_kernel, padding=spec.padding)
        )
        self.stages = nn.ModuleDict(dict(zip([*map(str, range(len(up))), "out"], [*up, out])))
        self.mask = mask_head(spec, activation) if spec.mask_head else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the pre-activation z."""
        return self._with_mask(super().forward(x), x)

    def _with_mask(self, z: Tensor, x: Tensor) -> Tensor:
        return z if self.mask is None else torch.cat([z, self.mask(x)], dim=1)


class ToldDecoder(Decoder):
    """A decoder that is told who it draws: x -> x (1 + scale) + shift after every upscale, by the identity.

    Scales and shifts start at zero, so at first everybody is drawn alike (FiLM, Perez et al. 2018, arXiv 1709.07871).
    """

    def __init__(self, spec: kinds.ToldDecoder, seen: Shape, activation: Activation) -> None:
        super().__init__(spec, seen, activation)
        zeros = {str(i): torch.zeros(spec.people, 2 * width) for i, width in enumerate(spec.widths)}
        self.film = nn.ParameterDict(zeros)

    def keep(self, first: int, last: int) -> None:
        """Keep a slice of the stages, and what tells them who."""
        super().keep(first, last)
        for name in [name for name in self.film if name not in self.stages]:
            del self.film[name]

    def forward(self, x: Tensor, who: Tensor | None = None) -> Tensor:
        """Return the pre-activation z of the faces of ``who``, (N,) int64: places among the sides."""
        z = x
        for name, stage in self.stages.items():
            z = stage(z)
            if name in self.film:
                scale, shift = self.film[name][who].to(z.dtype)[:, :, None, None].chunk(2, dim=1)
                z = z * (1 + scale) + shift
        return self._with_mask(z, x)


MODULES: dict[str, Callable[[Any, Shape, Activation], Part]] = {
    "encoder": Encoder,
    "conv_encoder": Encoder,
    "code_encoder": Encoder,
    "inter": Inter,
    "decoder": Decoder,
    "told_decoder": ToldDecoder,
    "upscale": Upscale,
    "enlarge": Enlarge,
    "from_pixel": FromPixel,
    "mix": Mix,
    "dropout": Dropout,
}
