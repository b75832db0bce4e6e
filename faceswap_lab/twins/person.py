"""``person-<n>``: the people whom studies draw from, one for each whole number.

What goes together in people goes together here: skin, hair, eyes and the build of the face by descent, grey hair and
lines by age. Colours of clothes and lips are muted, so that who someone is shows in the face.
"""

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.randomness import stream
from faceswap_lab.twins.identity import Colour, Glasses, HairStyle, Identity

# Of the three families of the head pack's averages: skin, usual hair, usual irises.
_SKIN = np.array([(220, 174, 148), (112, 74, 54), (216, 172, 132)], float)
_DARK_HAIR = np.array([(30, 22, 18), (44, 32, 24), (62, 43, 30), (82, 56, 38)], float)
_LIGHT_HAIR = np.array([(112, 76, 46), (134, 70, 38), (176, 138, 88), (148, 112, 70)], float)
_GREY = np.array((168, 164, 160), float)
_DARK_IRIS = np.array([(50, 33, 24), (64, 44, 30), (92, 66, 40)], float)
_LIGHT_IRIS = np.array([(112, 92, 52), (84, 124, 96), (92, 124, 156), (116, 132, 142)], float)
_FRAMES: tuple[Colour, ...] = ((24, 24, 28), (70, 44, 28), (90, 92, 98), (110, 44, 40), (40, 52, 92))

_DETAILS: dict[str, float] = {
    "chin_width": 0.36, "chin_prominence": 0.3, "chin_height": 0.26, "jaw": 0.36, "cheek_bones": 0.36,
    "cheek_volume": 0.32, "nose_width": 0.42, "nose_height": 0.3, "nose_depth": 0.3, "nose_hump": 0.34,
    "nose_tip": 0.34, "nose_volume": 0.3, "nose_flare": 0.26, "eye_size": 0.26, "eye_distance": 0.28, "eye_tilt": 0.26,
    "eye_height": 0.18, "mouth_width": 0.34, "mouth_position": 0.18, "upper_lip": 0.3, "lower_lip": 0.3,
    "head_fat": 0.32, "head_width": 0.2, "forehead": 0.26, "brow_depth": 0.3, "brow_height": 0.26, "brow_angle": 0.14,
    "temple": 0.2,
}  # fmt: skip
"""Standard deviations of the weights, which are cut off at 1.5 of them: where they were cut at two standard
deviations of much larger weights, people were caricatures."""
_CUT = 1.5
_OUTLINES = ("round", "square", "oval", "triangular", "diamond", "rectangular", "invertedtriangular")
_FIRST_SEED = 1_000_000  # of skin and hair: nobody has the freckles of a preset or of random-<seed>


@lru_cache(maxsize=10_000)  # a draw looks at whole populations, some 0.2 ms a person
def person(number: int) -> Identity:
    """Return person ``number``, >= 0; the same number is always the same person."""
    rng = stream(number, "twins", "person")
    feminine = bool(rng.random() < 0.5)
    descent = rng.dirichlet((0.45, 0.45, 0.45))  # mostly one of the three averages, often between them
    age = float(max(0.0, rng.uniform(-1.2, 1)))  # 0 up to the middle years … 1
    skin = _skin(descent, rng)
    hair, brow = _hair_colours(float(descent[0]), age, rng)
    return Identity(
        shape=_shape(feminine, descent, age, rng),
        skin=_colour(skin),
        lips=_lips(skin, feminine, rng),
        iris=_iris(float(descent[0]), rng),
        hair=_colour(hair),
        brow=_colour(brow),
        brow_width=float(rng.uniform(0.028, 0.038) if feminine else rng.uniform(0.036, 0.05)),
        brow_arch=float(rng.uniform(0.04, 0.08) if feminine else rng.uniform(0.03, 0.06)),
        brow_y=float(rng.uniform(7.44, 7.475)),
        brow_density=float(rng.uniform(0.6, 0.9)),
        blush=float(rng.uniform(0.1, 0.5)),
        freckles=float(rng.uniform(0.3, 0.8)) if rng.random() < 0.4 * descent[0] else 0.0,
        eyeliner=float(rng.uniform(0.4, 0.9)) if feminine else 0.25,
        lashes=feminine,
        mole=_mole(rng),
        glasses=_glasses(age, rng),
        cloth=_cloth(rng),
        seed=_FIRST_SEED + number,
        **_hair(feminine, float(descent[1]), age, rng),
        **_beard(feminine, rng),
    )


def _shape(feminine: bool, descent: NDArray, age: float, rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    first = 1 if feminine else 2
    shape = {f"mean_{2 * k + first}": float(0.95 * descent[k]) for k in range(3)}
    shape[f"outline_{_OUTLINES[rng.integers(len(_OUTLINES))]}"] = float(rng.uniform(0.1, 0.45))
    for name, spread in _DETAILS.items():
        shape[name] = float(spread * np.clip(rng.normal(), -_CUT, _CUT))
    if age:
        shape[f"aged_{first}"] = 0.8 * age
    return tuple(shape.items())


def _skin(descent: NDArray, rng: np.random.Generator) -> NDArray:
    lightness, warmth = rng.uniform(0.82, 1.07), rng.normal(0, 0.02)
    return np.clip(descent @ _SKIN * lightness * (1 + warmth * np.array((1, 0, -1))), 0, (238, 202, 182))


def _hair_colours(lightness: float, age: float, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Return the colours of hair and brows; brows are darker than light hair and stay so when it turns grey."""
    palette = _LIGHT_HAIR if rng.random() < 0.65 * lightness else _DARK_HAIR
    colour = palette[rng.integers(len(palette))] * rng.uniform(0.9, 1.1)
    grey = np.clip(1.6 * age - rng.uniform(0.2, 0.9), 0, 0.95)
    brow = np.minimum(colour, (96, 70, 50)) * 0.85
    return colour + (_GREY - colour) * grey, brow + (_GREY - brow) * 0.5 * grey


def _lips(skin: NDArray, feminine: bool, rng: np.random.Generator) -> Colour:
    bare = skin * (0.80, 0.60, 0.62)
    painted = np.array((170, 62, 70)) * rng.uniform(0.75, 1.1)
    share = rng.uniform(0.3, 0.8) * (feminine and rng.random() < 0.4)
    return _colour(bare + (painted - bare) * share)


def _iris(lightness: float, rng: np.random.Generator) -> Colour:
    palette = _LIGHT_IRIS if rng.random() < 0.7 * lightness else _DARK_IRIS
    return _colour(palette[rng.integers(len(palette))] * rng.uniform(0.9, 1.1))


def _hair(feminine: bool, curls: float, age: float, rng: np.random.Generator) -> dict:
    """Return the style and its measures: a cropped head lies close to the skull, curls stand off it."""
    long, bald = rng.random() < (0.65 if feminine else 0.08), not feminine and rng.random() < 0.06 + 0.3 * age
    curly, rest = rng.random() < 0.12 + 0.4 * curls, rng.random()
    short: tuple[HairStyle, ...] = ("short", "swept") if feminine else ("short", "cropped", "swept")
    style: HairStyle = "parted" if long else "curly" if curly else short[int(rest * len(short))]
    low, high = {"cropped": (0.008, 0.03), "curly": (0.1, 0.22), "parted": (0.06, 0.12)}.get(style, (0.06, 0.15))
    return {
        "bald": bool(bald),
        "hair_style": style,
        "hair_thickness": float(rng.uniform(low, high)),
        "hair_length": float(rng.uniform(0.25, 1.0)),
        "hair_parting": float(rng.uniform(-0.3, 0.3)),
        "hair_low": float(rng.uniform(-0.06, 0.06) - 0.08 * age * (not feminine)),
    }


def _beard(feminine: bool, rng: np.random.Generator) -> dict:
    bearded, beard, stubble = rng.random() < 0.3, rng.uniform(0.45, 0.75), rng.uniform(0, 1)
    if feminine:
        return {"beard": 0.0, "stubble": 0.0}
    return (
        {"beard": float(beard), "stubble": float(max(stubble, 0.6))} if bearded else {"beard": 0.0, "stubble": stubble}
    )


def _mole(rng: np.random.Generator) -> tuple[float, float] | None:
    there, side, angle, height = rng.random() < 0.15, rng.choice((-1, 1)), rng.uniform(0.2, 0.55), rng.uniform(6.7, 7.0)
    return (float(side * angle), float(height)) if there else None


def _glasses(age: float, rng: np.random.Generator) -> Glasses | None:
    there, frame = rng.random() < 0.18 + 0.2 * age, _FRAMES[rng.integers(len(_FRAMES))]
    rim, roundness = float(rng.uniform(0.022, 0.036)), float(rng.uniform(0.6, 1))
    return Glasses(frame, rim, roundness) if there else None


def _cloth(rng: np.random.Generator) -> Colour:
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.2, 0.8))
    return _colour(255 * np.array(colour))


def _colour(values: NDArray) -> Colour:
    red, green, blue = (int(x) for x in np.clip(np.rint(values), 0, 255))
    return red, green, blue
