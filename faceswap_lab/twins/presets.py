"""Eight people by name."""

from faceswap_lab.twins.identity import Glasses, Identity


def _shape(**weights: float) -> tuple[tuple[str, float], ...]:
    return tuple(weights.items())


IDENTITIES: dict[str, Identity] = {
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
