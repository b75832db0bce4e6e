from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.stats import truncnorm

from faceswap_lab.data.draws import draw, jitter_in_cells
from faceswap_lab.data.warp import Recipe, control_points, expand, fit
from tests.data import recipe_2018
from tests.data.recipes import NONE, WARP_2018, any_recipe, maps

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


@settings(max_examples=30)
@given(any_recipe, st.integers(0, 10**6), st.floats(1, 2.5), st.booleans())
def test_a_grid_wider_than_the_crop_is_the_warp_of_all_it_spans_cut(recipe, first, wider, fitted):
    """scipy's interpolation between the nodes, at the crop's pixels; and a target that no jitter moves."""
    wide = replace(recipe, grid=recipe.coverage * wider, fitted=fitted)
    draws = draw(0, "A", first, 2)
    size, r = 128, 32
    points = control_points(draws, wide, size)
    ours = expand(points, r, wide.share)
    axis = np.linspace(-0.5, 0.5, 5) * wide.grid * size
    pixels = ((np.arange(r) + 0.5) / r - 0.5) * recipe.coverage * size
    where = np.stack(np.meshgrid(pixels, pixels, indexing="ij"), axis=-1)
    for i in range(2):
        for plane, got in zip((points[i].real, points[i].imag), ours[i]):
            due = RegularGridInterpolator((axis, axis), plane, bounds_error=False, fill_value=None)(where)
            np.testing.assert_allclose(got, due, atol=1e-4)
    still = maps(draws, replace(wide, jitter=0), size, r).target
    if not fitted:
        np.testing.assert_array_equal(maps(draws, wide, size, r).target, still)
    np.testing.assert_allclose(still, maps(draws, replace(recipe, jitter=0), size, r).target, atol=1e-9 * size)


def test_a_grid_as_wide_as_the_crop_changes_no_bit():
    draws = draw(0, "A", 0, 5)
    for grid in (None, WARP_2018.coverage):
        again = maps(draws, replace(WARP_2018, grid=grid), 256, 64)
        assert np.array_equal(again.input, maps(draws, WARP_2018, 256, 64).input)
        assert np.array_equal(again.target, maps(draws, WARP_2018, 256, 64).target)


def test_cells_move_the_pixels_between_their_nodes_and_leave_the_edge():
    r = 64
    jitter = jitter_in_cells(3, "A", 0, 60)
    moved = np.stack([expand(plane + 0j, r)[:, 0] for plane in jitter.swapaxes(0, 1)], axis=1)
    axis = (np.arange(r) + 0.5) / r
    pixels = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    seen = set()
    for sample, got in zip(jitter, moved):
        fitting = (c for c in (2, 4, 8) if np.allclose(sample, between(sample[:, :: 8 // c, :: 8 // c]), atol=1e-12))
        cells = next(fitting)
        nodes = sample[:, :: 8 // cells, :: 8 // cells]
        assert abs(nodes).max() <= 5 / cells  # the sum of two
        np.testing.assert_array_equal(nodes[0], nodes[1].T)  # its mapy is a view of mapx
        assert not nodes[:, [0, -1]].any()
        assert not nodes[..., [0, -1]].any()
        places = np.linspace(0, 1, cells + 1)
        for plane, due in zip(got, nodes):
            np.testing.assert_allclose(plane, RegularGridInterpolator((places, places), due)(pixels), atol=1e-6)
        seen.add(cells)
    assert seen == {2, 4, 8}


def between(nodes):
    """Return the finest grid's points on the cells of a coarser one."""
    axis = np.linspace(0, 1, nodes.shape[-1])
    fine = np.stack(np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9), indexing="ij"), axis=-1)
    return np.stack([RegularGridInterpolator((axis, axis), plane)(fine) for plane in nodes])


def test_cells_have_the_spread_that_was_said_and_do_not_depend_on_the_batch():
    jitter = jitter_in_cells(0, "B", 0, 3_000)
    coarse = jitter[abs(jitter - np.stack([between(j[:, ::4, ::4]) for j in jitter])).max((1, 2, 3)) < 1e-12]
    assert 0.3 < len(coarse) / len(jitter) < 0.37
    middle = 2 * coarse[:, :, 4, 4]
    assert 2.5 < abs(middle).max() <= 5
    np.testing.assert_allclose(middle.std(), 2**0.5 * truncnorm(-2.5, 2.5).std(), rtol=0.05)
    np.testing.assert_array_equal(jitter[700:710], jitter_in_cells(0, "B", 700, 10))
    assert (jitter[:10] != jitter_in_cells(1, "B", 0, 10)).any()
    assert (jitter[:10] != jitter_in_cells(0, "A", 0, 10)).any()
