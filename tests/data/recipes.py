"""Recipes and faces that the tests of this room share."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from faceswap_lab.data.draws import Draws
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.warp import Recipe, expand, stored_points

WARP_2018 = Recipe(
    name="warp_2018",
    rotation=10,
    zoom=0.05,
    shift=0.05,
    flip=0.4,
    jitter=5,
    coverage=160 / 256,
    misaligned=True,
    two_stage=False,
)
WARP_ALIGNED = replace(WARP_2018, name="warp_aligned", misaligned=False)
NONE = Recipe(
    "none", rotation=0, zoom=0, shift=0, flip=0, jitter=0, coverage=160 / 256, misaligned=False, two_stage=False
)

any_recipe = st.builds(
    Recipe,
    name=st.just("any"),
    rotation=st.floats(0, 90),
    zoom=st.floats(0, 0.5),
    shift=st.floats(0, 0.3),
    flip=st.sampled_from([0.0, 0.4, 1.0]),
    jitter=st.floats(0, 8),
    coverage=st.floats(0.4, 1.0),
    misaligned=st.booleans(),
    two_stage=st.just(False),
)


class Maps(NamedTuple):
    """Where each pixel of n samples lies in the stored faces.

    Attributes:
        input: (n, 2, r, r): x, then y, of every pixel of the input.
        target: (n, 2, 3): the affine map from the target's (x, y, 1) to the stored (x, y).
    """

    input: np.ndarray
    target: np.ndarray


def write_faces(folder: Path, count: int, seed: int, side: int = 40) -> list[Path]:
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:03}.png" for index in range(count)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(path)
    return paths


def maps(draws: Draws, recipe: Recipe, size: int, resolution: int) -> Maps:
    points, target = stored_points(draws, recipe, size, resolution)
    return Maps(expand(points, resolution, recipe.share), target)


def noise_faces(count: int, size: int, seed: int = 0) -> Faces:
    """White noise: the steepest pictures there are, so that a misplaced pixel shows."""
    rng = np.random.default_rng(seed)
    return Faces.joined(
        images=rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8),
        masks=rng.integers(0, 256, (count, size, size), dtype=np.uint8),
    )
