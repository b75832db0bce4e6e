"""Who a face is: shape, colours, hair, beard, glasses; eight presets by name and any number of random people."""

import difflib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from faceswap_lab.randomness import stream

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


def _shape(**weights: float) -> tuple[tuple[str, float], ...]:
    return tuple(weights.items())


_PRESETS: dict[str, Identity] = {
    "ada": Identity(
        shape=_shape(
            mean_1=0.9, eye_size=0.35, nose_width=-0.5, nose_tip=0.5, chin_width=-0.5, upper_lip=0.35, lower_lip=0.3,
            outline_oval=0.3, cheek_bones=0.4,
        ),
        skin=(232, 190, 168), lips=(186, 84, 88), iris=(84, 140, 96), hair=(140, 62, 28),
        hair_style="parted", hair_length=0.75, hair_parting=0.15,
        brow=(120, 62, 38), brow_width=0.034, brow_arch=0.075, freckles=0.8, blush=0.5, eyeliner=0.9, lashes=True,
        eyeshadow=(150, 110, 110), cloth=(60, 110, 100), seed=1,
    ),
    "ben": Identity(
        shape=_shape(
            mean_2=1.0, outline_square=0.6, chin_width=0.7, jaw=0.5, nose_width=0.5, nose_hump=0.6, nose_depth=0.3,
            brow_depth=0.3, eye_size=-0.1, mouth_width=0.4,
        ),
        skin=(196, 146, 112), lips=(160, 98, 86), iris=(92, 62, 38), hair=(38, 28, 22), hair_thickness=0.08,
        brow_width=0.052, brow_arch=0.04, brow_y=7.45, stubble=1.0, cloth=(50, 56, 80), seed=2,
    ),
    "cleo": Identity(
        shape=_shape(mean_3=1.0, outline_round=0.4, cheek_volume=0.4),
        skin=(120, 76, 54), lips=(128, 52, 56), iris=(58, 36, 24), hair=(22, 16, 14),
        hair_thickness=0.22, hair_style="curly",
        brow_width=0.036, brow_arch=0.07, lashes=True, eyeliner=0.8, cloth=(190, 150, 40), seed=3,
    ),
    "dai": Identity(
        shape=_shape(mean_6=1.0, outline_rectangular=0.3, eye_fold=0.3),
        skin=(222, 180, 140), lips=(176, 110, 98), iris=(48, 32, 24), hair=(24, 22, 24), hair_thickness=0.13,
        hair_low=0.05, brow_width=0.042, brow_arch=0.045, glasses=Glasses((24, 24, 28), 0.03, 0.75),
        cloth=(230, 230, 235), seed=4,
    ),
    "eli": Identity(
        shape=_shape(aged_2=0.9, mean_2=1.0, head_fat=0.5, nose_volume=0.6),
        skin=(226, 172, 152), lips=(178, 112, 104), iris=(96, 130, 164), hair=(200, 198, 194), bald=True,
        brow=(170, 165, 160), brow_width=0.05, brow_density=0.6, blush=0.7, beard=0.75, cloth=(40, 70, 50), seed=5,
    ),
    "fei": Identity(
        shape=_shape(mean_5=0.9, outline_diamond=0.4, eye_size=0.3, eye_fold=0.2, lower_lip=0.3),
        skin=(244, 206, 180), lips=(206, 70, 84), iris=(40, 28, 22), hair=(28, 20, 22),
        hair_style="parted", hair_length=1.0,
        hair_thickness=0.09, brow_width=0.032, brow_arch=0.045, eyeliner=0.9, lashes=True, cloth=(180, 60, 80),
        mole=(0.42, 6.86), seed=6,
    ),
    "gus": Identity(
        shape=_shape(mean_4=1.0, outline_invertedtriangular=0.3),
        skin=(92, 58, 42), lips=(112, 62, 58), iris=(50, 32, 22), hair=(18, 14, 12),
        hair_thickness=0.015, hair_style="cropped",
        brow_width=0.046, stubble=0.9, cloth=(200, 60, 40), seed=7,
    ),
    "hana": Identity(
        shape=_shape(mean_1=0.8, aged_1=0.75, outline_triangular=0.3),
        skin=(236, 200, 184), lips=(180, 100, 104), iris=(110, 140, 170), hair=(214, 208, 200),
        hair_thickness=0.16, hair_style="swept",
        brow=(160, 140, 124), brow_width=0.03, brow_density=0.7, glasses=Glasses((120, 40, 50), 0.02, 0.95),
        cloth=(110, 90, 150), seed=8,
    ),
}  # fmt: skip
PRESETS: tuple[str, ...] = tuple(_PRESETS)
_RANDOM = "random-"


def identity(name: str) -> Identity:
    """Look up a person.

    Args:
        name: one of ``PRESETS``, or "random-<seed>" with a whole number >= 0 for someone drawn from that seed.

    Returns:
        The identity; the same name always gives the same person.

    Raises:
        ValueError: nobody has this name; the message lists the names and the nearest one.
    """
    if name in _PRESETS:
        return _PRESETS[name]
    seed = name.removeprefix(_RANDOM)
    if seed != name and seed.isascii() and seed.isdigit():
        return _random_identity(int(seed))
    nearest = difflib.get_close_matches(name, [*PRESETS, f"{_RANDOM}1"], n=1, cutoff=0.0)[0]
    raise ValueError(
        f"unknown identity {name!r}: must be one of {', '.join(PRESETS)}, or {_RANDOM}<seed> such as {_RANDOM}1; "
        f"did you mean {nearest!r}?"
    )


_SKINS: tuple[Colour, ...] = (
    (240, 204, 184), (232, 190, 168), (222, 180, 140), (206, 158, 124), (186, 136, 102), (158, 108, 78),
    (128, 82, 58), (96, 62, 46),
)  # fmt: skip
_HAIR_DARK: tuple[Colour, ...] = ((22, 18, 18), (34, 26, 22), (52, 36, 26), (72, 48, 32))
_HAIR_LIGHT: tuple[Colour, ...] = (
    (96, 64, 38), (140, 62, 28), (196, 154, 92), (150, 112, 66), (110, 104, 100), (204, 200, 194),
)  # fmt: skip
_IRISES: tuple[Colour, ...] = (
    (52, 34, 24),
    (84, 56, 34),
    (110, 84, 44),
    (84, 130, 92),
    (92, 128, 164),
    (120, 136, 146),
)
# Small on purpose: at twice these weights a random person is a caricature.
_DETAILS: dict[str, float] = {
    "chin_width": 0.3, "chin_prominence": 0.25, "chin_height": 0.2, "jaw": 0.3, "cheek_bones": 0.3,
    "cheek_volume": 0.25, "nose_width": 0.35, "nose_height": 0.25, "nose_depth": 0.25, "nose_hump": 0.3,
    "nose_tip": 0.3, "nose_volume": 0.25, "nose_flare": 0.2, "eye_size": 0.2, "eye_distance": 0.2, "eye_tilt": 0.2,
    "eye_height": 0.15, "mouth_width": 0.3, "mouth_position": 0.15, "upper_lip": 0.25, "lower_lip": 0.25,
    "head_fat": 0.2, "head_width": 0.15, "forehead": 0.2,
}  # fmt: skip
_SHORT_STYLES: tuple[HairStyle, ...] = ("short", "short", "swept", "curly", "cropped")
_OUTLINES = ("round", "square", "oval", "triangular", "diamond", "rectangular", "invertedtriangular")


def _random_identity(seed: int) -> Identity:
    rng = stream(seed, "twins", "identity")
    feminine = bool(rng.random() < 0.5)
    old = rng.random() < 0.2
    blend = rng.dirichlet((0.5, 0.5, 0.5))  # mostly near one of the three averages of a sex, often between them
    shape = {f"mean_{2 * k + (1 if feminine else 2)}": float(0.95 * blend[k]) for k in range(3)}
    shape[f"outline_{_OUTLINES[rng.integers(len(_OUTLINES))]}"] = float(rng.uniform(0.1, 0.4))
    shape |= {name: float(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread)) for name, spread in _DETAILS.items()}
    age = float(rng.uniform(0.4, 0.9))
    if old:
        shape["aged_1" if feminine else "aged_2"] = age

    skin = np.array(_SKINS[rng.integers(len(_SKINS))]) * rng.uniform(0.96, 1.03) + rng.normal(0, 3, 3)
    redness, lipstick = rng.uniform(0, 1), feminine and rng.random() < 0.5
    lips = skin * (0.8, 0.58, 0.62) if not lipstick else np.array((190 - 60 * redness, 60 + 20 * redness, 78.0))
    light_haired = rng.random() < (0.7 if skin[0] > 200 else 0.08)
    palette = _HAIR_LIGHT if light_haired else _HAIR_DARK
    hair = np.array(palette[rng.integers(len(palette))]) * rng.uniform(0.9, 1.1)
    if old:
        hair = hair + (np.array((196, 192, 188)) - hair) * rng.uniform(0.4, 0.95)
    iris = _IRISES[rng.integers(len(_IRISES) if skin[0] > 200 else 3)]
    long, bald = rng.random() < (0.6 if feminine else 0.07), not feminine and rng.random() < (0.35 if old else 0.12)
    bearded, stubbled, bespectacled = rng.random() < 0.3, rng.uniform(0, 1), rng.random() < 0.2
    style: HairStyle = "parted" if long else _SHORT_STYLES[rng.integers(len(_SHORT_STYLES))]
    parting = float(rng.uniform(-0.3, 0.3))
    length, frame = float(rng.uniform(0.3, 1.0)), int(rng.integers(20, 130))
    return Identity(
        shape=tuple(shape.items()),
        skin=_colour(skin),
        lips=_colour(lips),
        iris=iris,
        hair=_colour(hair),
        hair_thickness=float(rng.uniform(0.04, 0.16)),
        hair_low=float(rng.uniform(-0.05, 0.06)),
        hair_style=style,
        hair_length=length,
        hair_parting=parting,
        bald=bald,
        brow=_colour(hair * 0.85),
        brow_width=float(rng.uniform(0.028, 0.038) if feminine else rng.uniform(0.038, 0.052)),
        brow_arch=float(rng.uniform(0.045, 0.08) if feminine else rng.uniform(0.035, 0.06)),
        beard=float(rng.uniform(0.5, 1)) if bearded and not feminine else 0.0,
        stubble=0.0 if feminine else float(stubbled),
        freckles=float(rng.uniform(0.3, 0.9)) if rng.random() < 0.2 and skin[0] > 190 else 0.0,
        blush=float(rng.uniform(0.1, 0.6)),
        eyeliner=float(rng.uniform(0.4, 0.9) if feminine else 0.25),
        lashes=feminine,
        glasses=Glasses((frame, frame // 2, frame // 2), float(rng.uniform(0.018, 0.034)), float(rng.uniform(0.7, 1)))
        if bespectacled
        else None,
        cloth=_colour(rng.uniform(40, 210, 3)),
        seed=seed,
    )


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (int(x) for x in np.clip(np.rint(values), 0, 255))
    return red, green, blue
