import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d
from scipy.optimize import nnls

from faceswap_lab.evaluation import metrics
from tests.evaluation.pictures import noise, soft_masks

seeds = st.integers(0, 10**6)
sides = st.integers(11, 20)


def slow_ssim_map(o, t):
    """Wang et al. 2004 for one channel, float64, the window applied by scipy with reflection at the border."""
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def blur(x):
        return correlate1d(correlate1d(x, window, axis=0, mode="mirror"), window, axis=1, mode="mirror")

    mo, mt = blur(o), blur(t)
    so, st_, sot = blur(o * o) - mo**2, blur(t * t) - mt**2, blur(o * t) - mo * mt
    c1, c2 = 0.01**2, 0.03**2
    return (2 * mo * mt + c1) * (2 * sot + c2) / ((mo**2 + mt**2 + c1) * (so + st_ + c2))


def weighted(values, mask):
    return float((values * mask).sum() / mask.sum())


@settings(max_examples=25)
@given(seed=seeds, r=sides)
def test_masked_ssim_is_the_papers_formula(seed, r):
    truth, mask = noise(seed, 3, r), soft_masks(seed + 1, 3, r)
    output = (truth + 0.3 * (noise(seed + 2, 3, r) - 0.5)).clamp(0, 1)
    got = metrics.masked_ssim(output, truth, mask)
    for i in range(3):
        expected = [
            weighted(slow_ssim_map(o, t), mask[i, 0].double().numpy())
            for o, t in zip(output[i].double().numpy(), truth[i].double().numpy(), strict=True)
        ]
        assert got[i].item() == pytest.approx(np.mean(expected), abs=2e-5)


def test_masked_ssim_ignores_what_is_far_outside_the_mask():
    truth, mask = noise(0, 2, 32), torch.zeros(2, 1, 32, 32)
    mask[:, :, 10:20, 10:20] = 1
    output = truth.clone()
    output[:, :, :4] = 0
    torch.testing.assert_close(metrics.masked_ssim(output, truth, mask), torch.ones(2))
    assert (metrics.masked_ssim(output, truth, torch.ones_like(mask)) < 0.99).all()


@given(seed=seeds, r=st.integers(2, 9))
@settings(max_examples=25)
def test_maes_against_loops(seed, r):
    o, t, m = noise(seed, 2, r), noise(seed + 1, 2, r), soft_masks(seed + 2, 2, r) + 0.01
    for i in range(2):
        total = inside = weight = 0.0
        for c in range(3):
            for y in range(r):
                for x in range(r):
                    error = abs(o[i, c, y, x].item() - t[i, c, y, x].item())
                    total += error / (3 * r * r)
                    inside += error * m[i, 0, y, x].item()
                    weight += m[i, 0, y, x].item()
        assert metrics.mae(o, t)[i].item() == pytest.approx(total, abs=1e-5)
        assert metrics.masked_mae(o, t, m)[i].item() == pytest.approx(inside / weight, abs=1e-5)


@given(seed=seeds)
@settings(max_examples=30)
def test_fitted_mae_against_scipys_constrained_least_squares(seed):
    """nnls keeps all unknowns >= 0; the offset enters as a difference of two, so only the gain is bound."""
    o, t, m = noise(seed, 2, 8), noise(seed + 1, 2, 8), soft_masks(seed + 2, 2, 8)
    t[0] = (0.7 * o[0] + 0.1 * t[0]).clamp(0, 1)
    for i in range(2):
        errors = []
        for c in range(3):
            x, y, w = (v.double().numpy().ravel() for v in (o[i, c], t[i, c], m[i, 0]))
            columns = np.stack([x, np.ones_like(x), -np.ones_like(x)], 1)
            unknowns, _ = nnls(columns * np.sqrt(w)[:, None], y * np.sqrt(w))
            errors.append(weighted(np.abs(columns @ unknowns - y), w))
        assert metrics.fitted_mae(o, t, m)[i].item() == pytest.approx(np.mean(errors), abs=1e-5)


@given(seed=seeds, gain=st.floats(0.1, 5), offset=st.floats(-1, 1))
@settings(max_examples=30)
def test_fitted_mae_and_recall_see_through_gain_and_offset(seed, gain, offset):
    t, m = noise(seed, 8, 8), soft_masks(seed + 1, 8, 8)
    tinted = t * torch.tensor([gain, 1, 2]).view(3, 1, 1) + offset
    torch.testing.assert_close(metrics.fitted_mae(tinted, t, m), torch.zeros(8), atol=2e-5, rtol=0)
    assert metrics.recall_at_k(tinted, t, m, k=1).tolist() == [1] * 8


def test_fitted_mae_of_flat_or_inverted_pictures_is_the_truths_own_deviation():
    t, m = noise(0, 2, 8), soft_masks(1, 2, 8)
    flat = torch.full_like(t, 0.3)
    mean = (t * m).sum((2, 3), keepdim=True) / m.sum((2, 3), keepdim=True)
    expected = metrics.masked_mae(mean.expand_as(t), t, m)
    torch.testing.assert_close(metrics.fitted_mae(flat, t, m), expected)
    torch.testing.assert_close(metrics.fitted_mae(1 - t, t, m), expected)


def slow_recall(o, t, m, k):
    hits = []
    for i in range(len(o)):
        distances = []
        for j in range(len(t)):
            r = 0.0
            for c in range(3):
                w = m[j, 0].double().numpy().ravel()
                covariance = np.cov(o[i, c].double().ravel(), t[j, c].double().ravel(), aweights=w, ddof=0)
                r += covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1]) / 3
            distances.append(1 - r)
        hits.append(float(i in np.argsort(distances)[:k]))
    return hits


@given(seed=seeds, k=st.integers(1, 5), amount=st.floats(0, 1))
@settings(max_examples=10)
def test_recall_against_loops(seed, k, amount):
    t, m = noise(seed, 9, 6), soft_masks(seed + 1, 9, 6) + 1e-3
    o = (1 - amount) * t + amount * noise(seed + 2, 9, 6)
    assert metrics.recall_at_k(o, t, m, k).tolist() == slow_recall(o, t, m, k)


def test_recall_gives_nothing_for_flat_pictures_or_nans():
    t, m = noise(0, 9, 6), soft_masks(1, 9, 6)
    assert metrics.recall_at_k(torch.full_like(t, 0.4), t, m, 5).sum() == 0
    assert metrics.recall_at_k(torch.full_like(t, math.nan), t, m, 5).sum() == 0


def test_recall_of_noise_is_chance():
    o, t = noise(0, 200, 16), noise(1, 200, 16)
    assert metrics.recall_at_k(o, t, torch.ones(200, 1, 16, 16), 20).mean().item() == pytest.approx(0.1, abs=0.07)


def test_an_empty_mask_is_no_number():
    o, t, m = noise(0, 1, 12), noise(1, 1, 12), torch.zeros(1, 1, 12, 12)
    for metric in (metrics.masked_mae, metrics.masked_ssim, metrics.fitted_mae):
        assert metric(o, t, m).isnan().all()
