from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.draws import draw
from faceswap_lab.data.warp import Recipe, control_points, expand, fit, maps
from tests.data import recipe_2018
from tests.data.recipes import NONE, WARP_2018, any_recipe

PIXELS = np.stack(np.meshgrid(np.arange(64), np.arange(64)))


def target_places(matrix, resolution):
    pixels = np.stack(np.meshgrid(np.arange(resolution), np.arange(resolution)))
    return np.einsum("ij,jkl->ikl", matrix[:, :2], pixels) + matrix[:, 2, None, None]


@settings(max_examples=60)
@given(any_recipe, st.integers(0, 10**6), st.sampled_from([64, 100, 256, 512]), st.sampled_from([32, 64, 128]))
def test_maps_equal_the_recipe_done_step_by_step(recipe, first, size, resolution):
    draws = draw(0, "A", first, 3)
    ours = maps(draws, recipe, size, resolution)
    for i in range(3):
        seen, target = recipe_2018.stored_places(draws, i, recipe, size, resolution)
        # cv2.resize of the reference weighs in float32
        np.testing.assert_allclose(ours.input[i], seen, atol=1e-6 * size)
        np.testing.assert_allclose(target_places(ours.target[i], resolution), target, atol=1e-9 * size)


def test_2018_puts_the_target_half_an_output_pixel_before_the_input():
    still = Recipe("still", 0, 0, 0, 0, 0, 160 / 256, misaligned=True, two_stage=False)
    places = maps(draw(0, "A", 0, 1), still, 256, 64)
    np.testing.assert_array_equal(places.input[0], 49.25 + 2.5 * PIXELS)
    np.testing.assert_allclose(places.target[0], [[2.5, 0, 48], [0, 2.5, 48]], atol=1e-12)


def test_aligned_puts_both_on_the_centre():
    places = maps(draw(0, "A", 0, 1), NONE, 256, 64)
    np.testing.assert_array_equal(places.input[0], 48.75 + 2.5 * PIXELS)
    np.testing.assert_allclose(places.target[0], [[2.5, 0, 48.75], [0, 2.5, 48.75]], atol=1e-12)


@given(any_recipe, st.sampled_from([64, 128]))
def test_lengths_scale_with_the_stored_size(recipe, size):
    """At twice the stored size every place, counted from the picture's edge, lies twice as far."""
    aligned = replace(recipe, misaligned=False)  # the 2018 pivot is half a stored pixel off the centre at any size
    draws = draw(0, "B", 7, 2)
    small, large = (maps(draws, aligned, s, 32).input.astype(np.float64) for s in (size, 2 * size))
    np.testing.assert_allclose(2 * (small + 0.5), large + 0.5, atol=5e-6 * size)


def test_expansion_of_a_regular_grid_is_regular():
    axis = np.linspace(0, 32, 5)
    places = expand((axis + 1j * axis[:, None])[None], 32)[0]
    np.testing.assert_allclose(places, np.stack(np.meshgrid(np.arange(32), np.arange(32))) + 0.5, atol=1e-6)


@given(st.floats(0.1, 10), st.floats(-3, 3), st.floats(-100, 100), st.floats(-100, 100))
def test_fit_finds_the_similarity_that_moved_the_grid(scale, angle, dx, dy):
    regular = np.linspace(0, 64, 5) + 1j * np.linspace(0, 64, 5)[:, None]
    a, b = scale * np.exp(1j * angle), dx + 1j * dy
    found_a, found_b = fit((regular[None] - b) / a, WARP_2018, 64)
    np.testing.assert_allclose([found_a[0], found_b[0]], [a, b], rtol=1e-9, atol=1e-9)


def test_jitter_has_the_recipes_spread():
    draws = draw(0, "A", 0, 2000)
    axis = np.linspace(48, 208, 5)
    moved = control_points(draws, WARP_2018, 256) - (axis + 1j * axis[:, None])
    np.testing.assert_allclose([moved.real.std(), moved.imag.std()], 5, rtol=0.02)
    np.testing.assert_allclose([moved.real.mean(), moved.imag.mean()], 0, atol=0.1)
