"""The mean face of 2018 and the squares that are cut around it: where an aligned face lies in its picture.

Landmarks are the 68 points of iBUG 300-W (Sagonas et al., "300 faces in-the-wild challenge", ICCVW 2013), which dlib
and all face-swap programs number alike; the mean face has the last 51 of them: brows, nose, eyes, mouth.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LANDMARKS = 68
INNER = slice(17, 68)  # without the outline of the jaw

_RIGHT_HALF = {  # of the mean face, which is symmetric: x, y in its unit square, as published with faceswap in 2018
    17: (0.010086, 0.106454), 18: (0.085135, 0.038915), 19: (0.191003, 0.018748), 20: (0.300643, 0.034489),
    21: (0.403270, 0.077391), 31: (0.376753, 0.587326), 32: (0.435909, 0.609345), 36: (0.131610, 0.216423),
    37: (0.196995, 0.178758), 38: (0.275698, 0.179852), 39: (0.344479, 0.231733), 40: (0.270791, 0.245099),
    41: (0.192616, 0.244077), 48: (0.264022, 0.780233), 49: (0.350858, 0.745405), 50: (0.438731, 0.727388),
    58: (0.433405, 0.902192), 59: (0.347967, 0.864805), 60: (0.300252, 0.784792), 61: (0.437969, 0.778746),
    67: (0.436763, 0.824182),
}  # fmt: skip
_MIDDLE = {
    27: 0.203352, 28: 0.307009, 29: 0.409805, 30: 0.515625, 33: 0.628106, 51: 0.742578, 57: 0.909281, 62: 0.785343,
    66: 0.831803,
}  # fmt: skip
MIRRORED = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""Which landmark each of the 68 becomes in the mirror."""


def _mean_face() -> Points:
    face = np.full((LANDMARKS, 2), np.nan)
    for index, point in _RIGHT_HALF.items():
        face[index] = point
        face[MIRRORED[index]] = 1 - point[0], point[1]
    for index, height in _MIDDLE.items():
        face[index] = 0.5, height
    return face[INNER]


MEAN_FACE: Points = _mean_face()
"""(51, 2): x, y of landmarks 17 to 67, from the left brow's outer end (0) to the right one's (1)."""


@dataclass(frozen=True)
class Framing:
    """How much is cut out around a face.

    Attributes:
        share: the side of the mean face's unit square as a share of the picture's side.
        centre: which point of that square lies in the middle of the picture.
    """

    share: float
    centre: tuple[float, float]


FRAMINGS = {
    "2018": Framing(160 / 256, (0.5, 0.5)),  # 48 px around the square in 256 px, as faceswap's extraction of 2018
    "whole_face": Framing(0.46, (0.5, 0.40)),
    "head": Framing(0.38, (0.5, 0.32)),
}


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """Return the (2, 3) turn, zoom and shift that brings points (n, 2) closest to others (Umeyama 1991, no mirror).

    In the plane it is one complex least squares.

    Raises:
        ValueError: the points coincide, or are not finite.
    """
    z, w = source @ (1, 1j), target @ (1, 1j)
    around = z - z.mean()
    spread = float((np.abs(around) ** 2).sum())
    if not np.isfinite(spread) or spread < 1e-12:
        raise ValueError("these landmarks are one point, or none")
    a = (around.conj() * (w - w.mean())).sum() / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def aligning(landmarks: Points, framing: Framing, size: int) -> NDArray[np.float64]:
    """Return the (2, 3) map from a frame's pixels to those of the aligned picture of ``size`` pixels.

    The landmarks, (68, 2) x, y, are pixels of the frame.
    """
    unit = framing.share * size
    goal = (MEAN_FACE - framing.centre) * unit + size / 2
    return similarity(landmarks[INNER], goal)


def moved(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Return points (n, 2) under an affine map (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def filled(outline: Points, height: int, width: int) -> NDArray[np.uint8]:
    """Return a mask (height, width), 255 inside the outline (n, 2), given in pixels in any order around its hull."""
    mask = np.zeros((height, width), np.uint8)
    hull = cv2.convexHull(np.clip(outline, -2 * width, 3 * width).astype(np.float32))
    cv2.fillConvexPoly(mask, np.rint(hull * 16).astype(np.int32), 255, lineType=cv2.LINE_AA, shift=4)
    return mask
