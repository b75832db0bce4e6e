"""Shrinking: a model at a scale's pixels, in the same shape, all of its widths times one factor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from faceswap_lab.config.fields import label, setting
from faceswap_lab.config.model import Model
from faceswap_lab.topology.blocks import halvings
from faceswap_lab.topology.kinds import KINDS

NONE = "none"
_SMALLEST_GRID = 4  # below it the code would be laid out on next to no pixels; 2018's own


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A program of the field: those of its numbers that belong to its own size, and not to its kind."""

    name: str = label("the option's name")
    lr: float = setting("its learning rate", above=0.0, high=10.0, identity=False)
    batch_size: int = setting("its faces per side and step", low=1, high=65536, identity=False)


@dataclass(frozen=True, kw_only=True)
class Shrink:
    """Whether a model is made smaller than its sizes are written, and by how much. The result stands in ``model``."""

    name: str = label("the option's name")
    budget: str = setting(
        "whose batch and learning rate a peer takes, its own or the scale's", choices=("peer", "scale"), identity=False
    )
    factor: float | None = setting(
        "of all widths and of the code's size; null: there is none, or it is solved for",
        above=0.0,
        high=4.0,
        identity=False,
    )


@dataclass(frozen=True)
class Shrinking:
    """What becomes of sizes: the model's, and those that its parts have of their own.

    Attributes:
        model: sizes that fit together.
        resolution: side of the pictures, in pixels.
        factor: of every width and of the code's size; each is rounded to a whole number, 1 or more.
        laid_out: the code is a map, so its size is rounded to a multiple of the map's pixels.
    """

    model: Model
    resolution: int
    factor: float
    laid_out: bool = False

    @property
    def seen(self) -> int:
        """The side of what the encoder sees."""
        return (self.model.input_resolution or self.model.resolution) * self.resolution // self.model.resolution

    @property
    def kept(self) -> int:
        """The encoder's stages that are left: all of them where they leave 4x4 or more, else the first ones.

        Raises:
            ValueError: it sees less than that.
        """
        kept, least = len(self.model.encoder_widths), min(_SMALLEST_GRID, self.model.grid)
        if self.seen < least:
            raise ValueError(
                f"shrink: at {self.resolution} px the encoder would see {self.seen}x{self.seen}, less than "
                f"{least}x{least}. Use a larger scale."
            )
        while self.seen >> halvings(self.model.downsamplers, kept) < least:
            kept -= 1
        return kept

    @property
    def dropped(self) -> int:
        """The halvings that are left out, and as many of the last stages of decoders."""
        return halvings_of(self.model) - halvings(self.model.downsamplers, self.kept)

    def width(self, width: int) -> int:
        """Return a narrower one."""
        return max(1, round(self.factor * width))

    def widths(self, row: Sequence[int]) -> tuple[int, ...]:
        """Return those of a decoder's stages that are left."""
        return tuple(map(self.width, row[: len(row) - self.dropped]))

    def code(self, units: int) -> int:
        """Return a smaller code's size."""
        step = self.side(self.model.grid) ** 2 if self.laid_out else 1
        return max(step, step * round(self.factor * units / step))

    def side(self, side: int) -> int:
        """Return a map's side, in proportion to the encoder's last."""
        return side * (self.seen >> halvings(self.model.downsamplers, self.kept)) // self.model.grid

    def sizes(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Return all sizes among the settings of the model or of a part, shrunk. What is 0, empty or null stays."""
        kind = KINDS.get(written.get("kind", ""))
        called = {key: kind.named.get(key, key) if kind else key for key, value in written.items() if value}
        return {key: _SIZES[name](self, written[key]) for key, name in called.items() if name in _SIZES}


def _left(row: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the residual blocks of the first ``count`` stages; the last stage keeps its own."""
    return (*row[: count - 1], row[-1]) if len(row) > 1 else tuple(row)


_SIZES: dict[str, Callable[[Shrinking, Any], Any]] = {
    **dict.fromkeys(("decoder_widths", "mask_head"), Shrinking.widths),
    "encoder_widths": lambda by, row: tuple(map(by.width, row[: by.kept])),
    "downsamplers": lambda by, row: tuple(row[: by.kept]),
    "encoder_residuals": lambda by, row: _left(row, by.kept),
    "residuals": lambda by, row: _left(row, len(row) - by.dropped),
    **dict.fromkeys(("bridge_width", "dense_width", "width", "channels"), Shrinking.width),
    **dict.fromkeys(("grid", "dense_side", "side"), Shrinking.side),
    "code_size": Shrinking.code,
}
"""What is done to a size, by its name in the group ``model`` or, where it has none there, in a part."""


def halvings_of(model: Model) -> int:
    """Return how often a model's encoder halves the sides."""
    return halvings(model.downsamplers, len(model.encoder_widths))


def shrunk(
    model: Model, parts: Mapping[str, Any], resolution: int, factor: float, laid_out: bool = False
) -> tuple[Model, dict[str, Any]]:
    """Return a model and its parts, of the same shape for other pictures; the arguments are those of ``Shrinking``.

    The encoder halves as often as before where that leaves 4x4 or more, else less often: then its last stages are left
    out, and as many of the decoders'. The map out of the bottleneck keeps its side in proportion to the encoder's last.
    """
    by = Shrinking(model, resolution, factor, laid_out)
    small = replace(
        model, resolution=resolution, input_resolution=model.input_resolution and by.seen, **by.sizes(vars(model))
    )
    own = {name: {**settings, **by.sizes(settings)} for name, settings in parts.items()}
    return small, {name: {k: list(v) if isinstance(v, tuple) else v for k, v in s.items()} for name, s in own.items()}
