"""The 2018 recipe for one sample as people write it: step by step, and as transforms of albumentations."""

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # or importing it asks the network for a newer version

from dataclasses import dataclass

import albumentations
import cv2
import numpy as np

SIZE, RESOLUTION = 256, 64
PIXELS = (RESOLUTION, RESOLUTION)
REGULAR = np.stack(np.meshgrid(np.arange(0, 65, 16), np.arange(0, 65, 16)), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Chance:
    """What is random about a sample.

    Attributes:
        rotation: degrees.
        zoom: factor.
        shift: (2,) x, y in pixels.
        flip: whether to mirror.
        jitter: (2, 5, 5) pixels, x then y of the grid's points.
    """

    rotation: float
    zoom: float
    shift: np.ndarray
    flip: bool
    jitter: np.ndarray


def chance(rng):
    return Chance(
        rotation=rng.uniform(-10, 10),
        zoom=rng.uniform(0.95, 1.05),
        shift=rng.uniform(-0.05, 0.05, 2) * SIZE,
        flip=rng.random() < 0.4,
        jitter=rng.normal(0, 5, (2, 5, 5)),
    )


def step_by_step(image, mask, drawn):
    """Return input, target and mask, (64, 64, …) each, of a face (256, 256, 3) and its mask of the same type."""
    matrix = cv2.getRotationMatrix2D((SIZE // 2, SIZE // 2), drawn.rotation, drawn.zoom)
    matrix[:, 2] += drawn.shift
    image, mask = (
        cv2.warpAffine(picture, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE) for picture in (image, mask)
    )
    if drawn.flip:
        image, mask = image[:, ::-1], mask[:, ::-1]
    x_map, y_map, matrix = random_warp(drawn.jitter)
    seen = cv2.remap(image, x_map, y_map, cv2.INTER_LINEAR)
    return seen, cv2.warpAffine(image, matrix, PIXELS), cv2.warpAffine(mask, matrix, PIXELS)


def random_warp(jitter):
    """Return where the input's pixels lie, (64, 64) x and y, and the (2, 3) matrix that makes the target."""
    axis = np.broadcast_to(np.linspace(48, 208, 5), (5, 5))
    x, y = axis + jitter[0], axis.T + jitter[1]
    x_map, y_map = (cv2.resize(plane, (80, 80))[8:72, 8:72].astype(np.float32) for plane in (x, y))
    return x_map, y_map, similarity(np.stack([x.ravel(), y.ravel()], axis=1), REGULAR)


def similarity(source, goal):
    """Return Umeyama's fit by singular values, (2, 3)."""
    source_mean, goal_mean = source.mean(0), goal.mean(0)
    u, singular, vt = np.linalg.svd((goal - goal_mean).T @ (source - source_mean) / len(source))
    signs = np.array([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = (singular * signs).sum() / source.var(0).sum() * (u * signs) @ vt
    return np.column_stack([turn, goal_mean - turn @ source_mean])


class RandomWarp(albumentations.DualTransform):
    """The warp as a person would add it to albumentations: input and target side by side in the image's channels."""

    def get_params(self):
        x_map, y_map, matrix = random_warp(self.random_generator.normal(0, 5, (2, 5, 5)))
        return {"x_map": x_map, "y_map": y_map, "matrix": matrix}

    def apply(self, img, x_map, y_map, matrix, **params):
        return np.dstack([cv2.remap(img, x_map, y_map, cv2.INTER_LINEAR), cv2.warpAffine(img, matrix, PIXELS)])

    def apply_to_mask(self, mask, x_map, y_map, matrix, **params):
        return cv2.warpAffine(mask, matrix, PIXELS)


def with_albumentations(seed):
    """Return a function of ``image`` and ``mask`` (uint8) that makes one sample."""
    affine = albumentations.Affine(
        rotate=(-10, 10),
        scale=(0.95, 1.05),
        translate_percent={"x": (-0.05, 0.05), "y": (-0.05, 0.05)},
        border_mode=cv2.BORDER_REPLICATE,
        p=1,
        keep_ratio=True,
    )
    return albumentations.Compose([affine, albumentations.HorizontalFlip(p=0.4), RandomWarp(p=1)], seed=seed)
