"""CPU time of 128 samples at 64 px from 256 px faces, one thread: ours beside what one would write without us.

    python benchmarks/sampler.py

The rounds are interleaved and medians are compared, so that a busy machine slows all alike. All make input, target and
mask, of faces that no cache holds. The references: the 2018 recipe step by step on float64 pictures, as it was; the
same on uint8; and albumentations' Affine and HorizontalFlip followed by the same warp as a custom transform.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NO_ALBUMENTATIONS_UPDATE="1")

import itertools
import platform
import statistics
import time

import albumentations
import cv2
import numpy as np

from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.warp import Recipe

COUNT, SIZE, RESOLUTION, ROUNDS = 128, 256, 64, 7
WARP_2018 = Recipe("warp_2018", 10, 0.05, 0.05, 0.4, 5, 160 / 256, misaligned=True, two_stage=False)
PIXELS = (RESOLUTION, RESOLUTION)
REGULAR = np.stack(np.meshgrid(np.arange(0, 65, 16), np.arange(0, 65, 16)), axis=-1).reshape(-1, 2)


def smooth_faces(count):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    images = np.stack([cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for face in coarse])
    masks = np.zeros((count, SIZE, SIZE), np.uint8)
    masks[:, 40:216, 60:196] = 255
    return Faces.joined(images, masks)


def similarity(source, goal):
    """Umeyama's fit by singular values, (2, 3)."""
    source_mean, goal_mean = source.mean(0), goal.mean(0)
    u, singular, vt = np.linalg.svd((goal - goal_mean).T @ (source - source_mean) / len(source))
    signs = np.array([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = (singular * signs).sum() / source.var(0).sum() * (u * signs) @ vt
    return np.column_stack([turn, goal_mean - turn @ source_mean])


def random_warp(image, mask, rng):
    axis = np.broadcast_to(np.linspace(48, 208, 5), (5, 5))
    x, y = axis + rng.normal(0, 5, (5, 5)), axis.T + rng.normal(0, 5, (5, 5))
    x_map, y_map = (cv2.resize(plane, (80, 80))[8:72, 8:72].astype(np.float32) for plane in (x, y))
    matrix = similarity(np.stack([x.ravel(), y.ravel()], axis=1), REGULAR)
    seen = cv2.remap(image, x_map, y_map, cv2.INTER_LINEAR)
    return seen, cv2.warpAffine(image, matrix, PIXELS), cv2.warpAffine(mask, matrix, PIXELS)


def step_by_step(image, mask, rng):
    matrix = cv2.getRotationMatrix2D((SIZE // 2, SIZE // 2), rng.uniform(-10, 10), rng.uniform(0.95, 1.05))
    matrix[:, 2] += rng.uniform(-0.05, 0.05, 2) * SIZE
    image, mask = (
        cv2.warpAffine(picture, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE) for picture in (image, mask)
    )
    if rng.random() < 0.4:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return random_warp(image, mask, rng)


class RandomWarp(albumentations.DualTransform):
    """The warp as a person would add it to albumentations: input and target side by side in the image's channels."""

    def get_params(self):
        axis = np.broadcast_to(np.linspace(48, 208, 5), (5, 5))
        rng = self.random_generator
        x, y = axis + rng.normal(0, 5, (5, 5)), axis.T + rng.normal(0, 5, (5, 5))
        x_map, y_map = (cv2.resize(plane, (80, 80))[8:72, 8:72].astype(np.float32) for plane in (x, y))
        return {
            "x_map": x_map,
            "y_map": y_map,
            "matrix": similarity(np.stack([x.ravel(), y.ravel()], axis=1), REGULAR),
        }

    def apply(self, img, x_map, y_map, matrix, **params):
        return np.dstack([cv2.remap(img, x_map, y_map, cv2.INTER_LINEAR), cv2.warpAffine(img, matrix, PIXELS)])

    def apply_to_mask(self, mask, x_map, y_map, matrix, **params):
        return cv2.warpAffine(mask, matrix, PIXELS)


def stacked(samples):
    return [np.stack(pictures) for pictures in zip(*samples)]


def contestants(faces):
    rng = np.random.default_rng(0)
    firsts = itertools.count(0, COUNT)
    ours = SideSampler(faces, WARP_2018, RESOLUTION, 0, "A")
    library = albumentations.Compose(
        [
            albumentations.Affine(
                rotate=(-10, 10),
                scale=(0.95, 1.05),
                translate_percent=(-0.05, 0.05),
                border_mode=cv2.BORDER_REPLICATE,
                p=1,
            ),
            albumentations.HorizontalFlip(p=0.4),
            RandomWarp(p=1),
        ],
        seed=0,
    )

    def chosen():
        return [(faces.images[i], faces.masks[i]) for i in rng.integers(0, len(faces), COUNT)]

    return {
        "ours": lambda: ours.batch(next(firsts), COUNT),
        "step by step, float64 (2018)": lambda: stacked(step_by_step(i / 255.0, m / 255.0, rng) for i, m in chosen()),
        "step by step, uint8": lambda: stacked(step_by_step(i, m, rng) for i, m in chosen()),
        "albumentations": lambda: stacked(library(image=i, mask=m).values() for i, m in chosen()),
    }


def main():
    cv2.setNumThreads(0)
    rivals = contestants(smooth_faces(1000))
    seconds = {name: [] for name in rivals}
    for _ in range(ROUNDS + 1):
        for name, make in rivals.items():
            start = time.process_time()
            make()
            seconds[name].append(time.process_time() - start)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}  # the first round warms up
    versions = f"opencv {cv2.__version__}, numpy {np.__version__}, albumentations {albumentations.__version__}"
    print(f"{COUNT} samples, {SIZE} -> {RESOLUTION} px, median of {ROUNDS}; {versions}; {platform.machine()}")
    for name, median in medians.items():
        print(f"{name:30s} {1e3 * median:7.1f} ms CPU   {median / medians['ours']:5.1f} x ours")


if __name__ == "__main__":
    main()
