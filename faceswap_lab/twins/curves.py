"""Small smooth functions that geometry, textures and shading share, and the cylinder the textures are wrapped on."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating]  # float32 throughout, which NumPy's types lose sight of in arithmetic

# The canvas: angle around a vertical axis through the skull, and height. Wider than ±pi/2 to reach behind the ears.
AXIS_Z = 0.3
MAX_ANGLE = 2.1
BOTTOM_Y, TOP_Y = 5.7, 8.6
CANVAS_HEIGHT, CANVAS_WIDTH = 640, 768


def vector(*components: float) -> Float:
    """Return the components as float32: a float64 would spread to everything it touches."""
    return np.array(components, np.float32)


def smoothstep(low: float, high: float, x: Float) -> Float:
    """Return 0 below ``low``, 1 above ``high`` and a smooth cubic between (``low`` > ``high`` falls instead)."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1).astype(np.float32)
    return t * t * (3 - 2 * t)


def linear_light(colour: tuple[int, int, int] | Float) -> Float:
    """Turn sRGB 0…255 into linear light in [0, 1], with the plain power 2.2."""
    return (np.asarray(colour, np.float32) / np.float32(255)) ** np.float32(2.2)


def angle_around(positions: Float) -> Float:
    """Return each point's angle around the head, 0 in front, > 0 towards the person's left."""
    return np.arctan2(positions[:, 0], positions[:, 2] - np.float32(AXIS_Z))


def hairline(angle: Float, lowered: float) -> Float:
    """Return the height at which hair begins, by the angle around the head."""
    angles = [0, 0.35, 0.65, 0.82, 0.95, 1.1, 1.2, 1.35, 1.6, 4]
    heights = [8.0, 8.02, 7.95, 7.72, 7.45, 7.2, 7.25, 7.3, 6.7, 6.4]
    return np.interp(np.abs(angle), angles, heights).astype(np.float32) - np.float32(lowered)


def beard_cover(angle: Float, height: Float) -> Float:
    """Return where a beard grows, in [0, 1]: jaw and chin, upper lip, and the sides of the mouth."""
    a = np.abs(angle)
    line = np.interp(a, [0, 0.16, 0.3, 0.5, 0.8, 1.1, 1.3], [6.5, 6.5, 6.52, 6.66, 6.85, 7.1, 7.25])
    jaw = smoothstep(0.05, -0.05, height - line) * smoothstep(5.95, 6.1, height) * smoothstep(1.35, 1.2, a)
    upper_lip = np.exp(-(((height - (6.765 - 0.35 * a * a)) / 0.055) ** 4)) * smoothstep(0.27, 0.2, a)
    sides = np.exp(-(((a - 0.25) / 0.045) ** 2)) * smoothstep(6.8, 6.74, height) * (height > 6.4)
    return np.maximum(np.maximum(jaw, upper_lip), sides * 0.9).astype(np.float32)
