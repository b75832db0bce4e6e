"""The groups that say what is trained: parts, what stands inside them, how they start."""

from dataclasses import dataclass
from typing import Any

from faceswap_lab.config.fields import label, setting
from faceswap_lab.topology import ORIGINAL
from faceswap_lab.topology.blocks import DOWNSAMPLERS, KERNELS, MOST_RESIDUALS, RESIDUAL_STARTS, UP_KERNELS

_GRIDS = (2, 3, 4, 6, 7, 8, 12, 14, 16)  # what a resolution can be halved to


@dataclass(frozen=True, kw_only=True)
class Model:
    """Sizes of the autoencoder. 2018: 64 px, widths 128-1024, code 1024, bridge 512, decoder 256-64."""

    resolution: int = setting(
        "side of the square pictures the network sees, in pixels", choices=(32, 64, 96, 128, 224, 256, 512, 1024)
    )
    input_resolution: int | None = setting(
        "side of what the encoder sees of them, averaged over whole pixels; null: as they are",
        low=8,
        high=1024,
        later=None,
    )
    encoder_widths: tuple[int, ...] = setting(
        "channels of the stride-2 convolutions, down to a 4x4 grid", low=1, high=4096
    )
    downsamplers: tuple[str, ...] = setting(
        "what the encoder's stages are: [separable]: all of them; [conv,separable]: by stage; []: convolutions",
        choices=tuple(DOWNSAMPLERS),
        later=(),
    )
    code_size: int = setting("units of the code (the bottleneck)", low=1, high=65536)
    bridge_width: int = setting("channels of the encoder's last upscale, at 8x8; 0: there is none", low=0, high=4096)
    decoder_widths: tuple[int, ...] = setting("channels of the decoder's upscales, from 16x16 on", low=1, high=4096)
    grid: int = setting("side that the encoder's convolutions come down to, in pixels", choices=_GRIDS, later=4)
    dense_width: int | None = setting(
        "channels of the map that comes out of the bottleneck; null: the last of encoder_widths",
        low=1,
        high=4096,
        later=None,
    )
    dense_side: int | None = setting("side of that map, in pixels; null: as model.grid", choices=_GRIDS, later=None)
    residuals: tuple[int, ...] = setting(
        "residual blocks after each upscale of a decoder: [1]: one after every one; [1,1,0]: by upscale; []: none",
        low=0,
        high=MOST_RESIDUALS,
        later=(),
    )
    encoder_residuals: tuple[int, ...] = setting(
        "residual blocks after each convolution of an encoder, as model.residuals: [1,0,0,0,1]; []: none",
        low=0,
        high=MOST_RESIDUALS,
        later=(),
    )
    residual_start: str = setting(
        "scaled: the second convolution of a residual block starts small; usual: as all others; normal: both from "
        "N(0, 0.02²); normal_scaled: the first from that, the second small",
        choices=tuple(RESIDUAL_STARTS),
        later="scaled",
    )
    residual_slope: float = setting(
        "negative slope of a LeakyReLU in residual blocks, whatever encoder_activation.slope is",
        low=0.0,
        high=1.0,
        later=0.2,
    )
    up_slope: float | None = setting(
        "negative slope of a LeakyReLU in upscales, the encoder's included; null: encoder_activation.slope",
        low=0.0,
        high=1.0,
        later=None,
    )
    kernel: int = setting(
        "side of the kernel of the encoder's convolutions, in pixels; pointwise has its own", choices=KERNELS, later=5
    )
    up_kernel: int = setting(
        "side of the kernel of an upscale's convolution, in pixels; transposed has its own", choices=UP_KERNELS, later=3
    )
    out_kernel: int = setting(
        "side of the kernel of the decoder's last convolution, in pixels", choices=(1, 3, 5, 7, 9), later=5
    )
    depth_to_space: bool = setting(
        "true: the decoder ends in four convolutions, laid side by side, and has an upscale less", later=False
    )
    mask_head: tuple[int, ...] = setting(
        "channels of the upscales beside a decoder's own that draw the face's mask, one for every doubling; []: none",
        low=1,
        high=4096,
        later=(),
    )


@dataclass(frozen=True, kw_only=True)
class Encoders:
    """How many encoders there are, how a second one starts, and whether they learn."""

    name: str = label("the option's name")
    count: int = setting("1: one encoder shared by both sides; 2: each side has its own", choices=(1, 2))
    start: str | None = setting("initial weights of two encoders", choices=("independent", "equal"))
    trained: bool = setting("false: the encoders keep their initial weights, and only the decoders are trained")


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Which parts there are, and the way of a face through them; ``faceswap_lab.topology`` judges what it says."""

    name: str = label("the option's name")
    parts: dict[str, Any] = setting(
        "name: {kind, sizes, start, trained, load}; {side} in a name makes one for each side",
        absent=ORIGINAL.parts,
    )
    route: str | dict[str, Any] = setting(
        "the way of a side's faces, such as encoder > inter_{side} + inter_both > decoder; or {A: …, default: …}",
        absent=ORIGINAL.route,
    )
    swaps: dict[str, Any] = setting(
        "named ways from {source} to {target}, the primary one first; empty: the target's own route",
        absent=ORIGINAL.swaps,
        default={},
    )
    code: str = setting("the part whose output is compared between sides", absent=ORIGINAL.code)
    tie: float = setting(
        "weight of the loss that ties the sides' codes (means and covariances); 0: none",
        low=0.0,
        high=1e6,
        absent=ORIGINAL.tie,
        default=0.0,
    )
    split: int | None = setting(
        "after how many stages a part is split, where the YAML's parts refer to it", identity=False, low=0, default=None
    )
    share: float | None = label("of a part's widths, where the YAML's parts refer to it", None)
    load: str | None = label("weights.safetensors of the run whose parts the parts with load: start from", None)


@dataclass(frozen=True, kw_only=True)
class EncoderActivation:
    """The nonlinearity after every convolution of the encoder and of the upscales."""

    name: str = setting("name in faceswap_lab.models.activations.HIDDEN")
    slope: float | None = setting("negative slope (leaky_relu), its start (prelu), or alpha (elu)", low=0.0, high=10.0)


@dataclass(frozen=True, kw_only=True)
class DecoderActivation:
    """The function at the decoder's end."""

    name: str = setting("name in faceswap_lab.models.activations.OUTPUT")


@dataclass(frozen=True, kw_only=True)
class Upsampler:
    """How a part makes a map twice as large."""

    name: str = setting("name in faceswap_lab.models.upsamplers.UPSAMPLERS", absent="pixel_shuffle")
    icnr: bool | None = setting(
        "true: what is shuffled to neighbouring pixels starts equal; null: nothing is shuffled", absent=False
    )


@dataclass(frozen=True, kw_only=True)
class Norm:
    """What stands between a convolution and its activation."""

    name: str = setting("name in faceswap_lab.models.norms.NORMS", absent="none")


@dataclass(frozen=True, kw_only=True)
class Padding:
    """What convolutions see beyond a picture's edge."""

    name: str = setting("name in faceswap_lab.models.blocks.PADDINGS", absent="same")


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """What lies around the code."""

    name: str = setting("name in faceswap_lab.models.bottlenecks.BOTTLENECKS", absent="two_dense")
    pixel_norm: bool = setting("true: what comes in is divided by its root mean square, face by face", later=False)


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """The range of values inside the network; every interface outside is [0, 1]."""

    name: str = setting("unit: [0, 1]; signed: [-1, 1]", choices=("unit", "signed"))


@dataclass(frozen=True, kw_only=True)
class Initialisation:
    """How weights start."""

    name: str = setting("name in faceswap_lab.models.initialisation.INITIALISATIONS")
