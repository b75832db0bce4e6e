"""The colour of visible surface points: albedo, soft shadow, diffuse, ambient and highlight, all in linear light."""

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import Float, linear_light, smoothstep
from faceswap_lab.twins.head import Head
from faceswap_lab.twins.pack import Part
from faceswap_lab.twins.state import State


def light_direction(state: State) -> Float:
    """Return the unit vector towards the key light: x right, y up, z towards the viewer."""
    azimuth, elevation = state.light_azimuth, state.light_elevation
    return np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], np.float32
    )


def shade(
    head: Head,
    state: State,
    part: NDArray[np.uint8],
    surface: Float,
    normal: Float,
    normal_of_head: Float,
    open_to_light: Float,
    tangent: Float,
) -> Float:
    """Light K surface points.

    Args:
        head: whose they are.
        state: light and gaze.
        part: (K,) a ``Part`` each.
        surface: (K, 9) interpolated ``Head.surface``.
        normal: (K, 3) unit normals in the viewer's frame.
        normal_of_head: (K, 3) the same in the head's frame, in which the eyeballs turn.
        open_to_light: (K,) in [0, 1], how much of the key light arrives.

    Returns:
        (K, 3) float32 linear light, >= 0.
    """
    person = head.identity
    column, row, ambient, lips, liner, hair, mouth, _, cloth = surface.T
    painted = _fetch(head.textures.skin, column, row)
    fine = painted / np.maximum(linear_light(person.skin), np.float32(0.02))
    albedo = _mix(painted, linear_light(person.lips) * (np.float32(0.8) + np.float32(0.2) * fine), lips)
    albedo *= 1 - (liner * np.float32(0.25 + 0.7 * person.eyeliner))[:, None] * np.float32([0.75, 0.9, 0.95])
    albedo = _mix(albedo, linear_light(person.cloth), cloth)
    albedo[mouth > 0.5] = (0.16, 0.03, 0.03)
    highlight = (np.float32(0.10) + np.float32(0.12) * lips - np.float32(0.05) * hair) * (1 - cloth * np.float32(0.7))
    gloss = np.where(hair > 0.5, np.float32(8), np.float32(22))
    ambient = np.maximum(ambient, np.float32(0.25) * mouth)

    for parts, colour in (
        ((Part.UPPER_TEETH, Part.LOWER_TEETH), (0.80, 0.76, 0.68)),
        ((Part.TONGUE,), (0.32, 0.08, 0.08)),
        ((Part.LEFT_LASHES, Part.RIGHT_LASHES), (0.012, 0.01, 0.01)),
    ):
        chosen = np.isin(part, parts)
        albedo[chosen] = colour
        ambient[chosen] = ambient[chosen] if Part.LEFT_LASHES in parts else 0.5
        highlight[chosen] = 0.05 if Part.LEFT_LASHES in parts else 0.1
    if person.glasses:
        frame = part == Part.GLASSES
        albedo[frame] = linear_light(person.glasses.colour)
        highlight[frame], ambient[frame] = 0.35, 1
    locks = np.flatnonzero(part == Part.HAIR)
    albedo[locks] = linear_light(person.hair) * lips[locks, None]
    highlight[locks] = 0
    eyes = np.flatnonzero((part == Part.LEFT_EYE) | (part == Part.RIGHT_EYE))
    if len(eyes):
        albedo[eyes], ambient[eyes] = _eyeball(person.iris, state, normal_of_head[eyes])
        highlight[eyes], gloss[eyes] = 0.55, 60

    light = light_direction(state)
    warmth = np.float32(state.warmth)
    key = np.float32([1 + 0.16 * warmth, 1, 1 - 0.22 * warmth]) * np.float32(state.key_light)
    fill = np.float32([1 - 0.08 * warmth, 1, 1 + 0.12 * warmth]) * np.float32(state.ambient)
    facing = normal @ light
    # Light bleeds through skin past the terminator, red farthest: wrap lighting instead of subsurface scattering.
    wrap = np.where(
        ((part == Part.SKIN) & (hair < 0.5) & (cloth < 0.5))[:, None], np.float32([0.28, 0.14, 0.10]), np.float32(0.15)
    )
    diffuse = np.clip((facing[:, None] + wrap) / (1 + wrap), 0, 1)
    half = light + np.float32([0, 0, 1])
    half /= np.linalg.norm(half)
    shine = highlight * np.clip(normal @ half, 0, 1) ** gloss * (facing > -0.1) * np.float32(1.6)
    rim = np.float32(0.06) * (1 - np.clip(normal[:, 2], 0, 1)) ** 3
    above = np.float32(0.75) + np.float32(0.25) * normal[:, 1]
    lit = open_to_light * np.sqrt(ambient)
    colour = albedo * (diffuse * key * lit[:, None] + (above * ambient)[:, None] * fill)
    if len(locks):
        shine[locks] = _strand_highlight(tangent[locks], half)
    return colour + (shine * lit)[:, None] * key + (rim * ambient)[:, None] * fill


def _fetch(texture: Float, column: Float, row: Float) -> Float:
    """Sample a canvas bilinearly at (K,) points. cv2.remap wants a picture: fold the points into rows of 1024."""
    count = len(column)
    pad = -count % 1024
    x, y = (np.pad(c, (0, pad)).reshape(-1, 1024) for c in (column, row))
    picture = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return picture.reshape(-1, 3)[:count]


def _mix(below: Float, above: Float, cover: Float) -> Float:
    return below * (1 - cover[:, None]) + above * cover[:, None]


def _strand_highlight(tangent: Float, half: Float) -> Float:
    """Kajiya & Kay, "Rendering fur with three dimensional textures" (SIGGRAPH 1989): a cylinder shines around its axis."""
    along = tangent @ half / np.sqrt((tangent * tangent).sum(1) + np.float32(1e-12))
    return np.float32(0.09) * np.clip(1 - along * along, 0, 1) ** np.float32(24)


def _eyeball(iris: tuple[int, int, int], state: State, normal: Float) -> tuple[Float, Float]:
    """Paint iris, pupil and white by the angle to the gaze; the upper lid shades the top."""
    normal = normal / np.sqrt((normal * normal).sum(1, keepdims=True) + np.float32(1e-12))
    gaze = np.float32(
        [
            np.sin(state.gaze_x) * np.cos(state.gaze_y),
            np.sin(state.gaze_y),
            np.cos(state.gaze_x) * np.cos(state.gaze_y),
        ]
    )
    angle = np.arccos(np.clip(normal @ gaze, -1, 1))
    ring = np.float32(0.55) + np.float32(0.75) * smoothstep(0.12, 0.42, angle)
    ring = ring * (1 - np.float32(0.75) * smoothstep(0.40, 0.49, angle)) * smoothstep(0.14, 0.20, angle)
    white = np.float32([0.70, 0.66, 0.63]) * (1 - np.float32(0.25) * smoothstep(0.5, 1.2, angle))[:, None]
    colour = _mix(white, linear_light(iris) * ring[:, None] + np.float32(0.004), smoothstep(0.53, 0.47, angle))
    return colour, np.float32(0.30) + np.float32(0.55) * smoothstep(0.62, 0.1, normal[:, 1])
