"""Shrinking: a model at a scale's pixels, in the same shape, all of its widths times one factor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from faceswap_lab.config.fields import label, setting
from faceswap_lab.config.model import Model
from faceswap_lab.refusal import ConfigError

NONE = "none"
_SMALLEST_GRID = 4  # below it the code would be laid out on next to no pixels; 2018's own
_OWN_SIZES = ("widths", "width", "code_size", "dense_width", "dense_side", "bridge_width", "grid", "side", "channels")


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


def shrunk(model: Model, resolution: int, factor: float, laid_out: bool = False) -> Model:
    """Return a model of the same shape for other pictures.

    The encoder halves as often as before where that leaves 4x4 or more, else less often: then its last stages are left
    out, and as many of the decoders'. The map out of the bottleneck keeps its side in proportion to the encoder's last.

    Args:
        model: sizes that fit together.
        resolution: side of the pictures, in pixels.
        factor: of every width and of the code's size; each is rounded to a whole number, 1 or more.
        laid_out: the code is a map, so its size is rounded to a multiple of the map's pixels.
    """

    def narrow(width: int, step: int = 1) -> int:
        return max(step, step * round(factor * width / step)) if width else 0

    def narrow_all(widths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(narrow, widths[: len(widths) - dropped]))

    halvings = len(model.encoder_widths)
    seen = (model.input_resolution or model.resolution) * resolution // model.resolution
    while seen >> halvings < min(_SMALLEST_GRID, model.grid):
        halvings -= 1
    dropped, grid = len(model.encoder_widths) - halvings, seen >> halvings

    def kept(residuals: tuple[int, ...]) -> tuple[int, ...]:
        return (*residuals[: len(residuals) - dropped - 1], residuals[-1]) if len(residuals) > 1 else residuals

    return replace(
        model,
        resolution=resolution,
        input_resolution=model.input_resolution and seen,
        encoder_widths=narrow_all(model.encoder_widths),
        code_size=narrow(model.code_size, grid**2 if laid_out else 1),
        bridge_width=narrow(model.bridge_width),
        decoder_widths=narrow_all(model.decoder_widths),
        mask_head=narrow_all(model.mask_head),
        grid=grid,
        dense_width=model.dense_width and narrow(model.dense_width),
        dense_side=model.dense_side and model.dense_side * grid // model.grid,
        residuals=kept(model.residuals),
        encoder_residuals=kept(model.encoder_residuals),
    )


def check_own_sizes(parts: Mapping[str, Any]) -> None:
    """Refuse to shrink where a part names sizes of its own, which would stay as they are."""
    for name, settings in parts.items():
        own = [key for key in _OWN_SIZES if key in settings]
        if own:
            raise ConfigError(
                f"topology.parts.{name}.{own[0]} with a shrink: only the sizes of the group model are shrunk. Leave it "
                "out there, give a share of the others' widths (share: 0.5), or use shrink=none."
            )
