"""What the stages of a part are made of: names and numbers that need no torch; ``models`` has their functions.

Every default is what 2018 had, and what a saved model has that names none.
"""

from dataclasses import dataclass, replace

Shape = tuple[int, int]
"""(channels, side) of a square map."""

UP_KERNELS = (1, 3, 5, 7)
LEAST_REFLECTED = 4  # sides of a map that k5 s2 can still be padded for by reflection


@dataclass(frozen=True)
class Blocks:
    """Choices for all convolutions and upscales of a part.

    Attributes:
        upsampler: a key of ``models.upsamplers.UPSAMPLERS``.
        icnr: whether the convolution before a pixel shuffle starts with equal kernels for the pixels it is shuffled to.
        norm: a key of ``models.norms.NORMS``.
        padding: a key of ``models.blocks.PADDINGS``.
        up_kernel: side of the kernel of an upscale's convolution; transposed has its own.
        normed: after how many of the part's convolutions or upscales, from the first, the norm stands; None: all.
    """

    upsampler: str = "pixel_shuffle"
    icnr: bool = False
    norm: str = "none"
    padding: str = "same"
    up_kernel: int = 3
    normed: int | None = None

    def at_stage(self, i: int) -> "Blocks":
        """Return the choices for a stage and its residual blocks."""
        return self if self.normed is None or i < self.normed else replace(self, norm="none")

    def padded(self, side: int) -> None:
        """Raise ValueError where a map of that side cannot be padded."""
        if self.padding == "reflect" and side < LEAST_REFLECTED:
            raise ValueError(f"padding reflect needs maps of {LEAST_REFLECTED}x{LEAST_REFLECTED} or more, not {side}")

    def upscaled(self, width: int, side: int) -> Shape:
        """Return (width, 2 side): the shape that an upscale makes of a map of that side.

        Raises:
            ValueError: the upsampler cannot make so few channels, or not of so small a map.
        """
        self.padded(side)
        if self.upsampler == "hybrid" and width < 2:
            raise ValueError(f"upsampler hybrid halves an upscale's width, which must be 2 or more, not {width}")
        if self.up_kernel not in UP_KERNELS:
            raise ValueError(f"up_kernel is one of {', '.join(map(str, UP_KERNELS))}, not {self.up_kernel}")
        if self.upsampler == "transposed" and self.up_kernel != 3:
            raise ValueError(
                f"up_kernel={self.up_kernel} with upsampler transposed, whose kernel is always 4: leave it 3"
            )
        return width, 2 * side


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


RESIDUAL_STARTS = ("scaled", "usual")
MOST_RESIDUALS = 8


@dataclass(frozen=True)
class Residuals:
    """Residual blocks after an encoder's convolutions or a decoder's upscales.

    Attributes:
        residuals: how many after each of them; one number: as many after every one; none: there are none.
        residual_start: scaled: a block's second convolution starts small; usual: as all others.
        bare_residuals: how many blocks of a row, from the first, have convolutions without biases.
    """

    residuals: tuple[int, ...] = ()
    residual_start: str = "scaled"
    bare_residuals: int = 0

    def after(self, count: int, what: str) -> tuple[int, ...]:
        """Return the number of blocks after each of ``count`` upscales or convolutions; ``what`` says which they are.

        Raises:
            ValueError: there are too many, or not a number for each.
        """
        if self.residual_start not in RESIDUAL_STARTS:
            raise ValueError(f"residual_start is {' or '.join(RESIDUAL_STARTS)}, not {self.residual_start}")
        if self.bare_residuals and not any(self.residuals):
            raise ValueError(f"bare_residuals={self.bare_residuals} means nothing: it has no residual blocks")
        if max(self.residuals, default=0) > MOST_RESIDUALS:
            raise ValueError(f"there are at most {MOST_RESIDUALS} residual blocks in a row")
        if len(self.residuals) not in (0, 1, count):
            raise ValueError(
                f"residuals={list(self.residuals)} names {len(self.residuals)} numbers for {count} {what}; "
                "name one for all, or one for each"
            )
        return (self.residuals or (0,)) * count if len(self.residuals) < 2 else self.residuals
