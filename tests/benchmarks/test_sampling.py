"""The sampler's references make the same samples as ours: exactly where they take our draws, else on average."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from benchmarks.exactness import bilinear, exact_sample
from benchmarks.recipe_2018 import RESOLUTION, SIZE, step_by_step, with_albumentations
from benchmarks.sampler import SEED, WARP_2018, chances, exactness
from faceswap_lab.data.draws import draw, shown
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler
from tests.data.recipe_2018 import interpolated, stored_places
from tests.data.recipes import noise_faces

COUNT = 12


def test_bilinear_interpolation_is_scipys():
    rng = np.random.default_rng(0)
    picture, places = rng.random((9, 7)), rng.uniform(-3, 12, (2, 50))
    expected = map_coordinates(picture, places, order=1, mode="nearest")
    np.testing.assert_allclose(bilinear(picture, *places[::-1]), expected)
    np.testing.assert_allclose(bilinear(np.dstack([picture, 2 * picture]), *places[::-1])[:, 1], 2 * expected)


def test_the_exact_sample_is_that_of_the_tests_own_reference():
    faces, draws = noise_faces(COUNT, SIZE), draw(SEED, "A", 0, COUNT)
    assert len({bool(flip) for flip in draws.flip < WARP_2018.flip}) == 2
    for i, drawn in enumerate(chances(0, COUNT)):
        seen, target = stored_places(draws, i, WARP_2018, SIZE, RESOLUTION)
        image, mask = faces.images[i], faces.masks[i]
        expected = interpolated(image, seen), interpolated(image, target), interpolated(mask, target)
        for made, right in zip(exact_sample(image, mask, drawn, RESOLUTION), expected, strict=True):
            np.testing.assert_allclose(made, right, atol=1e-6)


def test_exactness_is_at_least_the_error_of_rounding():
    assert 0.49 < exactness(COUNT).value.median <= 0.51


def test_step_by_step_is_our_two_stage_option():
    faces = noise_faces(COUNT, SIZE)
    made = SideSampler(faces, replace(WARP_2018, two_stage=True), RESOLUTION, SEED, "A").batch(0, COUNT)
    for i, (face, drawn) in enumerate(zip(shown(SEED, "A", 0, COUNT, COUNT), chances(0, COUNT))):
        plain = step_by_step(faces.images[face].astype(float), faces.masks[face].astype(float), drawn)
        for theirs, ours in zip(plain, (made.input[i], made.target[i], made.mask[i]), strict=True):
            assert abs(theirs - ours).max() <= 0.51


@pytest.mark.parametrize("axis", [0, 1])
def test_albumentations_shows_the_same_places_on_average(axis):
    """The picture is a ramp, so that the target's middle pixel tells where it was taken from."""
    count = 400
    ramp = np.broadcast_to(np.arange(SIZE, dtype=np.uint8).reshape((-1, 1) if axis == 0 else (1, -1)), (SIZE, SIZE))
    image = np.ascontiguousarray(np.dstack([ramp] * 3))
    ours = SideSampler(Faces.joined(image[None], ramp[None]), WARP_2018, RESOLUTION, SEED, "A").batch(0, count)
    library = with_albumentations(0)
    theirs = [library(image=image, mask=ramp) for _ in range(count)]
    assert theirs[0]["image"].shape == (RESOLUTION, RESOLUTION, 6)
    middle, quarters = (RESOLUTION // 2, RESOLUTION // 2), (10, 50, 90)
    for own, other in (
        (ours.input[:, *middle, 0], [sample["image"][*middle, 0] for sample in theirs]),
        (ours.target[:, *middle, 0], [sample["image"][*middle, 3] for sample in theirs]),
        (ours.mask[:, *middle], [sample["mask"][*middle] for sample in theirs]),
    ):
        np.testing.assert_allclose(np.percentile(other, quarters), np.percentile(own, quarters), atol=2)
