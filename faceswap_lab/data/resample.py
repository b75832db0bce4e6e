"""The pixels of the warp: faces read at the places that ``faceswap_lab.data.warp`` names, by bilinear interpolation.

OpenCV 5 interpolates uint8 in floating point and rounds once: within 0.501 of 255 of an exact interpolation. (OpenCV 4
rounded the places to 1/32 pixel.) Outside of the stored face its border pixels are repeated.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.draws import Draws
from faceswap_lab.data.warp import Maps, Recipe, control_points, expand, fit, maps, pose

Picture = NDArray[np.uint8]
Triple = tuple[Picture, Picture, Picture]

_AFFINE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # our matrices lead from the output to the stored face


def resample(
    images: Sequence[Picture], masks: Sequence[Picture], draws: Draws, recipe: Recipe, resolution: int
) -> Triple:
    """Warp n stored faces.

    Args:
        images: n arrays (S, S, 3) uint8.
        masks: n arrays (S, S) uint8.
        draws: the random numbers of the n samples.
        recipe: how they are used; ``two_stage`` chooses between one interpolation and the original's two.
        resolution: side r of the output, in pixels.

    Returns:
        input (n, r, r, 3), target (n, r, r, 3) and the mask warped like the target (n, r, r), all uint8.
    """
    size = images[0].shape[0]
    if recipe.two_stage:
        return _twice(images, masks, draws, recipe, resolution)
    return _once(images, masks, maps(draws, recipe, size, resolution), resolution)


def _once(images: Sequence[Picture], masks: Sequence[Picture], places: Maps, resolution: int) -> Triple:
    """Interpolate once, straight from the stored face into the batch.

    Each face is read once, in order, into a hot buffer of four bytes per pixel. Scattered reads of cold memory, and of
    three-byte pixels, made the same warp take twice as long.
    """
    size = (resolution, resolution)
    seen, target, masked = _empty(len(images), resolution)
    face = np.empty((*images[0].shape[:2], 4), np.uint8)
    warped = np.empty((*size, 4), np.uint8)
    for i, (image, mask) in enumerate(zip(images, masks)):
        x, y = places.input[i]
        matrix = places.target[i]
        cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, face)
        cv2.remap(face, x, y, cv2.INTER_LINEAR, warped, cv2.BORDER_REPLICATE)
        cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, seen[i])
        cv2.warpAffine(face, matrix, size, warped, _AFFINE, cv2.BORDER_REPLICATE)
        cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, target[i])
        cv2.warpAffine(mask.copy(), matrix, size, masked[i], _AFFINE, cv2.BORDER_REPLICATE)
    return seen, target, masked


def _twice(
    images: Sequence[Picture], masks: Sequence[Picture], draws: Draws, recipe: Recipe, resolution: int
) -> Triple:
    """Interpolate twice, as in 2018: first the posed picture, then its warp.

    The pictures in between are float64, as there, and that matters: for this type OpenCV 5 still rounds places to 1/32
    pixel, as it did for every type in 2018.

    The one departure: the second interpolation repeats the border too, where the original read black. At the original's
    coverage that would take a control point nearly ten standard deviations away.
    """
    size = images[0].shape[0]
    posing = pose(draws, recipe, size)
    points = control_points(draws, recipe, size)
    grids = expand(points, resolution)
    a, b = fit(points, recipe, resolution)
    seen, target, masked = _empty(len(images), resolution)
    for i, (image, mask) in enumerate(zip(images, masks)):
        back = _similarity(posing.turn[i], posing.offset[i])
        onto = _similarity(1 / a[i], -b[i] / a[i])
        flipped = bool(posing.flipped[i])
        posed = _pose(image, back, flipped)
        x, y = grids[i]
        seen[i] = np.rint(cv2.remap(posed, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        target[i] = np.rint(_affine(posed, onto, resolution))
        masked[i] = np.rint(_affine(_pose(mask, back, flipped), onto, resolution))
    return seen, target, masked


def _pose(picture: Picture, back: NDArray[np.float64], flipped: bool) -> NDArray[np.float64]:
    """Turn, zoom, shift and flip a whole stored picture; float64 in [0, 255]."""
    turned = _affine(picture.astype(np.float64), back, picture.shape[0])
    return turned[:, ::-1].copy() if flipped else turned


def _affine(picture: NDArray[np.float64], matrix: NDArray[np.float64], resolution: int) -> NDArray[np.float64]:
    size = (resolution, resolution)
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=_AFFINE, borderMode=cv2.BORDER_REPLICATE), np.float64)


def _similarity(a: complex, b: complex) -> NDArray[np.float64]:
    """The map ``a·z + b`` as a (2, 3) matrix."""
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _empty(count: int, resolution: int) -> Triple:
    picture = (count, resolution, resolution)
    return np.empty((*picture, 3), np.uint8), np.empty((*picture, 3), np.uint8), np.empty(picture, np.uint8)
