"""Who a face is: shape, colours, hair, beard, glasses."""

from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
HairStyle = Literal["cropped", "short", "swept", "parted", "curly"]


@dataclass(frozen=True)
class Glasses:
    """A pair of glasses: the frame's colour, the rim's width in decimetres, roundness (0.5 square … 1 round)."""

    colour: Colour
    rim: float = 0.025
    roundness: float = 0.8


@dataclass(frozen=True)
class Identity:
    """Everything of who someone is. Colours are sRGB triples 0…255, lengths are decimetres.

    Attributes:
        shape: (name, weight) pairs of the head pack's shapes; a signed shape takes weights of either sign.
        skin: colour of the skin.
        lips: colour of the lips.
        iris: colour of the iris.
        hair: colour of the hair.
        hair_thickness: how far the hair stands off the scalp.
        hair_low: how much lower than usual the hairline sits.
        hair_style: cropped, short, swept back, parted, or curly.
        hair_length: of parted hair, 0 to the ears … 1 over the shoulders.
        hair_parting: where parted hair is parted, x on the head.
        bald: no hair on the scalp.
        brow: colour of the brows, None for the hair's.
        brow_width: half height of a brow.
        brow_arch: how high it curves.
        brow_y: its height on the head.
        brow_density: 0 none … 1.
        beard: 0 none … 1 full.
        stubble: 0 none … 1.
        freckles: 0 none … 1 many.
        blush: 0 … 1.
        eyeliner: 0 … 1.
        eyeshadow: colour above the eyes, or None.
        lashes: long lashes.
        mole: (angle around the head in radians, height) or None.
        glasses: or None.
        cloth: colour of the clothes.
        seed: of the fine texture of skin and hair.
    """

    shape: tuple[tuple[str, float], ...]
    skin: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    hair_thickness: float = 0.07
    hair_low: float = 0.0
    hair_style: HairStyle = "short"
    hair_length: float = 0.0
    hair_parting: float = 0.0
    bald: bool = False
    brow: Colour | None = None
    brow_width: float = 0.042
    brow_arch: float = 0.06
    brow_y: float = 7.455
    brow_density: float = 0.85
    beard: float = 0.0
    stubble: float = 0.0
    freckles: float = 0.0
    blush: float = 0.25
    eyeliner: float = 0.3
    eyeshadow: Colour | None = None
    lashes: bool = False
    mole: tuple[float, float] | None = None
    glasses: Glasses | None = None
    cloth: Colour = (70, 80, 110)
    seed: int = 0
