"""What the stages of a part are made of: names and numbers that need no torch; ``models`` has their functions.

Every default is what 2018 had, and what a saved model has that names none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

T = TypeVar("T")

Shape = tuple[int, int]
"""(channels, side) of a square map."""

KERNELS = (3, 5, 7)
UP_KERNELS = (1, 3, 5, 7)
UP_FACTORS = (2, 4)
SHUFFLING = ("pixel_shuffle", "hybrid", "fast")  # upsamplers whose norm sees the map before it is larger
LEAST_REFLECTED = 4  # sides of a map that k5 s2 and k7 s2 can still be padded for by reflection


def spread(name: str, row: tuple[T, ...], usual: T, count: int, of: str) -> tuple[T, ...]:
    """Return the entry for each of ``count`` stages, of a row that has one for all, one for each, or none.

    Args:
        name: the row's, for the refusal.
        usual: where there is none.
        of: what is told of, such as numbers for 3 upscales.

    Raises:
        ValueError: it has another number of entries.
    """
    if len(row) not in (0, 1, count):
        raise ValueError(
            f"{name}=[{', '.join(map(str, row))}] names {len(row)} {of}; name one for all, or one for each"
        )
    return (row or (usual,)) * count if len(row) < 2 else row


class Downsampler(NamedTuple):
    """What a stage of an encoder makes of a map; ``models.downsamplers`` has its layers under the same name.

    Attributes:
        halves: whether it halves the map's sides; else they stay.
        joins: whether the channels that come in come out too, beside the stage's own.
        shuffles: whether it halves them and lays four channels of each pixel side by side, so that they stay.
        pools: whether it halves them after its norm.
    """

    halves: bool = True
    joins: bool = False
    shuffles: bool = False
    pools: bool = False

    def normed_at(self, side: int) -> int:
        """Return the side of the map that its norm sees, where it sees a map of that side itself."""
        return side if self.pools else side >> (self.halves or self.shuffles)

    def gives(self, width: int, seen: Shape) -> Shape:
        """Return the shape of what comes out of a stage of that width.

        Raises:
            ValueError: a map of odd sides cannot be halved and laid out at its size again.
        """
        if self.shuffles and seen[1] % 2:
            raise ValueError(f"a stage that shuffles needs a map of even sides, not {seen[1]}x{seen[1]}")
        return width + self.joins * seen[0], seen[1] >> self.halves


DOWNSAMPLERS: Mapping[str, Downsampler] = {
    "conv": Downsampler(),
    "separable": Downsampler(),
    "shuffled": Downsampler(halves=False, shuffles=True),
    "pool_beside": Downsampler(joins=True),
    "plain": Downsampler(halves=False),
    "pointwise": Downsampler(halves=False),
    "pair_pool": Downsampler(pools=True),
}


def halvings(downsamplers: tuple[str, ...], stages: int) -> int:
    """Return how often an encoder halves the sides in its first stages; ``downsamplers`` as of a whole encoder."""
    names = downsamplers if len(downsamplers) > 1 else (downsamplers or ("conv",)) * stages
    return sum(DOWNSAMPLERS[name].halves for name in names[:stages])


@dataclass(frozen=True)
class Blocks:
    """Choices for all convolutions and upscales of a part.

    Attributes:
        upsampler: a key of ``models.upsamplers.UPSAMPLERS``.
        icnr: whether the convolution before a pixel shuffle starts with equal kernels for the pixels it is shuffled to.
        norm: a key of ``models.norms.NORMS``.
        padding: a key of ``models.blocks.PADDINGS``.
        up_kernel: side of the kernel of an upscale's convolutions before activations; transposed has its own.
        up_factor: how many times as large an upscale makes the sides.
        up_slope: negative slope of a LeakyReLU in an upscale; None: as everywhere.
        normed: after how many of the part's convolutions or upscales, from the first, the norm stands; None: all.
    """

    upsampler: str = "pixel_shuffle"
    icnr: bool = False
    norm: str = "none"
    padding: str = "same"
    up_kernel: int = 3
    normed: int | None = None
    up_factor: int = 2
    up_slope: float | None = None

    def at_stage(self, i: int) -> "Blocks":
        """Return the choices for a stage and its residual blocks."""
        return self if self.normed is None or i < self.normed else replace(self, norm="none")

    def padded(self, side: int) -> None:
        """Raise ValueError where a map of that side cannot be padded."""
        if self.padding == "reflect" and side < LEAST_REFLECTED:
            raise ValueError(f"padding reflect needs maps of {LEAST_REFLECTED}x{LEAST_REFLECTED} or more, not {side}")

    def normable(self, side: int) -> None:
        """Raise ValueError where a norm of a map of that side gives its offset, whatever it sees."""
        if self.norm == "instance" and side == 1:
            raise ValueError(
                "norm instance needs maps of 2x2 or more, not 1x1: use another norm, or maps that stay larger"
            )

    def upscaled(self, width: int, side: int) -> Shape:
        """Return (width, up_factor · side): the shape that an upscale makes of a map of that side.

        Raises:
            ValueError: the upsampler cannot make so few channels, or not of so small a map.
        """
        self.padded(side)
        if self.upsampler in SHUFFLING:
            self.normable(side)
        if self.upsampler == "hybrid" and width < 2:
            raise ValueError(f"upsampler hybrid halves an upscale's width, which must be 2 or more, not {width}")
        for name, value, known in (
            ("up_kernel", self.up_kernel, UP_KERNELS),
            ("up_factor", self.up_factor, UP_FACTORS),
        ):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(map(str, known))}, not {value}")
        if self.upsampler == "transposed" and self.up_kernel != 3:
            raise ValueError(
                f"up_kernel={self.up_kernel} with upsampler transposed, whose kernel is always its own: leave it 3"
            )
        if self.upsampler == "transposed" and self.padding != "same":
            raise ValueError(
                f"padding={self.padding} with upsampler transposed, which cuts off and has nothing to pad: use padding "
                "same, or another upsampler"
            )
        return width, self.up_factor * side


@dataclass(frozen=True)
class Bottleneck:
    """Choices for what lies around the code.

    Attributes:
        bottleneck: a key of ``models.bottlenecks.BOTTLENECKS``.
        pixel_norm: whether what comes in is divided by its root mean square, over all of a face's numbers.
    """

    bottleneck: str = "two_dense"
    pixel_norm: bool = False

    def squeezed(self, seen: Shape, gives: Shape, code_size: int) -> Shape:
        """Return ``gives``.

        Raises:
            ValueError: the bottleneck cannot make it of what it sees.
        """
        if self.bottleneck == "convolutional":
            if gives[1] != seen[1]:
                raise ValueError(f"a convolutional bottleneck keeps {seen[1]}x{seen[1]}, and cannot make {gives[1]}")
            if code_size % seen[1] ** 2:
                raise ValueError(
                    f"a convolutional bottleneck lays its code out as {seen[1]}x{seen[1]}: code_size={code_size} must "
                    f"be a multiple of {seen[1] ** 2}"
                )
        return gives


RESIDUAL_STARTS: Mapping[str, tuple[str, str]] = {
    "scaled": ("usual", "scaled"),
    "usual": ("usual", "usual"),
    "normal": ("normal", "normal"),
    "normal_scaled": ("normal", "scaled"),
}
"""How the two convolutions of a residual block start: keys of ``models.initialisation.STARTS``."""
MOST_RESIDUALS = 16  # villain's


@dataclass(frozen=True)
class Residuals:
    """Residual blocks after an encoder's convolutions or a decoder's upscales.

    Attributes:
        residuals: how many after each of them; one number: as many after every one; none: there are none.
        residual_slope: negative slope of a LeakyReLU in a block, whatever it is elsewhere.
        residual_start: a key of RESIDUAL_STARTS.
        bare_residuals: how many blocks of a row, from the first, have convolutions without biases.
        linear_before: where blocks follow, the convolution or upscale has no activation; the blocks' own stands there.
        skip_around: what such a convolution or upscale gives by itself is added to what comes out of the row.
    """

    residuals: tuple[int, ...] = ()
    residual_start: str = "scaled"
    bare_residuals: int = 0
    linear_before: bool = False
    skip_around: bool = False
    residual_slope: float = 0.2

    def after(self, count: int, what: str) -> tuple[int, ...]:
        """Return the number of blocks after each of ``count`` upscales or convolutions; ``what`` says which they are.

        Raises:
            ValueError: there are too many, or not a number for each.
        """
        if self.residual_start not in RESIDUAL_STARTS:
            raise ValueError(f"residual_start is {', '.join(RESIDUAL_STARTS)}, not {self.residual_start}")
        if max(self.residuals, default=0) > MOST_RESIDUALS:
            raise ValueError(f"there are at most {MOST_RESIDUALS} residual blocks in a row")
        return spread("residuals", self.residuals, 0, count, f"numbers for {count} {what}")
