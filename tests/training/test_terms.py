"""Every term of a loss against an independent reference in float64, its gradient, and what several devices need."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal
from torchmetrics.functional.image import (
    structural_similarity_index_measure,
    total_variation,
)

from faceswap_lab.config.terms import BESIDE, KINDS
from faceswap_lab.training.build import objective_of
from faceswap_lab.training.step.losses import LOSSES, loss_of, softened
from faceswap_lab.training.step.objective import MAE, Objective
from faceswap_lab.training.step.windows import weighed
from tests.training.configs import config_for
from tests.training.tiny import term, trained

SETTINGS = {
    "huber": {"delta": 0.2},
    "dssim": {"window": 5, "sigma": 1.5, "padding": "valid"},
    "ms_ssim": {"scales": 2, "window": 5, "sigma": 1.0},
    "laplacian": {"levels": 2, "decay": 0.5},
    "focal_frequency": {"alpha": 1.0},
}
BY_PIXEL = sorted(kind for kind in LOSSES if "distance" in KINDS[kind].maskings)
MEASURES = [(kind, "pictures") for kind in sorted(LOSSES)] + [(k, m) for k in BY_PIXEL for m in ("distance", "whole")]
seeds = st.integers(0, 99)


def pictures(n, size, seed, dtype=torch.float64):
    """Outputs a little beyond [0, 1], targets that are like them, masks with soft edges and empty parts."""
    rng = np.random.default_rng(seed)
    target = rng.random((n, 3, size, size))
    output = target + 0.3 * rng.standard_normal(target.shape)
    mask = rng.random((n, 1, size, size)) * (rng.random((n, 1, size, size)) < 0.6)
    return [torch.tensor(x, dtype=dtype) for x in (output, target, mask)]


def measured(kind, output, target, **other):
    return LOSSES[kind](output, target, **(SETTINGS.get(kind, {}) | other))


def gaussian(window, sigma):
    places = [math.exp(-((k - (window - 1) / 2) ** 2) / (2 * sigma**2)) for k in range(window)]
    return np.array(places) / sum(places)


def test_every_kind_that_can_be_configured_has_a_function_with_these_settings():
    assert set(KINDS) - set(BESIDE) == set(LOSSES)
    for kind, function in LOSSES.items():
        assert list(inspect.signature(function).parameters) == ["output", "target", *KINDS[kind].own()]


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(7, 12), st.sampled_from([0.6, 1.5]), seeds)
def test_a_window_within_the_picture(window, size, sigma, seed):
    picture = np.random.default_rng(seed).random((size, size + 1))
    g = gaussian(window, sigma)
    expected = signal.correlate2d(picture, np.outer(g, g), mode="valid")
    assert weighed(torch.tensor(picture), window, sigma, "valid").numpy() == pytest.approx(expected)


@settings(max_examples=40)
@given(
    st.sampled_from([("zero", "constant"), ("reflect", "mirror"), ("replicate", "nearest")]),
    st.integers(1, 7),
    st.integers(7, 12),
    seeds,
)
def test_a_window_at_every_pixel(border, window, size, seed):
    picture = np.random.default_rng(seed).random((2, size, size))
    expected, origin = picture, (window % 2) - 1  # of an even window scipy's middle is the right one of two
    for axis in (1, 2):
        expected = ndimage.correlate1d(expected, gaussian(window, 1.5), axis, mode=border[1], origin=origin)
    assert weighed(torch.tensor(picture), window, 1.5, border[0]).numpy() == pytest.approx(expected)


def test_a_window_is_exact_under_autocast():
    picture = torch.rand(2, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(weighed(picture, 5, 1.5, "valid"), weighed(picture.clone(), 5, 1.5, "valid"))
        found = weighed(picture, 5, 1.5, "valid")
    assert torch.equal(found, weighed(picture, 5, 1.5, "valid"))
    assert found.dtype == torch.float32


@given(seeds)
def test_huber_and_log_cosh_against_their_formulas(seed):
    output, target, _ = pictures(2, 4, seed)
    d = (output - target).numpy()
    expected = np.where(abs(d) <= 0.2, d**2 / 2, 0.2 * (abs(d) - 0.1))
    assert measured("huber", output, target).numpy() == pytest.approx(expected)
    assert measured("log_cosh", 9 * output, 9 * target).numpy() == pytest.approx(np.log(np.cosh(9 * d)), abs=1e-12)


def slow_ssim(output, target, window, sigma, whole=True):
    """One place of the window, one channel of one sample at a time; if not whole, without the means."""
    g = np.outer(gaussian(window, sigma), gaussian(window, sigma))
    n, c, h, w = output.shape
    found = np.empty((n, c, h - window + 1, w - window + 1))
    for k, j, y, x in np.ndindex(found.shape):
        o, t = (p[k, j, y : y + window, x : x + window] for p in (output, target))
        mo, mt = (g * o).sum(), (g * t).sum()
        vo, vt, cov = (g * (o - mo) ** 2).sum(), (g * (t - mt) ** 2).sum(), (g * (o - mo) * (t - mt)).sum()
        means = (2 * mo * mt + 0.01**2) / (mo**2 + mt**2 + 0.01**2) if whole else 1
        found[k, j, y, x] = means * (2 * cov + 0.03**2) / (vo + vt + 0.03**2)
    return found


@settings(max_examples=15)
@given(st.integers(1, 6), st.sampled_from([0.7, 1.5]), seeds)
def test_dssim_within_the_picture_against_a_slow_loop(window, sigma, seed):
    output, target, _ = pictures(2, 7, seed)
    found = measured("dssim", output, target, window=window, sigma=sigma)
    assert found.numpy() == pytest.approx((1 - slow_ssim(output.numpy(), target.numpy(), window, sigma)) / 2)


@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_dssim_at_every_pixel_against_torchmetrics(sigma):
    output, target, _ = pictures(3, 16, 0)
    window = 2 * int(3.5 * sigma + 0.5) + 1  # torchmetrics' own
    _, similarity = structural_similarity_index_measure(
        output, target, sigma=sigma, data_range=1.0, reduction="none", return_full_image=True
    )
    found = measured("dssim", output, target, window=window, sigma=sigma, padding="reflect")
    assert found.numpy() == pytest.approx((1 - similarity.numpy()) / 2, abs=1e-6)


def test_a_share_of_the_side_is_deepfacelabs_window():
    for side in (32, 64, 128, 256):
        output, target, _ = pictures(1, side, side)
        shared = measured("dssim", output, target, window=0.08621)
        assert torch.equal(shared, measured("dssim", output, target, window=int(side / 11.6)))


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_ms_ssim_against_a_slow_loop(scales):
    """Not against torchmetrics 1.9: its last scale counts a reflected border, which the paper's has not."""
    output, target, _ = pictures(2, 4 * 2**scales, scales)
    powers = np.array([0.0448, 0.2856, 0.3001][:scales])
    expected, o, t = 1.0, output.numpy(), target.numpy()
    for scale, power in enumerate(powers / powers.sum(), start=1):
        similarity = slow_ssim(o, t, 3, 1.0, whole=scale == scales)
        expected = expected * similarity.mean((1, 2, 3)) ** power
        o, t = (p.reshape(2, 3, p.shape[2] // 2, 2, p.shape[2] // 2, 2).mean((3, 5)) for p in (o, t))
    found = measured("ms_ssim", output, target, scales=scales, window=3, sigma=1.0)
    assert (1 - found).numpy() == pytest.approx(expected)


def test_ms_ssim_of_negatives_has_a_gradient():
    target = pictures(2, 16, 0)[1]
    output = (1 - target).requires_grad_()
    loss = measured("ms_ssim", output, target).mean()
    loss.backward()
    assert 0.5 < loss.item() <= 1
    assert output.grad.isfinite().all()


@given(seeds)
def test_gradients_and_total_variation_against_differences(seed):
    output, target, _ = pictures(2, 5, seed)
    d = (output - target).numpy()
    expected = np.zeros_like(d)
    expected[:, :, :-1] += abs(np.diff(d, axis=2))
    expected[:, :, :, :-1] += abs(np.diff(d, axis=3))
    assert measured("gradient", output, target).numpy() == pytest.approx(expected)
    sums = measured("total_variation", output, target).sum((1, 2, 3))
    assert sums.numpy() == pytest.approx(total_variation(output, reduction="none").numpy())


@given(seeds)
def test_laplacian_pyramids_are_built_of_each_picture(seed):
    def bands(picture):
        found = []
        for _ in range(2):
            blurred = picture
            for axis in (2, 3):
                blurred = ndimage.correlate1d(blurred, gaussian(5, 1.0), axis, mode="nearest")
            found.append(picture - blurred)
            n, c, h, w = blurred.shape
            picture = blurred.reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5))
        return [*found, picture]

    output, target, _ = pictures(2, 8, seed)
    pairs = zip(bands(output.numpy()), bands(target.numpy()))
    expected = sum(0.5**level * abs(o - t).mean((1, 2, 3)) for level, (o, t) in enumerate(pairs))
    assert measured("laplacian", output, target).numpy() == pytest.approx(expected)


@given(st.sampled_from([0.0, 1.0, 1.7]), seeds)
def test_focal_frequency_against_numpy_and_its_gradient(alpha, seed):
    output, target, _ = pictures(2, 6, seed)
    output.requires_grad_()
    loss = measured("focal_frequency", output, target, alpha=alpha)
    spectrum = np.fft.fft2((output - target).detach().numpy(), norm="ortho")
    weight = abs(spectrum) ** alpha
    weight /= weight.max((2, 3), keepdims=True)
    assert loss.detach().numpy() == pytest.approx((weight * abs(spectrum) ** 2).mean((1, 2, 3)))
    if alpha == 0:  # Parseval
        assert loss.tolist() == pytest.approx((output - target).square().mean((1, 2, 3)).tolist())
    loss.sum().backward()
    expected = 2 * np.fft.ifft2(weight * spectrum, norm="ortho").real / weight[0].size  # the weight held fixed
    assert output.grad.numpy() == pytest.approx(expected)


@given(seeds)
def test_the_worst_frequency_weighs_1_however_small_the_error_and_large_the_power(seed):
    """Errors of a hundredth, to the power of 8: 1e-16, where the least that may divide was 1e-6."""
    output, target, _ = pictures(2, 6, seed)
    near = target + 0.01 * (output - target)
    spectrum = abs(np.fft.fft2((near - target).numpy(), norm="ortho"))
    weight = (spectrum / spectrum.max((2, 3), keepdims=True)) ** 8
    found = measured("focal_frequency", near.float(), target.float(), alpha=8.0)
    assert found.numpy() == pytest.approx((weight * spectrum**2).mean((1, 2, 3)), rel=1e-3)


@given(seeds)
def test_the_usual_focal_frequency_is_what_it_was_to_the_last_bit(seed):
    output, target, _ = pictures(2, 6, seed, torch.float32)
    spectrum = torch.fft.fft2(output - target, norm="ortho")
    squared = spectrum.real.square() + spectrum.imag.square()
    weight = squared ** (1.0 / 2)
    weight = weight / weight.amax((2, 3), keepdim=True).clamp(min=1e-6)
    found = measured("focal_frequency", output, target, alpha=1.0)
    assert torch.equal(found, (weight * squared).flatten(1).mean(1))


@pytest.mark.parametrize(("kind", "masking"), MEASURES)
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_gradients_against_finite_differences(kind, masking, weight):
    if kind == "focal_frequency":  # its weight has no gradient, which differences would see: tested above
        pytest.skip("see test_focal_frequency_against_numpy_and_its_gradient")
    output, target, mask = pictures(1, 10, 3)
    output.requires_grad_()
    others = (target, mask, kind, weight, masking, SETTINGS.get(kind))
    assert torch.autograd.gradcheck(lambda o: loss_of(o, *others), output, eps=1e-7, atol=1e-6)


@settings(max_examples=60)
@given(st.sampled_from(MEASURES), st.sampled_from([0.0, 0.3, 1.0]), st.integers(1, 2), st.integers(2, 3), seeds)
def test_the_mean_over_equal_parts_is_the_whole(measure, weight, n, parts, seed):
    """What makes several devices exact, in the loss and in its gradient."""
    kind, masking = measure
    output, target, mask = pictures(n * parts, 10, seed)

    def taken(o, *others):
        o = o.clone().requires_grad_()
        loss = loss_of(o, *others, kind, weight, masking, SETTINGS.get(kind))
        return loss.item(), torch.autograd.grad(loss, o)[0]

    whole, at_whole = taken(output, target, mask)
    cut = [taken(*part) for part in zip(*(x.chunk(parts) for x in (output, target, mask)))]
    assert np.mean([loss for loss, _ in cut]) == pytest.approx(whole)
    assert (torch.cat([grad for _, grad in cut]) / parts).numpy() == pytest.approx(at_whole.numpy())


@pytest.mark.parametrize("kind", sorted(LOSSES))
def test_equal_pictures_have_no_distance_and_others_have_one(kind):
    output, target, _ = pictures(2, 10, 0)
    assert (measured(kind, output, target) >= -1e-12).all()
    assert measured(kind, output, target).mean() > 1e-3
    if kind != "total_variation":
        assert measured(kind, target, target).numpy() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("kind", "masking"), MEASURES)
def test_outside_the_mask_nothing_counts_at_weight_one(kind, masking):
    if masking != "pictures" and kind in ("dssim", "gradient", "total_variation"):
        pytest.skip("what lies next to the mask is seen from within it")
    output, target, mask = pictures(2, 10, 1)
    others = (target, mask, kind, 1.0, masking, SETTINGS.get(kind))
    assert torch.equal(loss_of(output + 9 * (mask == 0), *others), loss_of(output, *others))
    assert not torch.equal(loss_of(output + 9 * (mask > 0.5), *others), loss_of(output, *others))


@pytest.mark.parametrize(("kind", "masking"), MEASURES)
def test_an_empty_mask_gives_no_loss_and_no_nan(kind, masking):
    output, target, mask = pictures(2, 10, 0)
    output.requires_grad_()
    loss = loss_of(output, target, torch.zeros_like(mask), kind, 1.0, masking, SETTINGS.get(kind))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert not output.grad.any()


def test_a_window_within_the_picture_is_weighed_by_the_mask_at_its_middle():
    output, target, mask = pictures(2, 9, 0)
    mask[:, :, :2] = mask[:, :, -2:] = 5.0  # where no window of 5 has its middle
    mask[..., :2] = mask[..., -2:] = 5.0
    found = loss_of(output, target, mask, "dssim", 1.0, "distance", SETTINGS["dssim"])
    distance, inner = measured("dssim", output, target), mask[:, :, 2:-2, 2:-2]
    expected = (distance * inner).sum((1, 2, 3)) / (3 * inner.sum((1, 2, 3)))
    assert found.item() == pytest.approx(expected.mean().item())


@pytest.mark.parametrize("size", [32, 64, 128])
def test_a_softened_mask_is_deepfacelabs(size):
    mask = torch.zeros(1, 1, size, size, dtype=torch.float64)
    mask[..., size // 4 : -size // 4, size // 3 :] = 1
    sigma = max(1, size // 32)
    window = max(3, int(2 * 2 * sigma))
    window += window % 2 == 0
    blurred = mask.numpy()
    for axis in (2, 3):
        blurred = ndimage.correlate1d(blurred, gaussian(window, sigma), axis, mode="constant")
    assert softened(mask, 1 / 32).numpy() == pytest.approx(2 * np.clip(blurred, 0, 0.5))
    assert softened(mask, 0.0) is mask


def test_an_objective_is_the_weighted_sum_of_its_terms():
    output, target, mask = pictures(2, 10, 0, torch.float32)
    eyes = mask * (mask > 0.7)
    terms = {
        "near": term("mae", weight=0.5, mask_weight=0.3),
        "dssim": term("dssim", weight=10.0, mask_weight=1.0, masking="pictures", mask_blur=0.1, **SETTINGS["dssim"]),
        "eyes": term("mae", weight=3.0, mask_weight=1.0, masking="whole", region="eyes"),
        "mse": term("mse"),
    }
    loss, found = Objective(terms)(output, target, {"face": mask, "eyes": eyes})
    soft = softened(mask, 0.1)
    expected = {
        "near": loss_of(output, target, mask, "mae", 0.3),
        "eyes": ((output - target).abs() * eyes).mean(),
        "dssim": loss_of(output, target, soft, "dssim", 1.0, "pictures", SETTINGS["dssim"]),
        "mse": loss_of(output, target, None, "mse", 0.0),
    }
    assert {k: loss.item() for k, loss in found.items()} == pytest.approx(
        {k: loss.item() for k, loss in expected.items()}
    )
    weighted = sum(terms[name].weight * part.item() for name, part in expected.items())
    assert loss.item() == pytest.approx(weighted)


def test_one_term_is_the_distance_itself_and_reads_no_mask():
    output, target, _ = pictures(2, 10, 0, torch.float32)
    loss, terms = MAE(output, target, {})
    assert torch.equal(loss, (output - target).abs().mean())
    assert not terms
    assert not MAE.masked


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("order", ["a_then_b", "joint_half", "worse_first", "only_b"])
def test_every_term_is_logged_by_side(order, precision):
    objective = Objective(
        {"mae": term("mae"), "dssim": term("dssim", weight=2.0, mask_weight=0.5, **SETTINGS["dssim"])}
    )
    module = trained(order, "shared", steps=2, precision=precision, objective=objective)
    sides = "B" if order == "only_b" else "AB"
    row = module.last_losses
    assert set(row) == {f"loss_{side}{term}" for side in sides for term in ("", "/mae", "/dssim")}
    for side in sides:
        assert row[f"loss_{side}"] == pytest.approx(row[f"loss_{side}/mae"] + 2 * row[f"loss_{side}/dssim"], rel=1e-5)
    assert set(module.recent.means()) == set(row)


@pytest.mark.parametrize(("loss", "eyes", "mouth"), [("faceswap_2026", 3, 2), ("faceswap_2026_face", 0, 0)])
def test_faceswaps_loss_is_one_map_that_is_multiplied_by_its_masks(loss, eyes, mouth):
    output, target, face = pictures(2, 12, seed=3, dtype=torch.float32)
    masks = {"face": face, "eyes": torch.zeros_like(face), "mouth": torch.zeros_like(face)}
    masks["eyes"][:, :, 2:5], masks["mouth"][:, :, 8:10] = face[:, :, 2:5], face[:, :, 8:10]
    found, _ = objective_of(config_for(f"loss={loss}"))(output, target, masks)
    o, t = output.double().numpy(), target.double().numpy()
    padded = (np.pad(x, ((0, 0), (0, 0), (5, 5), (5, 5)), "reflect") for x in (o, t))
    weight = face.double().numpy()
    weight[:, :, 2:5] *= 1 + eyes
    weight[:, :, 8:10] *= 1 + mouth
    assert found.item() == pytest.approx((weight * (1 - slow_ssim(*padded, 11, 1.5) + (o - t) ** 2)).mean(), rel=1e-4)
