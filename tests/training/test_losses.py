import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.training.step.losses import code_distance, loss_of

weights = st.sampled_from([0.0, 0.25, 1.0])
NAMES = ("mae", "mse")  # of all others see test_terms.py
names = st.sampled_from(NAMES)


def pictures(n, seed, size=6):
    rng = np.random.default_rng(seed)
    output, target = rng.random((2, n, 3, size, size)).astype(np.float32)
    mask = rng.random((n, 1, size, size)).astype(np.float32) * (rng.random((n, 1, size, size)) < 0.5)
    return output * 1.4 - 0.2, target, mask.astype(np.float32)


def slow(output, target, mask, name, w):
    """One sample, one pixel, one channel at a time."""
    per_sample = []
    for o, t, m in zip(output.astype(float), target.astype(float), mask.astype(float)):
        whole = inside = 0.0
        for c, i, j in np.ndindex(o.shape):
            d = abs(o[c, i, j] - t[c, i, j]) if name == "mae" else (o[c, i, j] - t[c, i, j]) ** 2
            whole += d / o.size
            inside += d * m[0, i, j] / (3 * m.sum())
        per_sample.append((1 - w) * whole + w * inside)
    return np.mean(per_sample)


@settings(max_examples=30)
@given(names, weights, st.integers(1, 4), st.integers(0, 99))
def test_against_a_slow_loop(name, weight, n, seed):
    arrays = pictures(n, seed)
    got = loss_of(*map(torch.tensor, arrays), name, weight).item()
    assert got == pytest.approx(slow(*arrays, name, weight), rel=1e-5)


@given(names, weights, st.integers(1, 4), st.integers(2, 3), st.integers(0, 99))
def test_the_mean_over_equal_parts_is_the_whole(name, weight, n, parts, seed):
    """What makes several devices exact, whatever the masks of the parts."""
    arrays = list(map(torch.tensor, pictures(n * parts, seed)))
    whole = loss_of(*arrays, name, weight)
    cut = [loss_of(*part, name, weight) for part in zip(*(a.chunk(parts) for a in arrays))]
    assert torch.stack(cut).mean().item() == pytest.approx(whole.item(), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_mask_gives_no_loss_and_no_nan(name):
    output, target, mask = map(torch.tensor, pictures(2, 0))
    output.requires_grad_()
    loss = loss_of(output, target, torch.zeros_like(mask), name, 1.0)
    loss.backward()
    assert loss.item() == 0
    assert not output.grad.any()


def test_outside_the_mask_nothing_counts_at_weight_one():
    output, target, mask = map(torch.tensor, pictures(2, 1))
    before = loss_of(output, target, mask, "mae", 1.0)
    assert torch.equal(loss_of(output + 9 * (mask == 0), target, mask, "mae", 1.0), before)
    assert not torch.equal(loss_of(output + 9 * (mask == 0), target, mask, "mae", 0.5), before)


@pytest.mark.parametrize("sides", [2, 3])
def test_the_distance_of_codes_is_that_of_their_means_and_covariances(sides):
    units, count = 4, 6
    rng = np.random.default_rng(sides)
    codes = rng.normal(
        rng.normal(size=(sides, 1, units)), rng.uniform(0.5, 2, (sides, 1, units)), (sides, count, units)
    )
    means = [sum(code) / count for code in codes]
    spreads = [sum(np.outer(row - m, row - m) for row in code) / (count - 1) for code, m in zip(codes, means)]
    due = 0.0
    for mean, spread in zip(means, spreads):
        due += ((mean - sum(means) / sides) ** 2).sum() / units / sides
        due += ((spread - sum(spreads) / sides) ** 2).sum() / units**2 / sides
    assert code_distance(list(torch.tensor(codes))).item() == pytest.approx(due, rel=1e-9)
