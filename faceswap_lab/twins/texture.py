"""Painting an identity's skin and hair on the cylinder around the head."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from faceswap_lab.twins.curves import (
    BOTTOM_Y,
    CANVAS_HEIGHT,
    CANVAS_WIDTH,
    MAX_ANGLE,
    TOP_Y,
    Float,
    beard_cover,
    hairline,
    linear_light,
    smoothstep,
    vector,
)
from faceswap_lab.twins.identity import Colour, Identity

ANGLE, HEIGHT = np.meshgrid(
    np.linspace(-MAX_ANGLE, MAX_ANGLE, CANVAS_WIDTH, dtype=np.float32),
    np.linspace(TOP_Y, BOTTOM_Y, CANVAS_HEIGHT, dtype=np.float32),
)


_LEVELS = 4
# A decimetre is 220 rows of the canvas; the picture is 2.84 decimetres wide: at this size a row is about a pixel.
_FULL_SIZE = 625


@dataclass(frozen=True)
class Textures:
    """Linear colours on the canvas, float32 in [0, 1], at full size and halved again and again.

    A small picture samples a small copy (Williams, "Pyramidal parametrics", SIGGRAPH 1983): one sample then sees the
    mean over its pixel, where one of the full canvas would sparkle.
    """

    skin: tuple[Float, ...]
    hair: tuple[Float, ...]

    def fetch(self, surface: Literal["skin", "hair"], size: int, column: Float, row: Float) -> Float:
        """Sample colours (3, K) at K points of the full canvas, for a picture of ``size`` pixels."""
        level = int(np.clip(np.log2(_FULL_SIZE / size), 0, _LEVELS - 1))
        shrink = np.float32(0.5**level)
        half = np.float32(0.5)
        count = len(column)
        if not count:
            return np.zeros((3, 0), np.float32)
        places = np.zeros((2, -(-count // 1024), 1024), np.float32)  # cv2.remap wants a picture: rows of 1024 points
        places.reshape(2, -1)[:, :count] = (np.stack([column, row]) + half) * shrink - half
        canvas = (self.skin if surface == "skin" else self.hair)[level]
        picture: Float = cv2.remap(
            canvas, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        return np.ascontiguousarray(picture.reshape(-1, 3)[:count].T)


def _pyramid(canvas: Float) -> tuple[Float, ...]:
    levels: list[Float] = [canvas.astype(np.float32)]
    for _ in range(_LEVELS - 1):
        rows, columns = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
        levels.append(half.astype(np.float32))
    return tuple(levels)


def canvas_coordinates(angle: Float, height: Float) -> tuple[Float, Float]:
    """Return column and row on the canvas (fractions of pixels; may lie outside)."""
    column = (angle / np.float32(2 * MAX_ANGLE) + np.float32(0.5)) * np.float32(CANVAS_WIDTH - 1)
    row = (np.float32(TOP_Y) - height) * np.float32((CANVAS_HEIGHT - 1) / (TOP_Y - BOTTOM_Y))
    return column, row


def paint(person: Identity, rng: np.random.Generator) -> Textures:
    """Paint skin with its blemishes and make-up, brows, beard and scalp, and the streaks of the hair."""

    def noise(rows: int, columns: int) -> Float:
        cells = rng.standard_normal((rows, columns)).astype(np.float32)
        return cv2.resize(cells, (CANVAS_WIDTH, CANVAS_HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)

    a = np.abs(ANGLE)
    mottle = 0.5 * noise(10, 10) + 0.35 * noise(30, 30) + 0.25 * noise(110, 110) + 0.3 * noise(300, 380)
    skin = linear_light(person.skin) * (1 + 0.055 * mottle[..., None] * vector(1, 0.9, 0.8))
    skin = skin * (1 - _blush(person.blush)[..., None] * vector(0.04, 0.30, 0.26))
    under_eyes = np.exp(-(((a - 0.27) / 0.17) ** 2) - ((HEIGHT - 7.17) / 0.05) ** 2)
    skin = skin * (1 - 0.16 * under_eyes[..., None] * vector(0.6, 1, 0.8))
    if person.freckles:
        skin = skin * (1 - 0.45 * _freckles(person.freckles, rng)[..., None] * vector(0.55, 0.85, 1))
    if person.mole:
        spot = np.exp(-(((ANGLE - person.mole[0]) / 0.022) ** 2) - ((HEIGHT - person.mole[1]) / 0.022) ** 2)
        skin = skin * (1 - 0.75 * spot[..., None])
    if person.eyeshadow:
        lid = 0.6 * np.exp(-(((a - 0.275) / 0.17) ** 4) - ((HEIGHT - 7.375) / 0.065) ** 2)
        skin = _over(skin, lid, person.eyeshadow)
    skin = _over(skin, _brows(person, noise(220, 400)), person.brow or person.hair)
    strands = np.clip(0.82 + 0.17 * noise(260, 420) + 0.08 * noise(30, 40), 0, 1)
    beard = cv2.GaussianBlur(beard_cover(ANGLE, HEIGHT), (0, 0), 5) * strands * (person.beard + 0.5 * person.stubble)
    darker = tuple(int(0.9 * c) for c in person.hair)
    skin = _over(skin, np.clip(beard, 0, 0.97), (darker[0], darker[1], darker[2]))
    fringe = 0.008 * noise(30, 320) + 0.02 * noise(3, 24)
    streaks = np.clip(1 + 0.28 * noise(6, 240) + 0.15 * noise(12, 400), 0.3, 1.8)[..., None]
    if not person.bald:
        above = HEIGHT - hairline(ANGLE, person.hair_low)
        skin = _over(skin, smoothstep(-0.06, 0.09, above + fringe), person.hair)
        scalp = smoothstep(-0.03, 0.05, above)[..., None]
        skin = skin * (1 - scalp + scalp * streaks)
    return Textures(_pyramid(np.clip(skin, 0, 1)), _pyramid(linear_light(person.hair) * streaks))


def _over(below: Float, cover: Float, colour: Colour) -> Float:
    return below * (1 - cover[..., None]) + linear_light(colour) * cover[..., None]


def _blush(strength: float) -> Float:
    a = np.abs(ANGLE)
    cheeks = np.exp(-(((a - 0.5) / 0.24) ** 2) - ((HEIGHT - 6.97) / 0.17) ** 2)
    nose = 0.7 * np.exp(-((ANGLE / 0.12) ** 2) - ((HEIGHT - 6.95) / 0.09) ** 2)
    chin = 0.3 * np.exp(-((ANGLE / 0.3) ** 2) - ((HEIGHT - 6.25) / 0.1) ** 2)
    return strength * (cheeks + nose + chin)


def _freckles(amount: float, rng: np.random.Generator) -> Float:
    spots = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.float32)
    for _ in range(int(420 * amount)):
        angle, height = rng.normal(0, 0.42), rng.normal(7.02, 0.17)
        radius, depth = rng.uniform(0.5, 1.75), rng.uniform(0.3, 0.9)
        column, row = canvas_coordinates(np.array(angle), np.array(height))
        # cv2 takes fixed-point centres: three fractional bits
        cv2.circle(spots, (int(column * 8), int(row * 8)), int(radius * 8), float(depth), -1, cv2.LINE_AA, 3)
    return cv2.GaussianBlur(spots, (0, 0), 0.6).astype(np.float32)


def _brows(person: Identity, strands: Float) -> Float:
    along = (np.abs(ANGLE) - 0.085) / 0.43
    arch = np.sin(np.clip(along * 1.25, 0, 1.4) * np.pi / 1.7)
    middle = person.brow_y + person.brow_arch * arch - 0.03 * np.clip(along - 0.6, 0, 1)
    half_height = person.brow_width * (1.05 - 0.65 * np.clip(along, 0, 1))
    body = smoothstep(1.2, 0.5, np.abs(HEIGHT - middle) / half_height)
    ends = smoothstep(-0.06, 0.06, along) * smoothstep(1.03, 0.85, along)
    return body * ends * np.clip(0.85 + 0.16 * strands, 0, 1) * np.float32(person.brow_density)
