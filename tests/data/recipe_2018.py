"""The 2018 recipe one step at a time, as an independent reference: matrices and SVD where ours has complex numbers."""

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from faceswap_lab.data.draws import Draws
from faceswap_lab.data.warp import Recipe


def pose_matrix(draws: Draws, i: int, recipe: Recipe, size: int) -> np.ndarray:
    """(3, 3): stored face to turned picture."""
    pivot = (size // 2,) * 2 if recipe.misaligned else ((size - 1) / 2,) * 2
    angle, scale = recipe.rotation * draws.rotation[i], 1 + recipe.zoom * draws.zoom[i]
    matrix = cv2.getRotationMatrix2D(pivot, angle, scale)
    matrix[:, 2] += recipe.shift * size * draws.shift[i]
    return np.vstack([matrix, [0, 0, 1]])


def grid(draws: Draws, i: int, recipe: Recipe, size: int) -> tuple[np.ndarray, np.ndarray]:
    """x, y of the jittered control points, (5, 5) each, in the turned and flipped picture."""
    centre = size // 2 if recipe.misaligned else (size - 1) / 2
    half = recipe.coverage * size / 2
    x = np.broadcast_to(np.linspace(centre - half, centre + half, 5), (5, 5))
    return tuple(plane + draws.jitter[i][k] * recipe.jitter * size / 256 for k, plane in enumerate((x, x.T)))


def grown(plane: np.ndarray, resolution: int) -> np.ndarray:
    edge = resolution // 8
    return cv2.resize(plane, (5 * resolution // 4,) * 2)[edge : edge + resolution, edge : edge + resolution]


def umeyama(source: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """(3, 3) similarity from source (n, 2) to goal (n, 2): equations 34 to 43 of Umeyama 1991."""
    source_mean, goal_mean = source.mean(0), goal.mean(0)
    covariance = (goal - goal_mean).T @ (source - source_mean) / len(source)
    u, singular, vt = np.linalg.svd(covariance)
    signs = np.array([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(signs) @ vt
    scale = (singular * signs).sum() / source.var(0).sum()
    matrix = np.eye(3)
    matrix[:2, :2] = scale * rotation
    matrix[:2, 2] = goal_mean - scale * rotation @ source_mean
    return matrix


def target_matrix(x: np.ndarray, y: np.ndarray, recipe: Recipe, resolution: int) -> np.ndarray:
    """(3, 3): turned and flipped picture to target."""
    axis = np.arange(5) * resolution / 4 - (0 if recipe.misaligned else 0.5)
    goal = np.array([(gx, gy) for gy in axis for gx in axis])
    return umeyama(np.stack([x.ravel(), y.ravel()], axis=1), goal)


def stored_places(draws: Draws, i: int, recipe: Recipe, size: int, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of input and target of sample i lie in the stored face: (2, r, r) float64 each, x then y."""
    x, y = grid(draws, i, recipe, size)
    seen = np.stack([grown(x, resolution), grown(y, resolution)])
    columns, rows = np.meshgrid(np.arange(resolution), np.arange(resolution))
    pixels = np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1)
    target = (np.linalg.inv(target_matrix(x, y, recipe, resolution)) @ pixels)[:2].reshape(2, resolution, resolution)
    back = np.linalg.inv(pose_matrix(draws, i, recipe, size))
    return tuple(_unposed(places, back, draws.flip[i] < recipe.flip, size) for places in (seen, target))


def _unposed(places: np.ndarray, back: np.ndarray, flipped: bool, size: int) -> np.ndarray:
    x, y = places
    if flipped:
        x = size - 1 - x
    return np.einsum("ij,jkl->ikl", back, np.stack([x, y, np.ones_like(x)]))[:2]


def interpolated(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Exact bilinear interpolation in float64, borders repeated; image (S, S) or (S, S, 3) of any type."""
    planes = np.atleast_3d(image).astype(np.float64)
    coordinates = places[::-1]  # map_coordinates counts rows first
    channels = [map_coordinates(planes[..., c], coordinates, order=1, mode="nearest") for c in range(planes.shape[2])]
    return np.stack(channels, axis=-1).reshape(*places.shape[1:], *image.shape[2:])


def original_pixels(image: np.ndarray, draws: Draws, i: int, recipe: Recipe, resolution: int) -> tuple:
    """Input and target of sample i with the very OpenCV calls of 2018, on a picture in float64 as there."""
    size = len(image)
    turned = cv2.warpAffine(
        image.astype(np.float64),
        pose_matrix(draws, i, recipe, size)[:2],
        (size, size),
        borderMode=cv2.BORDER_REPLICATE,
    )
    if draws.flip[i] < recipe.flip:
        turned = np.ascontiguousarray(turned[:, ::-1])
    x, y = grid(draws, i, recipe, size)
    x_map, y_map = (grown(plane, resolution).astype(np.float32) for plane in (x, y))
    seen = cv2.remap(turned, x_map, y_map, cv2.INTER_LINEAR)
    target = cv2.warpAffine(turned, target_matrix(x, y, recipe, resolution)[:2], (resolution, resolution))
    return seen, target
