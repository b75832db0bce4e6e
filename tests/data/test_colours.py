"""Transfers of colour against what defines them: means, deviations, covariances, and which map moves colours least."""

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import rankdata, wasserstein_distance

from faceswap_lab.config.data import COLOUR_TRANSFERS
from faceswap_lab.data.colours import (
    TRANSFERS,
    ColourTransfer,
    Linear,
    _matched,
    _quantiles,
    _rotations,
    lct,
    mkl,
    reinhard,
)
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler
from tests.data.recipes import NONE, noise_faces

seeds = st.integers(0, 2**32 - 1)
LINEAR = [name for name, transfer in TRANSFERS.items() if isinstance(transfer, Linear)]


def picture(seed: int) -> np.ndarray:
    """Return (24, 24, 3) float32 in [0, 1]: correlated channels of their own spread, far from black and white."""
    rng = np.random.default_rng(seed)
    mixed = rng.uniform(0.06, 0.1) * np.eye(3) + rng.uniform(-0.01, 0.01, (3, 3))
    colours = rng.normal(size=(576, 3)) @ mixed + rng.uniform(0.4, 0.6, 3)
    return np.clip(colours, 0.2, 0.8).astype(np.float32).reshape(24, 24, 3)


def measured(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pixels = colours.reshape(-1, 3).astype(np.float64)
    return pixels.mean(0), np.cov(pixels.T, bias=True)


def moved(name: str, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    transfer = TRANSFERS[name]
    return transfer.moved(own, transfer.of_own(own), transfer.of_other(other))


@settings(max_examples=40)
@given(own=seeds, other=seeds)
@pytest.mark.parametrize("name", LINEAR)
def test_the_statistics_are_the_others(name: str, own: int, other: int):
    a, b = picture(own), picture(other)
    mean, covariance = measured(moved(name, a, b))
    due_mean, due = measured(b)
    np.testing.assert_allclose(mean, due_mean, atol=1e-4)
    got, wanted = (np.diag(covariance), np.diag(due)) if name == "reinhard" else (covariance, due)
    np.testing.assert_allclose(got, wanted, atol=2e-4)  # variances are about 5e-3


@settings(max_examples=40)
@given(own=seeds, other=seeds)
def test_the_linear_maps_are_those_of_their_papers(own: int, other: int):
    a, b = (measured(picture(seed))[1] + 1e-4 * np.eye(3) for seed in (own, other))
    np.testing.assert_allclose(lct(a, b), (sqrtm(b) @ np.linalg.inv(sqrtm(a))).real, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.diag(reinhard(a, b) @ a @ reinhard(a, b)), np.diag(b), atol=1e-12)
    best = mkl(a, b)
    np.testing.assert_allclose(best @ a @ best.T, b, atol=1e-9)
    np.testing.assert_allclose(best, best.T, atol=1e-9)  # symmetric and positive: the gradient of a convex function,
    assert (np.linalg.eigvalsh(best) > 0).all()  # and so the optimal map (Brenier)
    away = np.trace((best - np.eye(3)) @ a @ (best - np.eye(3)).T)  # the mean square of how far colours go
    other_way = lct(a, b) - np.eye(3)
    assert away <= np.trace(other_way @ a @ other_way.T) + 1e-12


def by_rank(values: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Every value becomes the one of its own rank among the others; equal ones the mean of theirs."""
    ranks = (rankdata(values, "ordinal") - 1) / (len(values) - 1)
    matched = np.interp(ranks, np.linspace(0, 1, len(due)), np.sort(due))
    _, level, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.bincount(level, matched) / counts)[level]


def slow_idt(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    pixels, others = (colours.reshape(-1, 3).astype(np.float64) for colours in (own, other))
    for axes in _rotations().astype(np.float64):
        pixels = np.stack([by_rank(pixels @ axis, others @ axis) for axis in axes], axis=1) @ axes
    return pixels.reshape(own.shape)


def skewed(seed: int, size: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(rng.beta(0.4, 0.8, (size, size, 3)) @ rng.dirichlet((1, 1, 1), 3), 2).astype(np.float32)


@settings(max_examples=20)
@given(own=seeds, other=seeds, size=st.integers(20, 40))
def test_along_an_axis_values_are_matched_by_their_ranks(own: int, other: int, size: int):
    values, due = skewed(own, 40)[..., 0].ravel(), skewed(other, size)[..., 1].ravel()
    assert abs(_matched(values, _quantiles(due)) - by_rank(values, due)).mean() < 4e-3


@pytest.mark.parametrize("seed", range(3))
def test_iterative_transfer_gives_the_whole_distribution_as_its_slow_version_does(seed: int):
    a, b = skewed(seed, 40), skewed(seed + 10, 32)
    results = moved("idt", a, b), slow_idt(a, b), moved("mkl", a, b)
    for axis in np.random.default_rng(seed).normal(size=(4, 3)):  # not only along those that it has gone through
        axis /= np.linalg.norm(axis)
        fast, slow, linear = (wasserstein_distance((c @ axis).ravel(), (b @ axis).ravel()) for c in results)
        assert fast < slow + 1e-3
        assert fast < linear


def test_their_axes_are_orthonormal():
    for axes in _rotations():
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_face_in_its_own_colours_stays_as_it_is(name: str):
    faces = noise_faces(3, 32)
    transfer = ColourTransfer(name, faces, 0, "A")
    for i in range(3):
        same = transfer(faces.pixels[i], i, i)
        assert abs(same.astype(int) - faces.pixels[i].astype(int)).max() <= (1 if name in LINEAR else 2)


def test_of_many_faces_no_more_distributions_are_kept_than_are_to_be_and_the_others_are_the_same_again(monkeypatch):
    faces = noise_faces(40, 16)
    monkeypatch.setattr(type(TRANSFERS["idt"]), "remembered", 4, raising=False)
    transfer = pickle.loads(pickle.dumps(ColourTransfer("idt", faces, 0, "A")))  # as a spawned worker gets it
    before = [transfer(faces.pixels[0], 0, other) for other in range(4)]  # the axes and whatever else is made once
    tracemalloc.start()
    try:
        for other in range(40):
            transfer(faces.pixels[0], 0, other)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10 * 60 * 257 * 4  # bytes of a face's 60 x 257 quantiles
    for other, due in enumerate(before):
        np.testing.assert_array_equal(transfer(faces.pixels[0], 0, other), due)


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_takes_the_others_mean(name: str, grey: int):
    flat = np.full((1, 32, 32, 4), grey, np.uint8)
    other = Faces(np.concatenate([(picture(5) * 255).astype(np.uint8)[None], flat[:, :24, :24, :1]], axis=-1))
    got = ColourTransfer(name, other, 0, "A")(flat[0], 0, 0)
    mean, due = (TRANSFERS[name].enter(face[..., :3]).mean((0, 1)) for face in (got, other.pixels[0]))
    np.testing.assert_allclose(mean, due, atol={"reinhard": 1, "idt": 4e-3}.get(name, 2e-3))
    assert (got[..., 3] == grey).all()


def test_the_drawn_faces_are_all_of_the_others_and_the_samples_own():
    transfer = ColourTransfer("mkl", noise_faces(5, 32), 7, "A")
    drawn = transfer.drawn(0, 2_000)
    assert np.bincount(drawn, minlength=5).min() > 300
    assert drawn[700:1_000] == transfer.drawn(700, 300)
    for seed, side in ((8, "A"), (7, "B")):
        assert drawn != ColourTransfer("mkl", noise_faces(5, 32), seed, side).drawn(0, 2_000)


@pytest.mark.parametrize("name", TRANSFERS)
def test_samples_do_not_depend_on_the_batch(name: str):
    faces, other = noise_faces(4, 64), noise_faces(6, 64)

    def sampler() -> SideSampler:
        return SideSampler(faces, NONE, 16, 0, "A", colours=ColourTransfer(name, other, 0, "A"))

    whole, fresh = sampler().batch(0, 9), sampler()
    parts = [fresh.batch(3, 6), sampler().batch(0, 3)][::-1]
    for field in ("input", "target", "mask"):
        assert np.array_equal(getattr(whole, field), np.concatenate([getattr(part, field) for part in parts]))
    plain = SideSampler(faces, NONE, 16, 0, "A").batch(0, 9)
    assert (whole.target != plain.target).any()
    assert np.array_equal(whole.mask, plain.mask)


def test_the_configuration_knows_every_transfer():
    assert set(COLOUR_TRANSFERS) == set(TRANSFERS)
