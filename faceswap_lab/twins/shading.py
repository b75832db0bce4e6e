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


@dataclass(frozen=True)
class _Material:
    """What K points are made of, colours (3, K) and numbers (K,); filled in part by part.

    Channels come first in all of this file: numbers of one kind lie side by side in memory.
    """

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
    return np.where(inner, np.float32(1), point[_FACE])


def shade(head: Head, state: State, turn: Float, size: int, part: NDArray[np.uint8], point: Float) -> Float:
    """Light K surface points.

    Args:
        head: whose they are.
        state: light and gaze.
        turn: (3, 3) rotation from the head's frame to the viewer's.
        size: side length of the picture, for the fineness of its textures.
        part: (K,) a ``Part`` each.
        point: (13, K) interpolated channels, normals in the viewer's frame and openness to the light.

    Returns:
        (3, K) float32 linear light, >= 0.
    """
    normal = point[_NORMAL]
    normal = normal / np.sqrt((normal * normal).sum(0) + np.float32(1e-12))
    light = light_direction(state)
    half = light + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)

    material = _material(head, state, turn, size, part, point, normal)
    shine = material.highlight * np.clip(half @ normal, 0, 1) ** material.gloss
    locks = np.flatnonzero(part == Part.HAIR)
    shine[locks] = _strand_highlight(point[_TANGENT].take(locks, axis=1), half @ turn)

    warmth = state.warmth
    key = _column(1 + 0.16 * warmth, 1, 1 - 0.22 * warmth) * np.float32(state.key_light)
    fill = _column(1 - 0.08 * warmth, 1, 1 + 0.12 * warmth) * np.float32(state.ambient)
    facing = light @ normal
    diffuse = np.clip((facing + material.wrap) / (1 + material.wrap), 0, 1)
    edge = 1 - np.clip(normal[2], 0, 1)
    rim = np.float32(0.06) * edge * edge * edge
    rim[locks] *= (normal[2].take(locks) > 0) * np.float32(0.5)  # the inside of hanging hair has no sky behind it
    above = np.float32(0.75) + np.float32(0.25) * normal[1]
    lit = point[_OPEN] * np.sqrt(material.ambient)
    shine = shine * np.float32(1.6) * (facing > -0.1)
    key_share = (material.albedo * diffuse + shine) * lit
    fill_share = (material.albedo * above + rim) * material.ambient
    return key_share * key + fill_share * fill


def _column(*components: float) -> Float:
    """Return one number per channel, (3, 1)."""
    return np.array(components, np.float32)[:, None]


def _of_colour(colour: Colour) -> Float:
    """Return a colour as linear light, (3, 1)."""
    return linear_light(colour)[:, None]


_TOOTH, _TONGUE, _LASH = _column(0.80, 0.76, 0.68), _column(0.32, 0.08, 0.08), _column(0.012, 0.01, 0.01)
_INSIDE_MOUTH = _column(0.16, 0.03, 0.03)
# Light bleeds through skin past the terminator, red farthest: wrap lighting in place of subsurface scattering.
_SKIN_WRAP, _WRAP = _column(0.28, 0.14, 0.10), np.float32(0.15)


def _material(
    head: Head, state: State, turn: Float, size: int, part: NDArray[np.uint8], point: Float, normal: Float
) -> _Material:
    person, count = head.identity, len(part)
    material = _Material(
        albedo=np.zeros((3, count), np.float32),
        ambient=point[_AMBIENT].copy(),
        highlight=np.full(count, 0.05, np.float32),
        gloss=np.full(count, 22, np.float32),
        wrap=np.full((3, count), _WRAP, np.float32),
    )
    _skin(head, size, np.flatnonzero(part == Part.SKIN), point, material)
    locks = np.flatnonzero(part == Part.HAIR)
    column, row, tone = (point[channel].take(locks) for channel in (0, 1, _TONE))
    streaks = head.textures.fetch("hair", size, column % np.float32(CANVAS_WIDTH - 1), row)
    material.albedo[:, locks] = streaks * tone
    solids = np.flatnonzero((part >= Part.UPPER_TEETH) & (part != Part.HAIR))
    frame = _of_colour(person.glasses.colour) if person.glasses else _LASH
    colours = {Part.UPPER_TEETH: _TOOTH, Part.LOWER_TEETH: _TOOTH, Part.TONGUE: _TONGUE, Part.GLASSES: frame}
    for solid in np.unique(part[solids]):
        chosen = solids[part[solids] == solid]
        material.albedo[:, chosen] = colours.get(Part(solid), _LASH)
        if solid == Part.GLASSES:
            material.highlight[chosen] = 0.15
        elif solid <= Part.TONGUE:
            material.ambient[chosen] = 0.4
            material.highlight[chosen] = 0.10
    eyes = np.flatnonzero((part == Part.LEFT_EYE) | (part == Part.RIGHT_EYE))
    material.albedo[:, eyes], material.ambient[eyes] = _eyeball(person.iris, state, turn.T @ normal.take(eyes, axis=1))
    material.highlight[eyes], material.gloss[eyes] = 0.55, 60
    return material


def _skin(head: Head, size: int, chosen: NDArray[np.intp], point: Float, material: _Material) -> None:
    person = head.identity
    column, row, ambient, lips, liner, hair, mouth, _, collar = point[:_SURFACE].take(chosen, axis=1)
    cloth = smoothstep(-0.015, 0.015, collar)
    painted = head.textures.fetch("skin", size, column, row)
    fine = painted / np.maximum(_of_colour(person.skin), np.float32(0.02))
    albedo = _mix(painted, _of_colour(person.lips) * (np.float32(0.8) + np.float32(0.2) * fine), lips)
    lined = liner * np.float32(0.25 + 0.7 * person.eyeliner)
    albedo = albedo * (1 - lined * _column(0.75, 0.9, 0.95))
    albedo = _mix(albedo, _of_colour(person.cloth), cloth)
    albedo[:, mouth > 0.5] = _INSIDE_MOUTH
    material.albedo[:, chosen] = albedo
    material.ambient[chosen] = np.maximum(ambient, np.float32(0.25) * mouth)
    sheen = np.float32(0.10) + np.float32(0.12) * lips - np.float32(0.08) * hair
    material.highlight[chosen] = sheen * (1 - np.float32(0.7) * cloth)
    material.gloss[chosen] = np.where(hair > 0.5, np.float32(8), np.float32(22))
    material.wrap[:, chosen] = np.where((hair < 0.5) & (cloth < 0.5), _SKIN_WRAP, _WRAP)


def _mix(below: Float, above: Float, cover: Float) -> Float:
    return below + (above - below) * cover


def _strand_highlight(tangent: Float, half: Float) -> Float:
    """Kajiya & Kay, "Rendering fur with three dimensional textures" (SIGGRAPH 1989): a hair shines around its axis."""
    along = half @ tangent / np.sqrt((tangent * tangent).sum(0) + np.float32(1e-12))
    return np.float32(0.09) * np.clip(1 - along * along, 0, 1) ** np.float32(24)


def _eyeball(iris: Colour, state: State, normal: Float) -> tuple[Float, Float]:
    """Paint iris, pupil and white by the angle to the gaze (head's frame); the upper lid shades the top."""
    gaze_x, gaze_y = state.gaze_x, state.gaze_y
    gaze = np.array([np.sin(gaze_x) * np.cos(gaze_y), np.sin(gaze_y), np.cos(gaze_x) * np.cos(gaze_y)], np.float32)
    angle = np.arccos(np.clip(gaze @ normal, -1, 1))
    ring = np.float32(0.55) + np.float32(0.75) * smoothstep(0.12, 0.42, angle)
    ring = ring * (1 - np.float32(0.75) * smoothstep(0.40, 0.49, angle)) * smoothstep(0.14, 0.20, angle)
    white = _column(0.70, 0.66, 0.63) * (1 - np.float32(0.25) * smoothstep(0.5, 1.2, angle))
    colour = _mix(white, _of_colour(iris) * ring + np.float32(0.004), smoothstep(0.53, 0.47, angle))
    return colour, np.float32(0.30) + np.float32(0.55) * smoothstep(0.62, 0.1, normal[1])
