"""The pixels of the warp: faces read at the places that ``faceswap_lab.data.warp`` names, by bilinear interpolation.

OpenCV 5 interpolates uint8 in floating point and rounds once: within 0.501 of 255 of an exact interpolation. (OpenCV 4
rounded the places to 1/32 pixel.) Outside of the stored face its border pixels are repeated.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.draws import Draws
from faceswap_lab.data.warp import Recipe, control_points, expand, onto_target, pose, stored_points

Picture = NDArray[np.uint8]
Triple = tuple[Picture, Picture, Picture]

_AFFINE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # our matrices lead from the output to the stored face


def resample(faces: Sequence[Picture], draws: Draws, recipe: Recipe, resolution: int) -> Triple:
    """Warp n stored faces.

    Args:
        faces: n arrays (S, S, 4) uint8, RGB and mask.
        draws: the random numbers of the n samples.
        recipe: how they are used; ``two_stage`` chooses between one interpolation and the original's two.
        resolution: side r of the output, in pixels.

    Returns:
        input (n, r, r, 3), target (n, r, r, 3) and the mask warped like the target (n, r, r), all uint8.
    """
    size = faces[0].shape[0]
    if recipe.two_stage:
        return _twice(faces, draws, recipe, resolution)
    points, target = stored_points(draws, recipe, size, resolution)
    return _once(faces, expand(points, resolution, recipe.share), target, resolution)


def _once(faces: Sequence[Picture], places: NDArray[np.float32], onto: NDArray[np.float64], resolution: int) -> Triple:
    """Interpolate once, straight from the stored face into the batch; the mask comes along as a fourth colour.

    ``places`` (n, 2, r, r) is where each pixel of the inputs lies in the stored faces, x and y; ``onto`` (n, 2, 3) the
    affine maps of the targets' pixels.

    Each face is first copied, as far as it is needed, into one buffer that stays in the processor's cache. Scattered
    reads of cold memory made the same warp take twice as long.
    """
    size = (resolution, resolution)
    seen, target, masked = _empty(len(faces), resolution)
    hot = np.empty_like(faces[0])
    warped = np.empty((*size, 4), np.uint8)
    rows = _rows(places, onto, faces[0].shape[0])
    for i, (face, (top, bottom)) in enumerate(zip(faces, rows)):
        x, y = places[i]
        np.copyto(hot[top:bottom], face[top:bottom])
        cv2.remap(hot, x, y, cv2.INTER_LINEAR, warped, cv2.BORDER_REPLICATE)
        cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, seen[i])
        cv2.warpAffine(hot, onto[i], size, warped, _AFFINE, cv2.BORDER_REPLICATE)
        cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, target[i])
        cv2.extractChannel(warped, 3, masked[i])
    return seen, target, masked


def _rows(places: NDArray[np.float32], onto: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """Return which rows of its stored face each sample reads: (n, 2), from the first to before the last.

    A pixel is made of the two rows around it, and of the border's row where it lies outside.
    """
    r = places.shape[-1] - 1
    edges = onto[:, 1] @ np.array([[0, r, 0, r], [0, 0, r, r], [1, 1, 1, 1]])  # y of the target's corners
    input_y = places[:, 1]
    top = np.minimum(input_y.min((1, 2)), edges.min(1))
    bottom = np.maximum(input_y.max((1, 2)), edges.max(1))
    spare = 1  # for what OpenCV rounds on its way to a place
    first = np.floor(top).astype(np.int64) - spare
    last = np.floor(bottom).astype(np.int64) + 1 + spare
    return np.stack([first.clip(0, size - 1), last.clip(0, size - 1) + 1], axis=1)


def _twice(faces: Sequence[Picture], draws: Draws, recipe: Recipe, resolution: int) -> Triple:
    """Interpolate twice, as in 2018: first the posed picture, then its warp.

    The pictures in between are float64, as there, and that matters: for this type OpenCV 5 still rounds places to 1/32
    pixel, as it did for every type in 2018.

    The one departure: the second interpolation repeats the border too, where the original read black. At the original's
    coverage that would take a control point nearly ten standard deviations away.
    """
    size = faces[0].shape[0]
    posing = pose(draws, recipe, size)
    points = control_points(draws, recipe, size)
    grids = expand(points, resolution, recipe.share)
    a, b = onto_target(points, recipe, size, resolution)
    seen, target, masked = _empty(len(faces), resolution)
    for i, face in enumerate(faces):
        back = _similarity(posing.turn[i], posing.offset[i])
        onto = _similarity(1 / a[i], -b[i] / a[i])
        flipped = bool(posing.flipped[i])
        posed = _pose(face, back, flipped)
        x, y = grids[i]
        seen[i] = np.rint(cv2.remap(posed[..., :3].copy(), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        warped = np.rint(_affine(posed, onto, resolution))
        target[i], masked[i] = warped[..., :3], warped[..., 3]
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
