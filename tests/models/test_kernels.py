"""Kernel sizes as settings of the model: what they cost by the formula of each layer, and whose word counts."""

import pytest

from faceswap_lab.config import load
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.costs import costs
from faceswap_lab.training.build import architecture_of
from tests.config.shipped import OPTIONS, composed

AT = "scale=smoke"  # 32 px, encoder 8 16 32, code 64, bridge 32, decoder 16 8
DOWN = [(3, 8, 16), (8, 16, 8), (16, 32, 4)]  # channels in and out, the side of what comes out
UP = [(32, 16, 8), (16, 8, 16)]  # the same, the side of what the convolution gives


def architecture(*words):
    return architecture_of(load(composed(AT, *words), OPTIONS))


def conv(k, a, b, side):
    """Return the weights of a convolution, and its multiplications and additions."""
    return k**2 * a * b + b, 2 * k**2 * a * b * side**2


def dense(a, b):
    return a * b + b, 2 * a * b


def total(*layers):
    return tuple(map(sum, zip(*layers)))


def by_hand(k, up, out=5):
    """Return (weights, FLOPs) of encoder and decoder."""
    middle = dense(32 * 16, 64), dense(64, 32 * 16), conv(up, 32, 4 * 32, 4)
    encoder = total(*(conv(k, *layer) for layer in DOWN), *middle)
    return encoder, total(*(conv(up, a, 4 * b, side) for a, b, side in UP), conv(out, 8, 3, 32))


@pytest.mark.parametrize(("k", "up"), [(5, 3), (3, 3), (7, 5), (5, 1), (3, 7)])
@pytest.mark.parametrize("padding", ["same", "symmetric", "reflect"])
def test_kernels_change_weights_and_flops_by_the_formula_and_no_shape(k, up, padding):
    found = costs(architecture(f"model.kernel={k}", f"model.up_kernel={up}", f"padding={padding}"))
    encoder, decoder = by_hand(k, up)
    assert (found["encoder"].parameters, found["encoder"].flops) == encoder
    assert (found["decoder_A"].parameters, found["decoder_A"].flops) == decoder
    assert (found["encoder"].gives, found["decoder_B"].gives) == ((32, 8), (3, 32))


def test_without_a_word_the_kernels_are_those_of_before():
    assert architecture() == architecture("model.kernel=5", "model.up_kernel=3")
    assert architecture() != architecture("model.kernel=3") != architecture("model.up_kernel=1")


def test_a_part_s_own_kernel_counts_for_that_part():
    plain = composed(AT, "model.kernel=7", "model.up_kernel=5")
    plain["topology"]["parts"]["encoder_{side}"]["kernel"] = 3
    plain["topology"]["parts"]["decoder_{side}"]["up_kernel"] = 1
    found = costs(architecture_of(load(plain, OPTIONS)))
    assert (found["encoder"].parameters, found["encoder"].flops) == by_hand(3, 5)[0]
    assert (found["decoder_A"].parameters, found["decoder_A"].flops) == by_hand(7, 1)[1]


@pytest.mark.parametrize("downsamplers", ["separable", "pool_beside"])
def test_the_kernel_is_that_of_whatever_halves(downsamplers):
    kinds = {"separable": lambda stage: stage.conv.depthwise, "pool_beside": lambda stage: stage.conv}
    model = Autoencoder(architecture(f"model.downsamplers=[{downsamplers}]", "model.kernel=3"))
    stages = model.parts["encoder"].stages
    assert {kinds[downsamplers](stages[str(i)]).kernel_size for i in range(3)} == {(3, 3)}
