import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.autoencoder import Autoencoder
from tests.models.tiny import decoder_of, encoder_of, out_of, tiny

Z = torch.linspace(-8, 8, 321, dtype=torch.float64)
UNIT = {  # closed forms, in NumPy
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: 1 / (1 + np.exp(-2 * z)),  # sigmoid at twice the gain
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "linear": lambda z: z,
    "clamp": lambda z: np.clip(z, 0, 1),
}
SIGNED = {
    "sigmoid": np.vectorize(lambda z: 2 / (1 + np.exp(-z)) - 1),
    "tanh": np.tanh,
    "hard_sigmoid": lambda z: np.clip(0.4 * z, -1, 1),
    "linear": lambda z: z,
    "clamp": lambda z: np.clip(z, -1, 1),
}
GRADIENT_AT_ZERO = {"sigmoid": 0.25, "tanh": 0.5, "hard_sigmoid": 0.2, "linear": 1.0}  # in the unit range


def test_every_output_activation_is_tested_here():
    assert set(OUTPUT) == set(UNIT) == set(SIGNED)


@pytest.mark.parametrize("name", OUTPUT)
@pytest.mark.parametrize(("value_range", "closed"), [("unit", UNIT), ("signed", SIGNED)])
def test_output_activations_are_their_closed_forms(name, value_range, closed):
    np.testing.assert_allclose(OUTPUT[name](Z, value_range).numpy(), closed[name](Z.numpy()), atol=1e-12)


@pytest.mark.parametrize(("name", "slope"), GRADIENT_AT_ZERO.items())
@pytest.mark.parametrize(("value_range", "factor"), [("unit", 1), ("signed", 2)])
def test_gain_of_output_activations(name, slope, value_range, factor):
    z = torch.zeros(1, requires_grad=True)
    OUTPUT[name](z, value_range).backward()
    assert z.grad.item() == pytest.approx(slope * (1 if name == "linear" else factor))


HIDDEN_FORMS = {  # name: (slope, closed form)
    "leaky_relu": (0.2, lambda z: torch.where(z > 0, z, 0.2 * z)),
    "relu": (None, lambda z: torch.where(z > 0, z, 0.0)),
    "elu": (0.5, lambda z: torch.where(z > 0, z, 0.5 * (torch.exp(z) - 1))),
    "gelu": (None, lambda z: z * torch.special.ndtr(z)),
    "silu": (None, lambda z: z / (1 + torch.exp(-z))),
    "prelu": (0.3, lambda z: torch.where(z > 0, z, 0.3 * z)),
    "x_cos_x": (None, lambda z: z * (1 - 2 * torch.sin(z / 2) ** 2)),
    "tanh": (None, lambda z: 1 - 2 / (torch.exp(2 * z) + 1)),
}


def test_every_hidden_activation_is_tested_here():
    assert set(HIDDEN) == set(HIDDEN_FORMS)


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_activations_are_their_closed_forms(name):
    slope, closed = HIDDEN_FORMS[name]
    torch.testing.assert_close(HIDDEN[name](slope).double()(Z), closed(Z), atol=1e-6, rtol=0)  # PReLU keeps a float32


def test_slope_zero_is_a_slope():
    assert HIDDEN["leaky_relu"](0.0)(torch.tensor(-1.0)).item() == 0.0


@pytest.mark.parametrize("name", HIDDEN)
def test_an_activation_stands_after_every_convolution_but_the_last(name):
    model = Autoencoder(tiny(encoder_activation=name, encoder_slope=HIDDEN_FORMS[name][0]))
    kind = type(HIDDEN[name](None))
    assert sum(isinstance(m, kind) for m in model.modules()) == 3 + 1 + 2 * 2


@settings(max_examples=30)
@given(
    st.sampled_from(["sigmoid", "tanh", "hard_sigmoid", "clamp"]), st.sampled_from(["unit", "signed"]), st.floats(0, 50)
)
def test_pictures_stay_between_0_and_1_inside_whatever_range(name, value_range, gain):
    model = Autoencoder(tiny(decoder_activation=name, value_range=value_range))
    with torch.no_grad():
        out_of(model, "A").weight.mul_(gain)
        y = model.reconstruct("A", torch.rand(1, 3, 32, 32))
    assert y.min() >= 0
    assert y.max() <= 1


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "hard_sigmoid"])
def test_the_network_sees_the_value_range_and_the_outside_does_not(name):
    """One model, both ranges: a signed network on 2x - 1 must answer what the signed model answers on x."""
    signed = Autoencoder(tiny(decoder_activation=name, value_range="signed"))
    x = torch.rand(2, 3, 32, 32)
    z = decoder_of(signed, "A")(encoder_of(signed, "A")(2 * x - 1))
    torch.testing.assert_close(signed.reconstruct("A", x), (OUTPUT[name](z, "signed") + 1) / 2)
    unit = Autoencoder(tiny(decoder_activation=name))
    torch.testing.assert_close(
        unit.reconstruct("A", x), OUTPUT[name](decoder_of(unit, "A")(encoder_of(unit, "A")(x)), "unit")
    )
