"""How far two people are apart, in the shape of the face and in colours. Nothing is rendered for it."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.identity import Colour, Identity
from faceswap_lab.twins.pack import head_pack
from faceswap_lab.twins.shape import shaped

_IN_THE_FACE = 0.5
_MILLIMETRES = 100  # in a decimetre


def shape_difference(one: Identity, other: Identity) -> float:
    """Return how far two faces are apart in millimetres: root mean square over the skin of the face, eyes aligned."""
    return float(np.sqrt(((_face(one) - _face(other)) ** 2).sum(1).mean()))


def lightness(colour: Colour) -> float:
    """Return the L* of CIELAB (1976), 0 black … 100 white."""
    return float(_lab(colour)[0])


def colour_difference(one: Colour, other: Colour) -> float:
    """Return the distance of two colours in CIELAB, ΔE*ab of 1976: 2 is just visible, black and white are 100 apart."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


@lru_cache(maxsize=4096)
def _face(person: Identity) -> NDArray[np.float32]:
    pack = head_pack()
    return _MILLIMETRES * shaped(person, pack)[pack.masks["face"] > _IN_THE_FACE]  # (V, 3)


def _lab(colour: Colour) -> NDArray[np.float32]:
    return cv2.cvtColor(np.array([[colour]], np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)[0, 0]
