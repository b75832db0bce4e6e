import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.evaluation.codes import FOLDS, SHRINKAGE, kernel_alignment, probe_accuracy, twins_found

seeds = st.integers(0, 999)


def codes(seed, n, units, noise=1.0, shift=0.0):
    """Twins' codes: what both sides share, ``noise`` of their own, and ``shift`` between the sides."""
    rng = np.random.default_rng(seed)
    shared, scale = rng.normal(size=(n, units)), np.exp(rng.normal(size=units))
    a, b = (torch.tensor((shared + noise * rng.normal(size=(n, units))) * scale) for _ in "AB")
    return a, b + shift


def slow_twins(a, b):
    """One pair, one unit at a time."""
    n, units = a.shape
    variance = [(np.var(a[:, u]) + np.var(b[:, u])) * n / (2 * n - 2) for u in range(units)]
    found = 0
    for i in range(n):
        distances = [sum((a[i, u] - b[j, u]) ** 2 / variance[u] for u in range(units)) for j in range(n)]
        found += min(range(n), key=lambda j: distances[j]) == i
    return found / n


@settings(max_examples=25)
@given(seeds, st.integers(2, 12), st.integers(1, 5), st.sampled_from([0.1, 0.5, 3.0]), st.sampled_from([0.0, 2.0]))
def test_twins_are_found_as_in_a_slow_loop(seed, n, units, noise, shift):
    a, b = codes(seed, n, units, noise, shift)
    assert twins_found(a, b) == pytest.approx(slow_twins(a.numpy(), b.numpy()))
    assert twins_found(b, a) == pytest.approx(slow_twins(b.numpy(), a.numpy()))


def test_twins_whatever_the_scale_of_a_unit_and_whatever_a_constant_unit_says():
    a, b = codes(0, 30, 6, noise=0.4)
    found = twins_found(a, b)
    assert 0.3 < found < 1
    scale = torch.tensor([1e-3, 1e4, 1, 7, 0.2, 1], dtype=torch.float64)
    assert twins_found(a * scale, b * scale) == found
    rounding = torch.tensor(np.random.default_rng(1).normal(size=(30, 1)) * 1e-9)
    assert twins_found(torch.hstack([a, 5 + rounding]), torch.hstack([b, 9 - rounding])) == found


def test_twins_at_both_ends():
    a, _ = codes(0, 40, 8)
    assert twins_found(a, a) == 1
    assert twins_found(a, a.roll(1, 0)) == 0
    assert twins_found(a, codes(1, 40, 8)[0]) < 0.2  # chance is 1/40
    assert twins_found(torch.ones(40, 8).double(), torch.ones(40, 8).double()) == 1 / 40  # a code that says nothing


def hsic_unbiased(k, l):  # noqa: E741
    """Song et al. 2012, equation 5, as it is printed."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    one = np.ones(n)
    return (
        np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    ) / (n * (n - 3))


@settings(max_examples=25)
@given(seeds, st.integers(4, 20), st.integers(1, 30), st.sampled_from([0.1, 1.0, 5.0]), st.sampled_from([0.0, 3.0]))
def test_alignment_is_the_papers_formula(seed, n, units, noise, shift):
    a, b = codes(seed, n, units, noise, shift)
    k, l = (a @ a.T).numpy(), (b @ b.T).numpy()  # noqa: E741
    expected = hsic_unbiased(k, l) / math.sqrt(hsic_unbiased(k, k) * hsic_unbiased(l, l))
    assert kernel_alignment(a, b) == pytest.approx(expected, abs=1e-6)


def plain_alignment(a, b):
    """Kornblith et al. 2019, equation 5 on centred codes: the biased estimator."""
    a, b = a - a.mean(0), b - b.mean(0)
    return float((a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm()))


def test_alignment_of_unrelated_codes_is_zero_where_the_plain_estimator_is_not():
    """96 faces and 128 units, as at scale=quick."""
    rng = np.random.default_rng(0)
    pairs = [(torch.tensor(rng.normal(size=(96, 128))), torch.tensor(rng.normal(size=(96, 128)))) for _ in range(20)]
    assert np.mean([plain_alignment(a, b) for a, b in pairs]) > 0.5
    values = [kernel_alignment(a, b) for a, b in pairs]
    assert abs(np.mean(values)) < 4 * np.std(values) / math.sqrt(20)
    assert max(map(abs, values)) < 0.1


def test_alignment_with_many_faces_is_the_plain_one_and_ignores_rotation_scale_and_shift():
    a, b = codes(3, 600, 4, noise=0.7)
    assert kernel_alignment(a, b) == pytest.approx(plain_alignment(a, b), abs=0.01)
    rotation, _ = torch.linalg.qr(torch.tensor(np.random.default_rng(0).normal(size=(4, 4))))
    assert kernel_alignment(a, 3 * a @ rotation + 100) == pytest.approx(1)
    assert kernel_alignment(a, -2 * b @ rotation) == pytest.approx(kernel_alignment(a, b))


def slow_probe(a, b):
    """The same discriminant through the inverse of the shrunk covariance, one held-out face at a time."""
    accuracies = []
    for this, other in ((a, b), (b, a)):
        right = []
        for i, x in enumerate(this):
            fold = i % FOLDS
            mine = np.array([c for j, c in enumerate(this) if j % FOLDS != fold])
            theirs = np.array([c for j, c in enumerate(other) if j % FOLDS != fold])
            pooled = (np.cov(mine.T) * (len(mine) - 1) + np.cov(theirs.T) * (len(theirs) - 1)) / (
                len(mine) + len(theirs) - 2
            )
            shrunk = (1 - SHRINKAGE) * pooled + SHRINKAGE * np.diag(np.diag(pooled))
            w = np.linalg.inv(shrunk) @ (mine.mean(0) - theirs.mean(0))
            right.append((x - (mine.mean(0) + theirs.mean(0)) / 2) @ w > 0)
        accuracies.append(np.mean(right))
    return np.mean(accuracies)


@settings(max_examples=15)
@given(seeds, st.integers(5, 25), st.integers(5, 25), st.integers(2, 12), st.sampled_from([0.0, 1.0]))
def test_the_probe_is_the_textbooks_discriminant(seed, n_a, n_b, units, shift):
    a, b = codes(seed, max(n_a, n_b), units, shift=shift)
    assert probe_accuracy(a[:n_a], b[:n_b]) == pytest.approx(slow_probe(a[:n_a].numpy(), b[:n_b].numpy()))


def test_the_probe_between_cannot_tell_and_always():
    a, b = codes(0, 96, 128)
    assert probe_accuracy(a, a) == 0.5
    assert 0.4 < probe_accuracy(a, b) < 0.6
    assert 0.6 < probe_accuracy(*codes(0, 96, 128, shift=0.1)) < 1
    assert probe_accuracy(*codes(0, 96, 128, shift=9)) == 1
    constant = torch.ones(96, 1).double()
    assert probe_accuracy(constant, constant) == 0.5
    assert probe_accuracy(torch.hstack([a, constant]), torch.hstack([b, 1.1 * constant])) == 1


def test_twins_leave_the_probe_together():
    """Nearly equal twins, more units than faces: a probe that has seen the other twin answers with the wrong side."""
    a, b = codes(0, 60, 128, noise=0.01)
    assert 0.4 < probe_accuracy(a, b) < 0.6
    assert probe_accuracy(a, b.roll(1, 0)) < 0.3  # twins in different folds


def test_unequal_sides_are_at_chance_too():
    """Sides of unequal size: always answering the larger one is no skill."""
    a, _ = codes(0, 90, 6)
    b, _ = codes(0, 120, 6)
    assert 0.35 < probe_accuracy(a[:30], b[30:]) < 0.65


@pytest.mark.parametrize(("measure", "least"), [(twins_found, 2), (kernel_alignment, 4), (probe_accuracy, 3)])
def test_too_few_faces_have_no_number(measure, least):
    a, b = codes(0, 4, 3)
    assert measure(a[: least - 1], b[: least - 1]) is None
    assert math.isfinite(measure(a[:least], b[:least]))


def test_constant_codes_have_no_alignment():
    a, _ = codes(0, 10, 3)
    assert kernel_alignment(torch.zeros(10, 3).double(), a) is None
