"""``random-<seed>``: the first recipe for random people. It is kept as it was, for runs that name one of them."""

import numpy as np

from faceswap_lab.randomness import stream
from faceswap_lab.twins.identity import Colour, Glasses, HairStyle, Identity

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


def random_identity(seed: int) -> Identity:
    """Return the person drawn from ``seed``, >= 0."""
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
