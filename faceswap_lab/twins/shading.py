"""The colour of visible surface points: albedo, soft shadow, diffuse, ambient and highlight, all in linear light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import CANVAS_WIDTH, Float, linear_light, smoothstep
from faceswap_lab.twins.head import HAIR_CHANNELS, SKIN_CHANNELS, Head
from faceswap_lab.twins.identity import Colour
from faceswap_lab.twins.pack import Part
from faceswap_lab.twins.state import State

# Columns of an interpolated point: the channels of ``Head.surface``, its normal, and how much light arrives.
_AMBIENT, _FACE = SKIN_CHANNELS.index("ambient"), SKIN_CHANNELS.index("face")  # the same in HAIR_CHANNELS
_TONE = HAIR_CHANNELS.index("tone")
_TANGENT = slice(_TONE + 1, _TONE + 4)
_SURFACE = len(SKIN_CHANNELS)
_NORMAL, _OPEN = slice(_SURFACE, _SURFACE + 3), _SURFACE + 3

_TOOTH, _TONGUE, _LASH = (0.80, 0.76, 0.68), (0.32, 0.08, 0.08), (0.012, 0.01, 0.01)
# Light bleeds through skin past the terminator, red farthest: wrap lighting in place of subsurface scattering.
_SKIN_WRAP = np.array([0.28, 0.14, 0.10], np.float32)
_WRAP = np.float32(0.15)


@dataclass(frozen=True)
class _Material:
    """What K points are made of; filled in part by part."""

    albedo: Float
    ambient: Float
    highlight: Float
    gloss: Float
    wrap: Float


def light_direction(state: State) -> Float:
    """Return the unit vector towards the key light: x right, y up, z towards the viewer."""
    azimuth, elevation = state.light_azimuth, state.light_elevation
    return np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], np.float32
    )


def face_cover(part: NDArray[np.uint8], point: Float) -> Float:
    """Return how much each point belongs to the face, (K,) in [0, 1]."""
    inner = (part >= Part.LEFT_EYE) & (part <= Part.RIGHT_LASHES)
    return np.where(inner, np.float32(1), point[:, _FACE])


def shade(head: Head, state: State, turn: Float, size: int, part: NDArray[np.uint8], point: Float) -> Float:
    """Light K surface points.

    Args:
        head: whose they are.
        state: light and gaze.
        turn: (3, 3) rotation from the head's frame to the viewer's.
        size: side length of the picture, for the fineness of its textures.
        part: (K,) a ``Part`` each.
        point: (K, 13) interpolated channels, normals in the viewer's frame and openness to the light.

    Returns:
        (K, 3) float32 linear light, >= 0.
    """
    normal = point[:, _NORMAL]
    normal = normal / np.sqrt((normal * normal).sum(1, keepdims=True) + np.float32(1e-12))
    light = light_direction(state)
    half = light + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)

    material = _material(head, state, turn, size, part, point, normal)
    shine = material.highlight * np.clip(normal @ half, 0, 1) ** material.gloss
    locks = np.flatnonzero(part == Part.HAIR)
    shine[locks] = _strand_highlight(point[locks, _TANGENT], half @ turn)

    warmth = np.float32(state.warmth)
    key = np.array([1 + 0.16 * warmth, 1, 1 - 0.22 * warmth], np.float32) * np.float32(state.key_light)
    fill = np.array([1 - 0.08 * warmth, 1, 1 + 0.12 * warmth], np.float32) * np.float32(state.ambient)
    facing = normal @ light
    diffuse = np.clip((facing[:, None] + material.wrap) / (1 + material.wrap), 0, 1)
    edge = 1 - np.clip(normal[:, 2], 0, 1)
    rim = np.float32(0.06) * edge * edge * edge
    rim[locks] *= (normal[locks, 2] > 0) * np.float32(0.5)  # the inside of hanging hair has no sky behind it
    above = np.float32(0.75) + np.float32(0.25) * normal[:, 1]
    lit = point[:, _OPEN] * np.sqrt(material.ambient)
    shine = shine * np.float32(1.6) * (facing > -0.1)
    key_share = (material.albedo * diffuse + shine[:, None]) * lit[:, None]
    fill_share = (material.albedo * above[:, None] + rim[:, None]) * material.ambient[:, None]
    return key_share * key + fill_share * fill


def _material(
    head: Head, state: State, turn: Float, size: int, part: NDArray[np.uint8], point: Float, normal: Float
) -> _Material:
    person, count = head.identity, len(part)
    material = _Material(
        albedo=np.zeros((count, 3), np.float32),
        ambient=point[:, _AMBIENT].copy(),
        highlight=np.full(count, 0.05, np.float32),
        gloss=np.full(count, 22, np.float32),
        wrap=np.full((count, 3), _WRAP, np.float32),
    )
    _skin(head, size, np.flatnonzero(part == Part.SKIN), point, material)
    locks = np.flatnonzero(part == Part.HAIR)
    column, row, tone = point[locks, 0] % np.float32(CANVAS_WIDTH - 1), point[locks, 1], point[locks, _TONE, None]
    material.albedo[locks] = head.textures.fetch("hair", size, column, row) * tone
    solids = np.flatnonzero((part >= Part.UPPER_TEETH) & (part != Part.HAIR))
    frame = linear_light(person.glasses.colour) if person.glasses else np.zeros(3, np.float32)
    colours = {Part.UPPER_TEETH: _TOOTH, Part.LOWER_TEETH: _TOOTH, Part.TONGUE: _TONGUE, Part.GLASSES: frame}
    for solid in np.unique(part[solids]):
        chosen = solids[part[solids] == solid]
        material.albedo[chosen] = colours.get(Part(solid), _LASH)
        if solid == Part.GLASSES:
            material.highlight[chosen] = 0.15
        elif solid <= Part.TONGUE:
            material.ambient[chosen] = 0.4
            material.highlight[chosen] = 0.10
    eyes = np.flatnonzero((part == Part.LEFT_EYE) | (part == Part.RIGHT_EYE))
    material.albedo[eyes], material.ambient[eyes] = _eyeball(person.iris, state, normal[eyes] @ turn)
    material.highlight[eyes], material.gloss[eyes] = 0.55, 60
    return material


def _skin(head: Head, size: int, chosen: NDArray[np.intp], point: Float, material: _Material) -> None:
    person = head.identity
    column, row, ambient, lips, liner, hair, mouth, _, collar = point[chosen, :_SURFACE].T
    cloth = smoothstep(-0.015, 0.015, collar)
    painted = head.textures.fetch("skin", size, column, row)
    fine = painted / np.maximum(linear_light(person.skin), np.float32(0.02))
    albedo = _mix(painted, linear_light(person.lips) * (np.float32(0.8) + np.float32(0.2) * fine), lips)
    lined = liner * np.float32(0.25 + 0.7 * person.eyeliner)
    albedo = albedo * (1 - lined[:, None] * np.array([0.75, 0.9, 0.95], np.float32))
    albedo = _mix(albedo, linear_light(person.cloth), cloth)
    albedo[mouth > 0.5] = (0.16, 0.03, 0.03)
    material.albedo[chosen] = albedo
    material.ambient[chosen] = np.maximum(ambient, np.float32(0.25) * mouth)
    sheen = np.float32(0.10) + np.float32(0.12) * lips - np.float32(0.08) * hair
    material.highlight[chosen] = sheen * (1 - np.float32(0.7) * cloth)
    material.gloss[chosen] = np.where(hair > 0.5, np.float32(8), np.float32(22))
    material.wrap[chosen] = np.where(((hair < 0.5) & (cloth < 0.5))[:, None], _SKIN_WRAP, _WRAP)


def _mix(below: Float, above: Float, cover: Float) -> Float:
    return below + (above - below) * cover[:, None]


def _strand_highlight(tangent: Float, half: Float) -> Float:
    """Kajiya & Kay, "Rendering fur with three dimensional textures" (SIGGRAPH 1989): a hair shines around its axis."""
    along = tangent @ half / np.sqrt((tangent * tangent).sum(1) + np.float32(1e-12))
    return np.float32(0.09) * np.clip(1 - along * along, 0, 1) ** np.float32(24)


def _eyeball(iris: Colour, state: State, normal: Float) -> tuple[Float, Float]:
    """Paint iris, pupil and white by the angle to the gaze (head's frame); the upper lid shades the top."""
    gaze_x, gaze_y = state.gaze_x, state.gaze_y
    gaze = np.array([np.sin(gaze_x) * np.cos(gaze_y), np.sin(gaze_y), np.cos(gaze_x) * np.cos(gaze_y)], np.float32)
    angle = np.arccos(np.clip(normal @ gaze, -1, 1))
    ring = np.float32(0.55) + np.float32(0.75) * smoothstep(0.12, 0.42, angle)
    ring = ring * (1 - np.float32(0.75) * smoothstep(0.40, 0.49, angle)) * smoothstep(0.14, 0.20, angle)
    white = np.array([0.70, 0.66, 0.63], np.float32) * (1 - np.float32(0.25) * smoothstep(0.5, 1.2, angle))[:, None]
    colour = _mix(white, linear_light(iris) * ring[:, None] + np.float32(0.004), smoothstep(0.53, 0.47, angle))
    return colour, np.float32(0.30) + np.float32(0.55) * smoothstep(0.62, 0.1, normal[:, 1])
