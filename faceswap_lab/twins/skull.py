"""Where a head's surface lies in every direction, so that hair can be kept off it."""

import cv2
import numpy as np

from faceswap_lab.twins.curves import Float, vector
from faceswap_lab.twins.pack import HeadPack, Part
from faceswap_lab.twins.rasteriser import rasterise

SKULL_CENTRE = vector(0, 7.45, 0.3)
_MAP_HEIGHT, _MAP_WIDTH = 96, 192


class SkullMap:
    """How far the skin reaches in every direction from the middle of the skull, drawn by the rasteriser itself."""

    def __init__(self, body: Float, pack: HeadPack) -> None:
        column, row, radius = self._polar(body - SKULL_CENTRE)
        triangles = pack.triangles[pack.parts[pack.triangles[:, 0]] == Part.SKIN]
        # Shoulders are left out: a lock that touches them lies on them, it is not pushed off sideways.
        triangles = triangles[(body[triangles, 1] > 6.15).all(1)]
        across_the_seam = np.ptp(column[triangles], axis=1) > _MAP_WIDTH / 4
        triangles = triangles[~across_the_seam]
        seen = rasterise(np.stack([column, row, radius], 1), triangles, _MAP_HEIGHT, _MAP_WIDTH, two_sided=True)
        reach = np.zeros(_MAP_HEIGHT * _MAP_WIDTH, np.float32)
        reach[seen.pixels] = (radius[triangles[seen.triangles]] * seen.weights).sum(1)
        grid: Float = reach.reshape(_MAP_HEIGHT, _MAP_WIDTH)
        while (grid == 0).any():  # the seam and the poles: take the nearest
            grid = np.where(grid == 0, cv2.dilate(grid, np.ones((3, 3), np.uint8)), grid)
        self._reach = cv2.GaussianBlur(grid, (0, 0), 1.0)

    def above(self, points: Float, lift: Float, stand: float) -> Float:
        """Keep points (S, 3) at least ``lift`` (S,) above the skin and, above the ears, at most ``stand`` more."""
        offset = points - SKULL_CENTRE
        column, row, radius = self._polar(offset)
        reach = cv2.remap(self._reach, column[:, None], row[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        least = reach[:, 0] + lift
        most = least + np.float32(stand) + 2 * np.maximum(np.float32(7.5) - points[:, 1], 0)
        kept = np.clip(radius, least, most)
        return (SKULL_CENTRE + offset * (kept / np.maximum(radius, 1e-6))[:, None]).astype(np.float32)

    @staticmethod
    def _polar(offset: Float) -> tuple[Float, Float, Float]:
        radius = np.sqrt((offset * offset).sum(1))
        column = (np.arctan2(offset[:, 0], offset[:, 2]) / np.float32(2 * np.pi) + np.float32(0.5)) * _MAP_WIDTH
        row = np.arccos(np.clip(offset[:, 1] / np.maximum(radius, 1e-6), -1, 1)) / np.float32(np.pi) * _MAP_HEIGHT
        return column.astype(np.float32), row.astype(np.float32), radius.astype(np.float32)
