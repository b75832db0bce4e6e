"""Flat parts against closed forms and finite differences; dead units against networks written out by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from faceswap_lab.evaluation.units import FLAT, Units, flat, slopes, watched
from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.autoencoder import Autoencoder
from tests.evaluation.pictures import noise
from tests.models.tiny import decoder_of, encoder_of, out_of, tiny
from tests.no_float64 import NoFloat64

Z = torch.linspace(-9, 9, 1801) + 0.003  # off the kinks
RANGES = ("unit", "signed")
FLAT_PARTS = {  # name: where it must be flat, in closed form
    "leaky_relu": lambda z: z < 0,
    "relu": lambda z: z < 0,
    "prelu": lambda z: z < 0,
    "elu": lambda z: z < math.log(FLAT),
    "tanh": lambda z: z.cosh() > 10,
}
FLAT_OUTPUTS = {
    "sigmoid": lambda z, r: (z / 2).cosh() > 10,
    "tanh": lambda z, r: z.cosh() > 10,
    "hard_sigmoid": lambda z, r: z.abs() > 2.5,
    "clamp": lambda z, r: (z > 1) | (z < (0 if r == "unit" else -1)),
    "linear": lambda z, r: z > math.inf,
}


def differences(activation, z):
    """|f'| by central differences, in float64."""
    z = z.double()
    with torch.no_grad():
        return ((activation(z + 1e-6) - activation(z - 1e-6)) / 2e-6).abs()


@pytest.mark.parametrize("name", HIDDEN)
def test_slopes_and_flat_parts_of_hidden_activations(name):
    activation = HIDDEN[name](None)
    by_hand = differences(activation.double(), Z)
    torch.testing.assert_close(slopes(activation, Z.double()), by_hand, atol=1e-6, rtol=1e-5)
    widest = differences(activation, torch.linspace(-20, 20, 40002))
    expected = by_hand - widest.min() < FLAT * (widest.max() - widest.min())
    activation.float()
    assert ((flat(activation, Z) != expected).sum()) <= 2  # a step of the grid at each border
    if name in FLAT_PARTS:
        assert (flat(activation, Z) != FLAT_PARTS[name](Z)).sum() <= 2


def test_every_output_activation_is_tested_here():
    assert set(OUTPUT) == set(FLAT_OUTPUTS)


@pytest.mark.parametrize("name", OUTPUT)
@pytest.mark.parametrize("value_range", RANGES)
def test_flat_parts_of_output_activations(name, value_range):
    found = flat(lambda z: OUTPUT[name](z, value_range), Z)
    assert (found != FLAT_OUTPUTS[name](Z, value_range)).sum() <= 2


@pytest.mark.parametrize(("slope", "side"), [(0.1, -1), (0.9, -1), (3.0, 1)])
def test_the_flatter_branch_is_the_flat_one_whatever_a_learned_slope_has_become(slope, side):
    assert torch.equal(flat(HIDDEN["prelu"](slope), Z), Z * side > 0)


def test_a_straight_line_is_flat_nowhere():
    assert not flat(HIDDEN["prelu"](1.0), Z).any()
    assert not flat(lambda z: 1e-4 * z + 3, Z).any()


def test_an_activation_that_changes_its_input_is_measured_without_harm():
    z = Z.clone()
    assert torch.equal(flat(torch.nn.ReLU(inplace=True), z), Z < 0)
    assert torch.equal(z, Z)


def dead_by_hand(model, name, faces):
    """The pre-activations (N, C, H, W) of every layer in turn, each channel judged by finite differences."""
    f = HIDDEN[name](0.2 if name in ("leaky_relu", "prelu") else None).double()
    widest = differences(f, torch.linspace(-20, 20, 4002))
    least, span = widest.min(), widest.max() - widest.min()
    seen = {}

    def look(layer, z):
        seen.setdefault(layer, []).append(z)
        return f(z.double()).float()

    with torch.no_grad():
        for side, x in faces.items():
            encoder, decoder = encoder_of(model, side).stages, decoder_of(model, side).stages
            prefix = "encoder" if "encoder" in model.parts else f"encoder_{side}"
            for i in "01":
                conv = encoder[i].conv
                x = look(f"{prefix}_{i}", F.conv2d(F.pad(x, (1, 2, 1, 2)), conv.weight, conv.bias, stride=2))
            dense = encoder["dense"]
            x = dense.expand(dense.squeeze(x.flatten(1))).reshape(len(x), -1, 4, 4)
            x = F.pixel_shuffle(look(f"{prefix}_up", encoder["up"].conv(x)), 2)
            x = F.pixel_shuffle(look(f"decoder_{side}_0", decoder["0"].conv(x)), 2)
    shares = {}
    for layer, parts in seen.items():
        z = torch.cat(parts)
        dead = [bool((differences(f, z[:, c]) - least < FLAT * span).all()) for c in range(z.shape[1])]
        shares[layer] = sum(dead) / len(dead)
    return shares


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("encoders", [1, 2])
def test_dead_units_against_a_network_written_out(name, encoders):
    slope = 0.2 if name in ("leaky_relu", "prelu") else None
    model = Autoencoder(tiny(16, encoder_activation=name, encoder_slope=slope, encoders=encoders), seed=3)
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.bias.data = 4 * torch.randn(module.bias.shape, generator=generator)
    faces = {"A": noise(1, 5, 16), "B": noise(2, 3, 16)}
    with watched(model) as units, torch.no_grad():
        for side, x in faces.items():
            for part in x.split(2):
                model.reconstruct(side, part)
    expected = dead_by_hand(model, name, faces)
    assert units.dead_shares() == pytest.approx(expected)
    some = name != "x_cos_x"  # which is flat in slivers alone
    assert (sum(expected.values()) > 0) is some
    assert sum(expected.values()) < len(expected)


def test_one_face_of_one_side_brings_a_shared_unit_to_life():
    model = Autoencoder(tiny(16, encoder_activation="relu"))
    first = encoder_of(model, "A").stages["0"].conv
    first.weight.data.fill_(1)
    first.bias.data = torch.tensor([-20.0, -20.0, 1.0, -300.0])  # 25 taps of 3 channels: a white face reaches 75
    with watched(model) as units, torch.no_grad():
        model.reconstruct("A", torch.zeros(4, 3, 16, 16))
        assert units.dead_shares()["encoder_0"] == 0.75
        model.reconstruct("B", torch.cat([torch.zeros(3, 3, 16, 16), torch.ones(1, 3, 16, 16)]))
    assert units.dead_shares()["encoder_0"] == 0.25


@settings(max_examples=20)
@given(st.sampled_from(sorted(OUTPUT)), st.sampled_from(RANGES), st.floats(0.1, 100))
def test_saturated_values_against_closed_forms(name, value_range, gain):
    model = Autoencoder(tiny(16, decoder_activation=name, value_range=value_range), seed=1)
    faces = {"A": noise(1, 5, 16), "B": noise(2, 3, 16)}
    units = Units()
    with torch.no_grad():
        for side, x in faces.items():
            out_of(model, side).weight.mul_(gain)
            for part in x.split(2):
                units.see_output(side, lambda z: OUTPUT[name](z, value_range), model.pre_activation(side, part))
    shares = units.saturated_shares()
    for side, x in faces.items():
        entered = x if value_range == "unit" else 2 * x - 1
        with torch.no_grad():
            z = decoder_of(model, side)(encoder_of(model, side)(entered))
        expected = FLAT_OUTPUTS[name](z, value_range).float().mean().item()
        assert shares[side] == pytest.approx(expected, abs=2 / z.numel())


def test_hooks_are_taken_off_even_if_the_model_fails():
    model = Autoencoder(tiny(16))
    with pytest.raises(RuntimeError), watched(model):
        model.reconstruct("A", torch.zeros(1, 3, 8, 8))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_device_needs_no_float64():
    units = Units()
    units.see("layer", HIDDEN["relu"](None), (torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1),))
    with NoFloat64():
        assert units.dead_shares() == {"layer": 0.5}
