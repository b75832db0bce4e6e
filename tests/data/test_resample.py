from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.draws import draw
from faceswap_lab.data.resample import resample
from tests.data import recipe_2018
from tests.data.recipes import NONE, WARP_2018, WARP_ALIGNED, any_recipe, noise_faces

ROUNDED = 0.51  # of 255: half a level for rounding, and a hundredth for float32
FACES = {size: noise_faces(2, size) for size in (64, 128, 256)}


def warped(recipe, size, resolution, first=0):
    faces = FACES[size]
    draws = draw(0, "A", first, len(faces))
    return faces, draws, resample(list(faces.pixels), draws, recipe, resolution)


@settings(max_examples=40)
@given(any_recipe, st.integers(0, 10**6), st.sampled_from([64, 128, 256]), st.sampled_from([32, 64]))
def test_one_interpolation_is_exact_to_rounding(recipe, first, size, resolution):
    faces, draws, (seen, target, mask) = warped(recipe, size, resolution, first)
    for i in range(len(faces)):
        seen_at, target_at = recipe_2018.stored_places(draws, i, recipe, size, resolution)
        assert np.abs(seen[i] - recipe_2018.interpolated(faces.images[i], seen_at)).max() <= ROUNDED
        assert np.abs(target[i] - recipe_2018.interpolated(faces.images[i], target_at)).max() <= ROUNDED
        assert np.abs(mask[i] - recipe_2018.interpolated(faces.masks[i], target_at)).max() <= ROUNDED


@pytest.mark.parametrize("recipe", [WARP_2018, WARP_ALIGNED])
@pytest.mark.parametrize("resolution", [32, 64])
def test_two_stages_give_the_originals_pixels(recipe, resolution):
    size = 4 * resolution
    for first in range(0, 20, 2):
        faces, draws, (seen, target, mask) = warped(replace(recipe, two_stage=True), size, resolution, first)
        for i in range(len(faces)):
            original = recipe_2018.original_pixels(faces.images[i], draws, i, recipe, resolution)
            assert np.abs(seen[i] - original[0]).max() <= ROUNDED
            assert np.abs(target[i] - original[1]).max() <= ROUNDED
            masked = recipe_2018.original_pixels(faces.masks[i], draws, i, recipe, resolution)[1]
            assert np.abs(mask[i] - masked).max() <= ROUNDED


def test_two_stages_are_softer():
    _, _, (_, once, _) = warped(WARP_2018, 256, 64)
    _, _, (_, twice, _) = warped(replace(WARP_2018, two_stage=True), 256, 64)
    assert twice.std() < 0.9 * once.std()


def test_without_warp_input_and_target_are_the_same_picture():
    _, _, (seen, target, _) = warped(NONE, 256, 64)
    assert np.abs(seen.astype(int) - target).max() <= 1  # two OpenCV functions round a tie each its own way


@pytest.mark.parametrize("two_stage", [False, True])
def test_a_flip_mirrors_input_target_and_mask(two_stage):
    upright = replace(NONE, two_stage=two_stage)
    _, _, straight = warped(upright, 256, 64)
    _, _, mirrored = warped(replace(upright, flip=1), 256, 64)
    for a, b in zip(straight, mirrored):
        assert np.abs(a.astype(int) - b[:, :, ::-1]).max() <= 1
        assert (a != b).any()
