"""Drawing a head in a state: pose, projection, visibility, shading, and the reduction to the final picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.background import background
from faceswap_lab.twins.curves import Float
from faceswap_lab.twins.head import Head
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.rasteriser import rasterise
from faceswap_lab.twins.sampling import interpolated, plan_samples
from faceswap_lab.twins.shading import face_cover, light_direction, shade
from faceswap_lab.twins.state import State

RENDERER_VERSION = 3
"""Raised whenever a pixel changes: caches of rendered faces are keyed by it."""

HALF_HEIGHT = np.float32(1.42)  # decimetres from the middle of the picture to its edge
CAMERA_DISTANCE = np.float32(13.0)
NECK = np.array([0, 6.9, 0.45], np.float32)  # what the head turns around
FACE_CENTRE = np.array([0, 6.98, 1.2], np.float32)
PICTURE_CENTRE_Y = np.float32(6.95)


@dataclass(frozen=True)
class Rendered:
    """One picture and its truth.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        mask: (S, S) uint8, 255 where the face is (skin of the face, eyes, mouth, beard and
            glasses; no hair, ears or neck).
        landmarks: (L, 2) float32 x, y in pixels in the order of ``LANDMARK_NAMES``; the picture's first pixel has its
            centre at (0.5, 0.5). Landmarks on the far side of a turned head lie where they would show through.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    landmarks: Float


def render(who: Head | Identity, state: State, size: int = 128, supersampling: int = 2) -> Rendered:
    """Draw a person in a state. The same arguments give the same bytes on the same machine.

    Args:
        who: a ``Head`` (make it once for many pictures) or an identity.
        state: pose, expression, light, background.
        size: side length S of the picture in pixels, >= 1.
        supersampling: samples per pixel and direction, >= 1.

    Returns:
        The picture, its face mask and its landmarks.

    Raises:
        ValueError: size or supersampling below 1.
    """
    if size < 1 or supersampling < 1:
        raise ValueError(f"size={size}, supersampling={supersampling}: both must be at least 1")
    head = who if isinstance(who, Head) else Head(who)
    side = size * supersampling
    turn = _rotation(state.yaw, state.pitch, state.roll)
    posed = _posed(head.deformed(state), head.follows_head, state, turn)
    screen = _projected(posed, state, turn, side)
    light = light_direction(state)
    values = np.column_stack([head.surface, head.posed_normals(posed, turn), head.open_to_light(light @ turn)])

    seen = rasterise(screen, head.triangles, side, side, head.two_sided)
    plan = plan_samples(seen, head.parts.take(seen.triangles), size, supersampling)
    point = interpolated(values, head.triangles, seen, plan)
    part = head.parts.take(seen.triangles.take(plan.first))
    light_and_mask = [*shade(head, state, turn, size, part, point), face_cover(part, point)]

    drawn = np.empty((size * size, 4), np.float32)
    for channel, values in enumerate(light_and_mask):
        drawn[:, channel] = np.bincount(plan.pixel, plan.weight * values, size * size)
    covered = np.bincount(plan.pixel, plan.weight, size * size).astype(np.float32)
    room = background(state.background, state.background_contrast, size).reshape(-1, 3)
    picture = drawn[:, :3] + (1 - covered)[:, None] * room
    return Rendered(
        image=_developed(picture).reshape(size, size, 3),
        mask=np.rint(drawn[:, 3] * 255).clip(0, 255).astype(np.uint8).reshape(size, size),
        landmarks=screen[head.landmarks, :2] / np.float32(supersampling),
    )


def landmarks_of(head: Head, state: State, size: int) -> Float:
    """Return where the landmarks of a picture of ``size`` pixels lie, as ``Rendered`` has them, without drawing it."""
    turn = _rotation(state.yaw, state.pitch, state.roll)
    posed = _posed(head.deformed_landmarks(state), head.follows_head[head.landmarks], state, turn)
    return _projected(posed, state, turn, size)[:, :2]


def _rotation(yaw: float, pitch: float, roll: float) -> Float:
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (around_z @ around_x @ around_y).astype(np.float32)


def _posed(deformed: Float, follows_head: Float, state: State, turn: Float) -> Float:
    """Turn the head about the neck; the shoulders follow a fifth of the yaw, the neck lies between."""
    centred = deformed - NECK
    shoulders = centred @ _rotation(0.2 * state.yaw, 0, 0).T
    return shoulders + (centred @ turn.T - shoulders) * follows_head


def _projected(posed: Float, state: State, turn: Float, side: int) -> Float:
    """Project to pixels, framed as an aligner would: the picture follows where the average face's centre went."""
    perspective = CAMERA_DISTANCE / (CAMERA_DISTANCE - posed[:, 2])
    rest = FACE_CENTRE - NECK
    moved = turn @ rest
    moved = moved * CAMERA_DISTANCE / (CAMERA_DISTANCE - moved[2])
    centre_x = np.float32(0.85) * moved[0] - np.float32(state.shift_x)
    centre_y = np.float32(0.85) * moved[1] + np.float32(0.15) * rest[1] + PICTURE_CENTRE_Y - FACE_CENTRE[1]
    centre_y = centre_y - np.float32(state.shift_y)
    scale = np.float32(side / 2 * state.zoom) / HALF_HEIGHT
    middle = np.float32(side / 2)
    x = middle + (posed[:, 0] * perspective - centre_x) * scale
    y = middle - (posed[:, 1] * perspective - centre_y) * scale
    return np.stack([x, y, posed[:, 2]], 1)


def _developed(linear: Float) -> NDArray[np.uint8]:
    """Bring linear light to sRGB through a soft shoulder, as a camera keeps highlights from clipping."""
    return _TONES.take(np.minimum(np.sqrt(linear) * np.float32(_TONE_STEPS), len(_TONES) - 1).astype(np.int32))


# A table over the square root of the light, where equal steps are about equally visible: a power per pixel is slow.
_TONE_STEPS = 4096


def _tone_table() -> NDArray[np.uint8]:
    linear = ((np.arange(2 * _TONE_STEPS) + 0.5) / _TONE_STEPS) ** 2
    toned = 1.12 * linear / (1 + 0.22 * linear)
    return np.rint(np.clip(toned, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


_TONES = _tone_table()
