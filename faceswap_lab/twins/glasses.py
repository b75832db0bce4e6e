"""Frames for the eyes: two rims, a bridge and two temples."""

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import Float
from faceswap_lab.twins.identity import Glasses
from faceswap_lab.twins.pack import HeadPack, Part

_AROUND = 32
_TUBE = 4


def build_glasses(style: Glasses | None, body: Float, pack: HeadPack) -> tuple[Float, NDArray[np.int32]]:
    """Fit a frame to a head.

    Args:
        style: its colour and form, or None for no glasses.
        body: (N, 3) shaped vertices of the head.
        pack: the pack they come from.

    Returns:
        Vertices (M, 3) and triangles (T, 3) of the frame.
    """
    if style is None:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)
    nose = body[pack.landmarks["nose_bridge"]]
    front = max(float(nose[2]) + 0.03, 1.5)
    eye_x = abs(float(body[pack.parts == Part.LEFT_EYE, 0].mean())) * 1.04
    eye_y = float(body[pack.parts == Part.LEFT_EYE, 1].mean()) - 0.015

    def depth(x: NDArray | float) -> NDArray | float:
        return front - 0.22 * x * x  # the frame wraps around the face

    tubes = []
    turn = np.arange(_AROUND) * 2 * np.pi / _AROUND
    shape_x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** style.roundness
    shape_y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** style.roundness
    radius_x, radius_y = 0.225, 0.185
    for sign in (1, -1):
        x = sign * eye_x + radius_x * shape_x
        tubes.append(_tube(np.stack([x, eye_y + radius_y * shape_y, depth(x)], 1), style.rim / 2, closed=True))
        outer = sign * (eye_x + radius_x)
        temple = np.array([[outer, eye_y + 0.05, depth(outer)], [sign * 0.86, eye_y + 0.05, 0.55]])
        tubes.append(_tube(temple, style.rim * 0.6, closed=False))
    inner = eye_x - radius_x
    x = np.linspace(-inner, inner, 7)
    bridge = np.stack([x, eye_y + 0.07 + 0.03 * (1 - (x / inner) ** 2), depth(x)], 1)
    tubes.append(_tube(bridge, style.rim * 0.55, closed=False))
    vertices = np.concatenate([v for v, _ in tubes])
    offsets = np.cumsum([0, *[len(v) for v, _ in tubes[:-1]]])
    triangles = np.concatenate([t + offset for (_, t), offset in zip(tubes, offsets)])
    return vertices.astype(np.float32), triangles.astype(np.int32)


def _tube(path: NDArray, radius: float, closed: bool) -> tuple[NDArray, NDArray]:
    """Sweep a square section along a path (P, 3)."""
    following, previous = np.roll(path, -1, 0), np.roll(path, 1, 0)
    tangent = following - previous if closed else np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0, 0, 1.0] if abs(tangent[0, 2]) < 0.7 else [0, 1.0, 0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, tangent)
    rings = np.stack(
        [path + radius * (np.cos(q) * side + np.sin(q) * up) for q in np.arange(_TUBE) * 2 * np.pi / _TUBE], 1
    )
    count = len(path)
    triangles = []
    for k in range(count if closed else count - 1):
        for q in range(_TUBE):
            a, b = k * _TUBE + q, k * _TUBE + (q + 1) % _TUBE
            c, d = ((k + 1) % count) * _TUBE + q, ((k + 1) % count) * _TUBE + (q + 1) % _TUBE
            triangles += [[a, c, b], [b, c, d]]
    return rings.reshape(-1, 3), _facing_out(rings.reshape(-1, 3), np.array(triangles), np.repeat(path, _TUBE, 0))


def _facing_out(vertices: NDArray, triangles: NDArray, middle: NDArray) -> NDArray:
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * (corners.mean(1) - middle[triangles].mean(1))).sum(1) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return triangles
