"""The counted cost of a step against torch's own counter, the layers' arithmetic by hand, and the issue's figure."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.roofline import H100, predicted, reduction_seconds, ridge
from benchmarks.scaling import ORIGINAL, SIZES, family, of_family, parameters, state_bytes
from benchmarks.step_cost import step_cost
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.data.faces import sides_of
from faceswap_lab.models.architecture import original
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.orders import ORDERS
from faceswap_lab.topology import Sizes
from faceswap_lab.training.step.losses import loss_of
from tests.models.tiny import tiny


def by_hand(a: Sizes, faces: int) -> int:
    """Two operations per weight and output pixel forward; twice that backward, but once for the very first layer."""
    forward, size, channels = [], a.resolution, 3
    for width in a.encoder_widths:
        size //= 2
        forward.append(2 * 25 * channels * width * size**2)
        channels = width
    forward += [2 * 16 * channels * a.code_size] * 2
    for width in (a.bridge_width, *a.decoder_widths):
        forward.append(2 * 9 * channels * 4 * width * size**2)
        size, channels = 2 * size, width
    forward.append(2 * 25 * channels * 3 * size**2)
    return faces * (3 * sum(forward) - forward[0])


def test_a_full_size_step_is_1457_gflop():
    assert step_cost(ORIGINAL, 64).flops == pytest.approx(1457e9, rel=1e-3)


@settings(max_examples=15)
@given(st.sampled_from([32, 64, 128]), st.integers(1, 9), st.integers(1, 5))
def test_operations_are_those_of_the_layers(resolution, width, batch):
    assert step_cost(of_family(resolution, width), batch).flops == 2 * by_hand(family(resolution, width), batch)


def test_torchs_own_counter_agrees():
    model = Autoencoder(tiny())
    with FlopCounterMode(display=False) as counter:
        for side in "AB":
            x = torch.rand(4, 3, 32, 32)
            loss_of(model.reconstruct(side, x), x, None, "mae", 0.0).backward()
    assert step_cost(tiny(), 4).flops == counter.get_total_flops()


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_can_be_counted(order):
    cost, plain = step_cost(tiny(), 4, order), step_cost(tiny(), 4)
    extra = by_hand(Sizes(32, (4, 4, 4), 8, 4, (4, 4)), 4) / plain.flops
    assert {"only_a": 0.5, "only_b": 0.5}.get(order, 1) * plain.flops <= cost.flops <= (1 + extra) * plain.flops


def test_updates_and_what_is_kept():
    """Own moments: the shared encoder is updated twice. A joint step has both sides' activations at once."""
    counts, in_turn, joint = parameters(ORIGINAL), step_cost(ORIGINAL, 64), step_cost(ORIGINAL, 64, "joint")
    assert sum(in_turn.updates) == 2 * counts["encoder"] + counts["decoder_A"] + counts["decoder_B"]
    assert step_cost(ORIGINAL, 64, "accumulate").updates == in_turn.updates
    assert joint.updates == (counts["total"],)
    assert joint.kept == 2 * in_turn.kept
    assert step_cost(ORIGINAL, 32).kept == pytest.approx(in_turn.kept / 2, rel=1e-3)


def test_what_is_kept_is_what_a_real_forward_pass_leaves_allocated():
    model, pixels = Autoencoder(tiny()), torch.zeros(16, 32, 32, 3, dtype=torch.uint8)

    def forward():
        faces = [pixels.permute(0, 3, 1, 2) / 255 for _ in range(2)]
        return loss_of(model.reconstruct("A", faces[0]), faces[1], None, "mae", 0.0)

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        loss = forward()
    allocated = sum(event.self_cpu_memory_usage for event in seen.key_averages())
    assert loss.requires_grad  # its graph is what holds the memory
    assert step_cost(tiny(), 16).kept == pytest.approx(allocated, rel=0.1)


def test_memory_between_steps_is_the_checkpoints():
    state = state_bytes(ORIGINAL)
    assert state["weights"] + state["own"] == pytest.approx(1_542_101_945, rel=1e-3)  # a checkpoint of scale=original


def test_sides_are_added_up():
    two, eight = (step_cost(original(sides=sides_of(n)), 8) for n in (2, 8))
    assert two == step_cost(ORIGINAL, 8)
    assert eight.flops == 4 * two.flops
    assert len(eight.updates) == 8


@pytest.mark.parametrize("name", SIZES)
def test_scales_are_those_of_the_configuration(name):
    stated = OmegaConf.load(conf_dir() / "scale" / f"{name}.yaml")
    sizes, batch, steps = SIZES[name]
    for field, value in stated.model.items():
        assert getattr(sizes, field) == (tuple(value) if OmegaConf.is_list(value) else value), field
    assert (batch, steps) == (stated.scale.batch_size, stated.training.max_steps)


def test_a_prediction_is_the_slower_of_arithmetic_and_memory():
    cost = step_cost(ORIGINAL, 64)
    for precision, share in H100.shares.items():
        arithmetic = cost.flops / (share * H100.flops[precision])
        memory = cost.bytes / (H100.bandwidth_share * H100.bandwidth)
        device = predicted(cost, H100, precision).device
        assert max(arithmetic, memory) <= device <= arithmetic + memory
    assert predicted(step_cost(of_family(32, 1), 1), H100, "bf16").bound == "launches"
    assert ridge(H100, "bf16") == pytest.approx(0.4 * 989 / (0.8 * 3.35))


def test_a_ring_of_many_moves_every_gradient_twice():
    one_pass = 4 * 10**6 / (H100.bandwidth_share * H100.link)
    assert reduction_seconds(10**6, 1, 1, H100) == 0
    np.testing.assert_allclose(reduction_seconds(10**6, 3, 1000, H100), 6 * one_pass, rtol=2e-3)
