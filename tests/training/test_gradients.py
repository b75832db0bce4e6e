import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.gradients import gradient_diagnostics
from faceswap_lab.training.step.losses import loss_of
from faceswap_lab.training.step.objective import MAE, Objective
from tests.evaluation.pictures import random_held_out
from tests.models.tiny import decoder_of, encoder_of, out_of, tiny
from tests.no_float64 import NoFloat64
from tests.topology.shipped import architecture
from tests.training.tiny import single, term

SIDES = ("A", "B")
PREACT = {"preact_grad_A", "preact_grad_B"}
STEP = 1e-8


def first(held_out, n):
    return HeldOut(
        {s: held_out.images[s][:n] for s in SIDES}, {s: held_out.masks[s][:n] for s in SIDES}, None, held_out.paired
    )


def slow_preact(model, held_out, side, loss, weight):
    """By central differences, one value of z at a time, in float64.

    The step is small beside the distance of untrained outputs (0.01 and less) from the corner of a cut at 0.
    """
    a, x, mask = model.architecture, held_out.images[side].double(), held_out.masks[side].double()
    signed = a.value_range == "signed"
    with torch.no_grad():
        entered = held_out.images[side] * 2 - 1 if signed else held_out.images[side]
        z = decoder_of(model, side)(encoder_of(model, side)(entered)).double()

        def at(values):
            y = OUTPUT[a.decoder_activation](values, a.value_range)
            return loss_of((y + 1) / 2 if signed else y, x, mask, loss, weight).item()

        squares, flat = 0.0, z.view(-1)
        for i, value in enumerate(flat.tolist()):
            flat[i] = value + STEP
            above = at(z)
            flat[i] = value - STEP
            squares += ((above - at(z)) / (2 * STEP)) ** 2
            flat[i] = value
    return math.sqrt(squares / len(flat)) * len(flat)


@settings(max_examples=12)
@given(
    st.sampled_from(sorted(OUTPUT)),
    st.sampled_from(["unit", "signed"]),
    st.sampled_from(["mae", "mse"]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.integers(0, 99),
)
@example("clamp", "unit", "mae", 0.0, 89)  # two outputs within 4e-7 of the corner
def test_the_gradient_at_the_output_against_differences(output, value_range, loss, weight, seed):
    model = Autoencoder(tiny(16, decoder_activation=output, value_range=value_range), seed)
    held_out = random_held_out()
    numbers = gradient_diagnostics(model, held_out, single(loss, weight), faces=1)
    for side in SIDES:
        expected = slow_preact(model, first(held_out, 1), side, loss, weight)
        assert numbers[f"preact_grad_{side}"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("faces", [1, 7, 12, 500])
def test_mean_absolute_error_behind_a_linear_output_is_1(faces):
    for value_range, expected in (("unit", 1), ("signed", 0.5)):
        model = Autoencoder(tiny(16, decoder_activation="linear", value_range=value_range))
        numbers = gradient_diagnostics(model, random_held_out(), MAE, faces)
        assert [numbers[name] for name in sorted(PREACT)] == pytest.approx([expected] * 2, rel=1e-6)


def test_a_mask_brings_the_factor_that_is_promised():
    held_out = random_held_out()
    for side in SIDES:
        held_out.masks[side].zero_()
        held_out.masks[side][..., :4] = 1  # a quarter of 16 columns
    numbers = gradient_diagnostics(Autoencoder(tiny(16, decoder_activation="linear")), held_out, single("mae", 1.0))
    assert [numbers[name] for name in sorted(PREACT)] == pytest.approx([2, 2])


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("loss", "weight"), [("mae", 0.0), ("mse", 1.0)])
def test_the_cosine_is_that_of_two_backward_passes(hidden, loss, weight):
    model, held_out = Autoencoder(tiny(16, encoder_activation=hidden), seed=2), random_held_out()
    numbers = gradient_diagnostics(model, held_out, single(loss, weight), faces=9)
    pulls = []
    for side in SIDES:
        model.zero_grad()
        x, mask = held_out.images[side][:9], held_out.masks[side][:9]
        loss_of(model.reconstruct(side, x), x, mask, loss, weight).backward()
        pulls.append(
            np.concatenate([p.grad.numpy().ravel() for p in model.parts["encoder"].parameters()]).astype(float)
        )
    expected = pulls[0] @ pulls[1] / np.linalg.norm(pulls[0]) / np.linalg.norm(pulls[1])
    assert numbers["grad_cosine"] == pytest.approx(expected, abs=1e-6)
    assert abs(expected) < 0.999


def test_every_shared_part_has_a_cosine_of_its_own():
    model, held_out = Autoencoder(architecture("iae"), seed=2), random_held_out(r=32)
    numbers = gradient_diagnostics(model, held_out, MAE)
    pulls = {name: [] for name in ("encoder", "inter_both", "decoder")}
    for side in SIDES:
        model.zero_grad()
        x = held_out.images[side]
        loss_of(model.reconstruct(side, x), x, None, "mae", 0.0).backward()
        for name, own in pulls.items():
            own.append(np.concatenate([p.grad.numpy().ravel() for p in model.parts[name].parameters()]).astype(float))
    expected = {name: a @ b / np.linalg.norm(a) / np.linalg.norm(b) for name, (a, b) in pulls.items()}
    assert {key: value for key, value in numbers.items() if key.startswith("grad_cosine")} == pytest.approx(
        {
            "grad_cosine": expected["encoder"],
            "grad_cosine_inter_both": expected["inter_both"],
            "grad_cosine_decoder": expected["decoder"],
        },
        abs=1e-5,
    )


def test_sides_that_ask_for_the_same_and_for_the_opposite():
    held_out, model = random_held_out(), Autoencoder(tiny(16, decoder_activation="linear"))
    held_out.images["B"].copy_(held_out.images["A"])
    decoder_of(model, "B").load_state_dict(decoder_of(model, "A").state_dict())
    same = gradient_diagnostics(model, held_out, MAE)
    assert same["grad_cosine"] == pytest.approx(1)
    assert same["preact_grad_A"] == same["preact_grad_B"]
    out_of(model, "A").bias.data.fill_(100.0)  # every value too high
    out_of(model, "B").bias.data.fill_(-100.0)  # every value too low
    assert gradient_diagnostics(model, held_out, MAE)["grad_cosine"] == pytest.approx(-1)


def test_what_does_not_exist_is_left_out():
    held_out = random_held_out()
    assert set(gradient_diagnostics(Autoencoder(tiny(16)), held_out, MAE)) == PREACT | {"grad_cosine"}
    assert set(gradient_diagnostics(Autoencoder(tiny(16, encoders=2)), held_out, MAE)) == PREACT
    frozen = Autoencoder(tiny(16))
    frozen.parts["encoder"].requires_grad_(False)
    assert set(gradient_diagnostics(frozen, held_out, MAE)) == PREACT
    stuck = Autoencoder(tiny(16, decoder_activation="clamp"))
    out_of(stuck, "A").bias.data.fill_(50)
    numbers = gradient_diagnostics(stuck, held_out, MAE)
    assert set(numbers) == PREACT
    assert numbers["preact_grad_A"] == 0
    lost = Autoencoder(tiny(16))
    encoder_of(lost, "A").stages["dense"].squeeze.weight.data.fill_(math.nan)
    assert gradient_diagnostics(lost, held_out, MAE) == {}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_model_is_left_as_it_was(frozen, training):
    model = Autoencoder(tiny(16)).train(training).requires_grad_(not frozen)
    bias = out_of(model, "A").bias
    bias.grad = torch.ones(3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = torch.get_rng_state()
    with torch.no_grad():  # as at the end of a training
        numbers = gradient_diagnostics(model, random_held_out(), MAE)
    assert numbers == gradient_diagnostics(model, random_held_out(), MAE)
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training == training
    assert {p.requires_grad for p in model.parameters()} == {not frozen}
    assert [p.grad.tolist() for p in model.parameters() if p.grad is not None] == [[1, 1, 1]]
    assert not any(m._forward_hooks for m in model.modules())


def test_a_term_counts_as_it_does_now():
    model, held_out = Autoencoder(tiny(16)), random_held_out()
    terms = {"mae": term("mae", mask_weight=0.0), "mse": term("mse", weight=0.0, mask_weight=0.0)}
    now = gradient_diagnostics(model, held_out, Objective(terms), weights={"mae": 0.0, "mse": 1.0})
    assert now == pytest.approx(gradient_diagnostics(model, held_out, single("mse", 0.0)))
    assert now != pytest.approx(gradient_diagnostics(model, held_out, Objective(terms)))


def test_a_device_needs_no_float64():
    model, held_out = Autoencoder(tiny(16)), random_held_out()
    with NoFloat64():
        numbers = gradient_diagnostics(model, held_out, MAE)
    assert numbers == gradient_diagnostics(model, held_out, MAE)
