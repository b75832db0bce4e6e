"""The 478-point mesh of a face (MediaPipe's face landmarker through OpenCV), and what can be read off it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.mean_face import INNER, MEAN_FACE, Points, moved, similarity
from faceswap_lab.faces.detector import Detection
from faceswap_lab.faces.mesh_points import (
    BROW_EYES,
    BROWS,
    EARS,
    FIVE,
    HEIGHT,
    IBUG_68,
    LEFT_EYE,
    LEFT_IRIS,
    MOUTH,
    OUTLINE,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from faceswap_lab.faces.model_files import model_file

_INPUT = 256  # px
_CONTEXT = 1.5  # the network wants this much more than the detector's box
_PITCH_AT_REST = 6.7  # degrees by which the line from hairline to chin leans in a face that looks straight ahead
POINTS = 478


@dataclass(frozen=True)
class Mesh:
    """A face's mesh.

    Attributes:
        points: (478, 3): x, y in pixels of the frame, and depth in the same unit, growing away from the viewer.
        disagreement: how far the detector's five points lie from the mesh's, on average, in distances of the eyes. Of
            a face that is seen plainly it is below 0.1; a hand, a mask or no face at all pulls them apart.
    """

    points: NDArray[np.float64]
    disagreement: float

    @property
    def landmarks(self) -> Points:
        """(68, 2), as `faceswap_lab.data.mean_face` numbers them."""
        return self.points[list(IBUG_68), :2]

    @property
    def outline(self) -> Points:
        """(36, 2), around the face."""
        return self.points[list(OUTLINE), :2]

    @property
    def roll(self) -> float:
        """Tilt in degrees, > 0 clockwise in the picture."""
        right, left = (self.points[list(eye[:2]), :2].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE))
        return float(np.degrees(np.arctan2(*(left - right)[::-1])))

    @property
    def turn(self) -> tuple[float, float]:
        """Yaw and pitch in degrees, > 0 to the right of the picture, and downwards; from the mesh's own depth."""
        across, down = (self.points[end] - self.points[start] for start, end in (EARS, HEIGHT))
        yaw, pitch = np.arctan2(across[2], across[0]), np.arctan2(down[2], down[1])
        return float(np.degrees(yaw)), float(np.degrees(pitch)) - _PITCH_AT_REST

    def expression(self) -> dict[str, float]:
        """Return what the face does, in its own frame, where turns and sizes play no part.

        Returns:
            mouth_open: height of the gap between the lips by the mouth's width. smile: that width by the distance of
            the eyes' outer corners. eyes_open: the lids' distance by the eye's width, both eyes. brows: their height
            above the lids by the distance of the eyes' outer corners. gaze_x: where the irises lie between the corners
            of the eyes, -1 to 1, > 0 to the right of the picture.
        """
        p = self.points
        eyes = float(np.linalg.norm(p[LEFT_EYE[1]] - p[RIGHT_EYE[0]])) or 1.0
        width = float(np.linalg.norm(p[MOUTH[1]] - p[MOUTH[0]])) or 1.0
        brows = [np.linalg.norm(p[brow] - p[lid]) for brow, lid in zip(BROWS, BROW_EYES)]
        return {
            "mouth_open": float(np.linalg.norm(p[MOUTH[3]] - p[MOUTH[2]])) / width,
            "smile": width / eyes,
            "eyes_open": float(np.mean([_opened(p, RIGHT_EYE), _opened(p, LEFT_EYE)])),
            "brows": float(np.mean(brows)) / eyes,
            "gaze_x": float(np.mean([_gaze(p, RIGHT_EYE, RIGHT_IRIS), _gaze(p, LEFT_EYE, LEFT_IRIS)])),
        }

    def shape(self) -> Points:
        """Return the mesh in its own frame, (478, 2): turned upright and brought to the size of the mean face."""
        return moved(self.points[:, :2], similarity(self.landmarks[INNER], MEAN_FACE))


class Mesher:
    """MediaPipe's face landmark network (Kartynnik et al., "Real-time facial surface geometry from monocular video on
    mobile GPUs", CVPRW 2019; here the model with irises). One at a time per object.

    Raises:
        ModelMissing: the file of the model is damaged.
    """

    def __init__(self) -> None:
        self._net = cv2.dnn.readNetFromTFLite(str(model_file("mesh")))

    def fit(self, frame: NDArray[np.uint8], found: Detection) -> Mesh:
        """Return the mesh of a detected face in a frame (H, W, 3) RGB."""
        to_input = _upright(found)
        crop = cv2.warpAffine(frame, to_input, (_INPUT, _INPUT), flags=_interpolation(to_input))
        self._net.setInput(cv2.dnn.blobFromImage(crop, 1 / 255))
        raw = self._net.forward("Identity").reshape(POINTS, 3).astype(np.float64)
        back = np.asarray(cv2.invertAffineTransform(to_input), np.float64)
        points = np.column_stack([moved(raw[:, :2], back), raw[:, 2] * np.hypot(*back[:, 0])])
        return Mesh(points, _disagreement(points, found))


def _upright(found: Detection) -> NDArray[np.float64]:
    """Return the (2, 3) map that brings a face's box, turned so that the eyes are level, to the network's square."""
    right, left = found.points[:2]
    angle = np.arctan2(*(left - right)[::-1])
    side = _CONTEXT * max(found.box[2:])
    centre = found.box[:2] + found.box[2:] / 2
    cos, sin = np.cos(angle) * _INPUT / side, np.sin(angle) * _INPUT / side
    turn = np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([turn, _INPUT / 2 - turn @ centre])


def _interpolation(matrix: NDArray[np.float64]) -> int:
    return cv2.INTER_AREA if np.hypot(*matrix[:, 0]) < 1 else cv2.INTER_LINEAR


def _disagreement(points: NDArray[np.float64], found: Detection) -> float:
    mesh = np.array([points[list(which), :2].mean(axis=0) for which in FIVE])
    eyes = float(np.linalg.norm(found.points[1] - found.points[0])) or 1.0
    return float(np.linalg.norm(mesh - found.points, axis=1).mean()) / max(eyes, 0.2 * float(found.box[2]))


def _opened(points: NDArray[np.float64], eye: tuple[int, ...]) -> float:
    width = float(np.linalg.norm(points[eye[1]] - points[eye[0]])) or 1.0
    return float(np.linalg.norm(points[eye[3]] - points[eye[2]])) / width


def _gaze(points: NDArray[np.float64], eye: tuple[int, ...], iris: int) -> float:
    first, second = points[list(eye[:2]), :2]
    along = second - first
    return 2 * float((points[iris, :2] - (first + second) / 2) @ along) / (float(along @ along) or 1.0)
