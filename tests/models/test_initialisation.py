import math

import pytest
import scipy.stats
import torch
from torch import nn

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.initialisation import INITIALISATIONS, initialise
from tests.models.tiny import decoder_of, encoder_of, tiny

LAYERS = {  # layer: (fan_in, fan_out)
    "conv": (lambda: nn.Conv2d(24, 40, 5), 24 * 25, 40 * 25),
    "dense": (lambda: nn.Linear(200, 120), 200, 120),
}


def expected(name, fan_in, fan_out, layer="dense"):
    """Return the distribution as the papers (and torch's and Keras' documentation) state it."""
    if name in ("he", "normal"):
        return scipy.stats.norm(0, 0.02 if name == "normal" else math.sqrt(2 / ((1 + 0.1**2) * fan_in)))
    bounds = {"glorot": math.sqrt(6 / (fan_in + fan_out)), "torch": 1 / math.sqrt(fan_in)}
    bounds["keras_faceswap"] = math.sqrt(6 / fan_in) if layer == "conv" else bounds["glorot"]
    return scipy.stats.uniform(-bounds[name], 2 * bounds[name])


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", INITIALISATIONS)
def test_weights_follow_the_stated_distribution(name, layer):
    make, fan_in, fan_out = LAYERS[layer]
    module = make()
    initialise(module, name, seed=1)
    weights = module.weight.detach().numpy().ravel()
    distribution = expected(name, fan_in, fan_out, layer)
    assert weights.std() == pytest.approx(distribution.std(), rel=0.02)
    assert scipy.stats.kstest(weights, distribution.cdf).pvalue > 1e-3  # the seed is fixed: this holds or it does not


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_biases_are_zero_but_for_torchs_own(name):
    layer = nn.Linear(50, 4000)
    initialise(layer, name, seed=1)
    if name == "torch":
        assert scipy.stats.kstest(layer.bias.detach().numpy(), expected(name, 50, 0).cdf).pvalue > 1e-3
    else:
        assert not layer.bias.any()


def weights(component):
    return torch.cat([p.detach().ravel() for p in component.parameters()])


def models(seed=5, **changes):
    one = Autoencoder(tiny(**changes), seed)
    independent = Autoencoder(tiny(encoders=2, encoder_start="independent", **changes), seed)
    equal = Autoencoder(tiny(encoders=2, encoder_start="equal", **changes), seed)
    return one, independent, equal


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_a_component_starts_the_same_whatever_the_number_of_encoders(initialisation):
    one, independent, equal = models(initialisation=initialisation)
    for side in ("A", "B"):
        for other in (independent, equal):
            assert torch.equal(weights(decoder_of(one, side)), weights(decoder_of(other, side)))
    for other in (independent, equal):
        assert torch.equal(weights(encoder_of(one, "A")), weights(encoder_of(other, "A")))


def test_two_encoders_start_equal_or_independent_but_are_two():
    _, independent, equal = models()
    assert torch.equal(weights(encoder_of(equal, "A")), weights(encoder_of(equal, "B")))
    assert not torch.equal(weights(encoder_of(independent, "A")), weights(encoder_of(independent, "B")))
    assert encoder_of(equal, "A") is not encoder_of(equal, "B")


def test_components_and_seeds_are_independent_of_each_other():
    one, *_ = models()
    assert not torch.equal(weights(decoder_of(one, "A")), weights(decoder_of(one, "B")))
    assert not torch.equal(weights(decoder_of(one, "A")), weights(decoder_of(models(seed=6)[0], "A")))


def test_the_global_generator_is_neither_used_nor_moved():
    torch.manual_seed(1)
    first, state = weights(Autoencoder(tiny())), torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(weights(Autoencoder(tiny())), first)
    torch.manual_seed(1)
    Autoencoder(tiny())
    assert torch.equal(torch.get_rng_state(), state)
