"""What is measured of each face picture that is read, to say before a training in what two sides differ."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.mean_face import Points
from faceswap_lab.data.pictures import Decoded


class Measures(NamedTuple):
    """Of one picture. NaN where it is not known.

    Attributes:
        pixels: its shorter side.
        brightness: mean level of its middle, 0 to 255.
        light: level of the right half of its middle minus the left half.
        sharpness: standard deviation of the Laplacian of its middle at 64 px, in levels.
        yaw: turn of the head in degrees, > 0 towards the right of the picture; from landmarks.
        pitch: nod, > 0 downwards.
        extent: side of the smallest central square that holds all landmarks, as a share of the picture's side.
    """

    pixels: float
    brightness: float
    light: float
    sharpness: float
    yaw: float
    pitch: float
    extent: float


def measured(picture: Decoded) -> Measures:
    """Return the measures of a decoded picture."""
    size = len(picture.pixels)
    middle = picture.pixels[size // 4 : size - size // 4, size // 4 : size - size // 4]
    grey = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    half = grey.shape[1] // 2
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA)
    yaw, pitch, extent = _of_landmarks(picture.landmarks, picture.record.turn if picture.record else None)
    return Measures(
        pixels=min(picture.width, picture.height),
        brightness=float(grey.mean()),
        light=float(grey[:, half:].mean() - grey[:, :half].mean()) if half else 0.0,
        sharpness=float(cv2.Laplacian(small, cv2.CV_32F).std()),
        yaw=yaw,
        pitch=pitch,
        extent=extent,
    )


def _of_landmarks(landmarks: Points | None, turn: tuple[float, float] | None) -> tuple[float, float, float]:
    if landmarks is None:
        return np.nan, np.nan, np.nan
    yaw, pitch = turn or turned(landmarks)
    return yaw, pitch, float(2 * np.abs(landmarks - 0.5).max())


def turned(landmarks: Points) -> tuple[float, float]:
    """Return yaw and pitch in degrees from 68 landmarks, seen by a far camera (solvePnP on an average head).

    > 0 is towards the right of the picture, and downwards. Exact for a head of just that shape; on twins yaw comes out
    1.4 times too large, so it tells sides apart, and no more.
    """
    from faceswap_lab.data.faceswap_png import head_points

    places, points = head_points(landmarks)
    scale = float(np.ptp(points[:, 1])) or 1.0
    around = (points - points.mean(axis=0)) / scale
    camera = np.array([[8, 0, 0], [0, 8, 0], [0, 0, 1]], np.float64)
    in_a_mirror = places * (-1, 1, 1)  # its x grows to the left of the picture, with which no turn could agree
    found, turn, _ = cv2.solvePnP(in_a_mirror, around, camera, np.zeros(4), flags=cv2.SOLVEPNP_SQPNP)
    if not found:
        return np.nan, np.nan
    nose = cv2.Rodrigues(turn)[0] @ np.array([0.0, 0.0, 1.0])  # the camera's z points away from it
    return float(np.degrees(np.arctan2(nose[0], -nose[2]))), float(np.degrees(np.arcsin(np.clip(nose[1], -1, 1))))


def medians(measures: NDArray[np.float32]) -> Measures:
    """Return the median of each measure over the rows (n, 7) that have it; NaN where none has."""
    columns = (column[np.isfinite(column)] for column in measures.T)
    return Measures(*(float(np.median(column)) if len(column) else np.nan for column in columns))
