"""What is measured of a swap without a truth, against closed forms and scipy."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from faceswap_lab.evaluation.unpaired import cycle_error, frechet_distance, own_sharpness


class Shift:
    """Makes a face lighter by 0.1 on the way to B, and by ``back`` darker on the way to A."""

    swap_paths = ("own",)

    def __init__(self, back):
        self.back = back

    def reconstruct(self, side, x):
        return x

    def swap(self, x, source, target, path=None):
        return x + 0.1 if target == "B" else x - self.back


@pytest.mark.parametrize(("back", "error"), [(0.1, 0.0), (0.25, 0.15)])
def test_the_way_back_is_measured_under_the_mask(back, error):
    images = torch.full((3, 3, 8, 8), 0.5)
    masks = torch.zeros(3, 1, 8, 8)
    masks[:, :, 2:6, 2:6] = 1
    assert cycle_error(Shift(back), images, masks, "A", "B").tolist() == pytest.approx([error] * 3, abs=1e-6)


class TwoPaths(Shift):
    """Makes a face lighter by 0.1 on one path and by 0.2 on the other, and on the way back as much darker."""

    swap_paths = ("own", "target")

    def __init__(self):
        super().__init__(back=0.1)

    def swap(self, x, source, target, path=None):
        by = {"own": 0.1, "target": 0.2}[path or "own"]
        return x + by if target == "B" else x - by


@pytest.mark.parametrize("path", [None, "own", "target"])
def test_the_way_back_takes_the_path_of_the_way_there(path):
    images, masks = torch.full((2, 3, 8, 8), 0.5), torch.ones(2, 1, 8, 8)
    assert cycle_error(TwoPaths(), images, masks, "A", "B", path).tolist() == pytest.approx([0, 0], abs=1e-6)


def test_half_the_contrast_is_half_as_sharp_and_the_pictures_need_not_be_equally_many():
    faces = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(4, 1, 16, 16)
    assert own_sharpness(faces, mask, faces, mask) == pytest.approx(1)
    assert own_sharpness(0.25 + faces / 2, mask, faces, mask) == pytest.approx(0.5, abs=1e-4)
    assert own_sharpness(
        faces[:1].repeat(7, 1, 1, 1), mask[:1].repeat(7, 1, 1, 1), faces[:1], mask[:1]
    ) == pytest.approx(1)
    assert own_sharpness(torch.full_like(faces, 0.5), mask, faces, mask) == 0


@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 5), (200, 200, 8)])
def test_the_frechet_distance_is_that_of_its_formula(n, m, d):
    rng = np.random.default_rng(n)
    one, other = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)), rng.normal(0.3, 1, (m, d))
    c1, c2 = np.cov(one.T), np.cov(other.T)
    wanted = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-6)
    assert frechet_distance(one, one + 2) == pytest.approx(4 * d)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_in_one_dimension_it_is_the_means_and_the_deviations_apart_and_few_samples_of_many_dimensions_are_no_trouble():
    a, b = np.array([[0.0], [2.0]]), np.array([[3.0], [9.0]])
    assert frechet_distance(a, b) == pytest.approx(5**2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2)
    few = np.random.default_rng(0).normal(size=(3, 128))
    assert frechet_distance(few, few[::-1]) == pytest.approx(0, abs=1e-9)
