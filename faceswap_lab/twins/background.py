"""Out-of-focus rooms from a seed."""

import cv2
import numpy as np

from faceswap_lab.randomness import stream
from faceswap_lab.twins.curves import Float, linear_light

_SMALL = 64


def background(seed: int, contrast: float, size: int) -> Float:
    """Draw blurred gradients and boxes: enough to matter to a network, nothing that looks like a face.

    Args:
        seed: which room.
        contrast: 0 plain grey … 1.
        size: side length in pixels; the same room at every size.

    Returns:
        (size, size, 3) float32 linear light in [0, 1].
    """
    rng = stream(seed, "twins", "background")
    ends = 128 + contrast * (rng.uniform(-100, 100, (2, 1)) + rng.normal(0, 22, (2, 3)))
    cells = int(rng.integers(2, 7))
    blend = ends[0] + (ends[1] - ends[0]) * rng.random((cells, cells, 1))
    coarse = (blend + rng.normal(0, 18 * contrast, (cells, cells, 3))).astype(np.float32)
    room = cv2.resize(coarse, (_SMALL, _SMALL), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(0, 6))):
        corner, extent = rng.integers(0, _SMALL, 2), rng.integers(8, 40, 2)
        colour = 128 + contrast * (rng.uniform(-98, 98) + rng.normal(0, 25, 3))
        cv2.rectangle(room, corner.tolist(), (corner + extent).tolist(), colour.tolist(), -1)
    blurred = cv2.GaussianBlur(room, (0, 0), float(rng.uniform(0.7, 3)))
    light = linear_light(np.clip(blurred, 0, 255))
    return cv2.resize(light, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32)
