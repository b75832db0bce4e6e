"""Fused Adam against torch's own loop, for every combination of memory layouts."""

import copy
import itertools

import pytest
import torch

from faceswap_lab.training.step.fused_adam import FusedAdam

SHAPES = ((8, 4, 5, 5), (4, 8, 3, 3), (6, 3, 5, 5), (8, 1, 1, 1), (40, 24), (24,))
LAYOUTS = (torch.contiguous_format, torch.channels_last)
SETTINGS = {"lr": 1e-2, "betas": (0.5, 0.999)}
STEPS = 3


def laid(tensor, layout):
    return tensor.clone(memory_format=layout) if tensor.dim() == 4 else tensor.clone()


def tensors(seed, layout):
    generator = torch.Generator().manual_seed(seed)
    return [laid(torch.randn(shape, generator=generator), layout) for shape in SHAPES]


def trained(make, weights, gradients, reloaded=None):
    """Return the weights after some steps; ``reloaded``: the layout of a second half's new weights."""
    p = [torch.nn.Parameter(w) for w in tensors(0, weights)]
    optimizer = make(p)
    for step in range(2 * STEPS):
        if step == STEPS and reloaded:
            saved, p = copy.deepcopy(optimizer.state_dict()), [torch.nn.Parameter(laid(q.data, reloaded)) for q in p]
            optimizer = make(p)
            optimizer.load_state_dict(saved)
        for q, gradient in zip(p, tensors(1 + step, gradients)):
            q.grad = gradient
        optimizer.step()
    return p


def loop(p):
    return torch.optim.Adam(p, **SETTINGS, foreach=False, fused=False)


@pytest.mark.parametrize(("weights", "gradients", "reloaded"), itertools.product(LAYOUTS, LAYOUTS, (None, *LAYOUTS)))
def test_it_is_adam_in_every_layout(weights, gradients, reloaded):
    right = trained(loop, torch.contiguous_format, torch.contiguous_format)
    made = trained(lambda p: FusedAdam(p, **SETTINGS), weights, gradients, reloaded)
    for ours, theirs in zip(made, right):
        torch.testing.assert_close(ours.detach(), theirs.detach(), rtol=1e-5, atol=1e-6)
        assert ours.stride() == laid(theirs.detach(), reloaded or weights).stride()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_is_torchs_fused_adam_bit_for_bit(layout):
    torchs = trained(lambda p: torch.optim.Adam(p, **SETTINGS, fused=True), layout, layout)
    for ours, theirs in zip(trained(lambda p: FusedAdam(p, **SETTINGS), layout, layout), torchs):
        assert torch.equal(ours, theirs)


def test_no_gradient_is_copied():
    """A copy would cost three times what the update does."""
    p = torch.nn.Parameter(laid(torch.randn(8, 4, 5, 5), torch.channels_last))
    p.grad = torch.randn_like(p)
    optimizer = FusedAdam([p], **SETTINGS)
    optimizer.step()
    with torch.profiler.profile() as profile:
        optimizer.step()
    names = [event.name for event in profile.events()]
    assert "aten::_fused_adam_" in names
    assert "aten::clone" not in names
