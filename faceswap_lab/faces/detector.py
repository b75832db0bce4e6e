"""Finding faces in a frame, with YuNet through OpenCV."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.mean_face import Points
from faceswap_lab.faces.model_files import model_file

_LARGEST = 640  # px of a frame's longer side that the detector sees: a face of 20 px there is found
_SURE = 0.6  # YuNet's own score, 0 to 1


@dataclass(frozen=True)
class Detection:
    """A face that was found, in pixels of the frame.

    Attributes:
        box: x, y, width, height.
        points: (5, 2): the eye at the picture's left, the other, tip of the nose, corners of the mouth likewise.
        score: 0 to 1.
    """

    box: NDArray[np.float64]
    points: Points
    score: float


class Detector:
    """YuNet (Wu et al., "YuNet: a tiny millisecond-level face detector", MIR 2023). One at a time per object.

    Raises:
        ModelMissing: the model is not installed.
    """

    def __init__(self, largest: int = _LARGEST, sure: float = _SURE) -> None:
        self.largest = largest
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of targets that nobody asked for
        self._net = cv2.FaceDetectorYN.create(str(model_file("detector")), "", (320, 320), sure)

    def find(self, frame: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces in a frame (H, W, 3) RGB, the largest first."""
        height, width = frame.shape[:2]
        scale = min(1.0, self.largest / max(height, width))
        seen = frame
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            seen = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._net.setInputSize(seen.shape[1::-1])
        found = self._net.detect(np.ascontiguousarray(seen[..., ::-1]))[1]
        if found is None:
            return []
        sizes = np.array([width / seen.shape[1], height / seen.shape[0]])
        detections = [
            Detection(row[:4] * np.tile(sizes, 2), row[4:14].reshape(5, 2) * sizes, float(row[14]))
            for row in found.astype(np.float64)
            if np.isfinite(row).all() and min(row[2:4]) > 1
        ]
        return sorted(detections, key=lambda found: -found.box[2] * found.box[3])
