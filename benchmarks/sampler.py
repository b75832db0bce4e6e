"""128 samples of 64 px from 256 px faces: input, target and mask, of faces that no cache holds; and how exact they are.

The references: the 2018 recipe step by step on float64 pictures, as it was; the same on uint8; and albumentations'
Affine and HorizontalFlip followed by the same warp as a custom transform.
"""

import itertools

import cv2
import numpy as np

from benchmarks.configurations import smooth_pictures
from benchmarks.exactness import exact_sample
from benchmarks.figures import Figure, Goal, times_faster
from benchmarks.measure import Spread, interleaved, timed
from benchmarks.recipe_2018 import RESOLUTION, SIZE, Chance, chance, step_by_step, with_albumentations
from faceswap_lab.data.draws import draw, shown
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.warp import Recipe
from faceswap_lab.training.device.memory import keep_freed_memory

COUNT, FACES, SEED, ROUNDS = 128, 1000, 0, 21
WARP_2018 = Recipe("warp_2018", 10, 0.05, 0.05, 0.4, 5, 160 / 256, misaligned=True, two_stage=False)
ORIGINAL, ON_BYTES, LIBRARY = "step by step, float64 (2018)", "step by step, uint8", "albumentations 2.0.8"


def figures() -> list[Figure]:
    cv2.setNumThreads(0)
    keep_freed_memory()  # as every process that trains does; else whoever comes after a rival pays for its freed memory
    works = rivals(*smooth_pictures(FACES, SIZE))
    seconds = interleaved({name: timed(work) for name, work in works.items()}, ROUNDS)
    what = f"sampling {COUNT} × {RESOLUTION} px"
    return [
        times_faster(what, seconds, ORIGINAL, Goal(14)),
        times_faster(what, seconds, LIBRARY, Goal(14)),
        times_faster(what, seconds, ON_BYTES),
        exactness(),
    ]


def rivals(images, masks):
    """Return the works by name. Ours reads faces as the lab keeps them, the others the pictures and masks as given."""
    rng, firsts = np.random.default_rng(SEED), itertools.count(0, COUNT)
    ours, library = (
        SideSampler(Faces.joined(images, masks), WARP_2018, RESOLUTION, SEED, "A"),
        with_albumentations(SEED),
    )

    def chosen():
        return [(images[i], masks[i]) for i in rng.integers(0, len(images), COUNT)]

    return {
        "ours": lambda: ours.batch(next(firsts), COUNT),
        ORIGINAL: lambda: stacked(step_by_step(i / 255.0, m / 255.0, chance(rng)) for i, m in chosen()),
        ON_BYTES: lambda: stacked(step_by_step(i, m, chance(rng)) for i, m in chosen()),
        LIBRARY: lambda: stacked(library(image=i, mask=m).values() for i, m in chosen()),
    }


def stacked(samples):
    return [np.stack(pictures) for pictures in zip(*samples)]


def exactness(count: int = COUNT) -> Figure:
    """Return the largest difference of any pixel from the exact answer, on noise: the steepest pictures there are."""
    rng = np.random.default_rng(SEED)
    images = rng.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    faces = Faces.joined(images, rng.integers(0, 256, (count, SIZE, SIZE), dtype=np.uint8))
    made = SideSampler(faces, WARP_2018, RESOLUTION, SEED, "A").batch(0, count)
    worst = 0.0
    for i, (face, drawn) in enumerate(zip(shown(SEED, "A", 0, count, count), chances(0, count))):
        exact = exact_sample(faces.images[face], faces.masks[face], drawn, RESOLUTION)
        worst = max(worst, *(abs(a - b[i]).max() for a, b in zip(exact, (made.input, made.target, made.mask))))
    return Figure(
        f"exactness of {count} samples of noise",
        "the worst pixel",
        "one interpolation in float64",
        Spread.of([float(worst)]),
        "of 255",
        Goal(0.51, at_least=False),
    )


def chances(first, count):
    """Return what is random about our samples, in the units of the 2018 recipe."""
    d = draw(SEED, "A", first, count)
    return [
        Chance(10 * d.rotation[i], 1 + 0.05 * d.zoom[i], 0.05 * SIZE * d.shift[i], d.flip[i] < 0.4, 5 * d.jitter[i])
        for i in range(count)
    ]
