"""What the stages of a part are made of: names and numbers that need no torch; ``models`` has their functions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Blocks:
    """Choices for all stages of a part. Every default is what 2018 had, and what a saved model has that names none.

    Attributes:
        upsampler: a key of ``models.upsamplers.UPSAMPLERS``.
        icnr: whether the convolution before a pixel shuffle starts with equal kernels for the pixels it is shuffled to.
    """

    upsampler: str = "pixel_shuffle"
    icnr: bool = False

    def upscaled(self, width: int, side: int) -> tuple[int, int]:
        """Return (width, 2 side): the shape that an upscale makes of a map of that side.

        Raises:
            ValueError: the upsampler cannot make so few channels.
        """
        if self.upsampler == "hybrid" and width < 2:
            raise ValueError(f"upsampler hybrid halves an upscale's width, which must be 2 or more, not {width}")
        return width, 2 * side
