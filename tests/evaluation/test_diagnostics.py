import math

import numpy as np
import pytest
import torch

from faceswap_lab.evaluation.codes import kernel_alignment, probe_accuracy, twins_found
from faceswap_lab.evaluation.diagnostics import diagnose
from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.autoencoder import Autoencoder
from tests.evaluation.pictures import random_held_out
from tests.models.tiny import encoder_of, out_of, tiny

CODES = {"code_twins_AB", "code_twins_BA", "code_cka", "code_probe"}
SATURATED = {"saturated_A", "saturated_B"}
DECODERS = {"dead_decoder_A_0", "dead_decoder_B_0"}


@pytest.mark.parametrize("encoders", [1, 2])
@pytest.mark.parametrize("paired", [True, False])
def test_every_number_by_name_and_none_that_does_not_exist(encoders, paired):
    numbers = diagnose(Autoencoder(tiny(16, encoders=encoders)), random_held_out(paired=paired))
    names = ("encoder",) if encoders == 1 else ("encoder_A", "encoder_B")
    layers = {f"dead_{name}_{layer}" for name in names for layer in (0, 1, "up")}
    assert set(numbers) == layers | DECODERS | SATURATED | (CODES if paired else {"code_probe"})
    assert all(type(value) is float and math.isfinite(value) for value in numbers.values())


@pytest.mark.parametrize("encoders", [1, 2])
def test_the_codes_compared_are_those_of_each_sides_own_encoder(encoders):
    held_out, model = random_held_out(), Autoencoder(tiny(16, encoders=encoders))
    with torch.no_grad():
        a, b = (encoder_of(model, s).to_code(held_out.images[s]).double() for s in "AB")
    numbers = diagnose(model, held_out)
    assert numbers["code_twins_AB"] == twins_found(a, b)
    assert numbers["code_twins_BA"] == twins_found(b, a)
    assert numbers["code_cka"] == pytest.approx(kernel_alignment(a, b), abs=1e-5)
    assert numbers["code_probe"] == probe_accuracy(a, b)


def test_twins_that_look_alike_share_the_code_and_cannot_be_told():
    held_out = random_held_out(n=40)
    held_out.images["B"].copy_(held_out.images["A"])
    numbers = diagnose(Autoencoder(tiny(16)), held_out)
    assert numbers["code_twins_AB"] == numbers["code_twins_BA"] == 1
    assert numbers["code_cka"] == pytest.approx(1)
    assert numbers["code_probe"] == 0.5
    held_out.images["B"].mul_(0.5)
    assert diagnose(Autoencoder(tiny(16)), held_out)["code_probe"] > 0.8


def test_batches_make_no_difference(monkeypatch):
    held_out, model = random_held_out(), Autoencoder(tiny(16, encoder_activation="relu"))
    whole = diagnose(model, held_out)
    monkeypatch.setattr("faceswap_lab.evaluation.diagnostics.BATCH", 5)
    assert diagnose(model, held_out) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(hidden, training):
    model = Autoencoder(tiny(16, encoder_activation=hidden)).train(training)
    for parameter in model.parts["encoder"].parameters():
        parameter.requires_grad_(False)
    out_of(model, "A").bias.grad = torch.ones(3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    streams = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = diagnose(model, random_held_out())
    assert diagnose(model, random_held_out()) == first
    assert torch.equal(torch.get_rng_state(), streams[0])
    assert (np.random.get_state()[1] == streams[1]).all()  # noqa: NPY002
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training == training
    assert [p.requires_grad for p in model.parameters()] == [
        n.startswith("parts.dec") for n, _ in model.named_parameters()
    ]
    assert [n for n, p in model.named_parameters() if p.grad is not None] == ["parts.decoder_A.stages.out.bias"]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_model_gone_nan_has_no_codes_to_compare_and_does_not_crash():
    model = Autoencoder(tiny(16))
    encoder_of(model, "A").stages["dense"].squeeze.weight.data.fill_(math.nan)
    numbers = diagnose(model, random_held_out())
    assert not CODES & set(numbers)
    assert all(map(math.isfinite, numbers.values()))


@pytest.mark.parametrize("output", OUTPUT)
def test_outputs_saturate_where_they_can(output):
    model = Autoencoder(tiny(16, decoder_activation=output))
    out_of(model, "A").bias.data.fill_(50)
    numbers = diagnose(model, random_held_out())
    assert numbers["saturated_A"] == (0 if output == "linear" else 1)
    assert numbers["saturated_B"] < 1
