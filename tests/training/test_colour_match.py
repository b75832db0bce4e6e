"""``colour_match=mean_a_to_b`` as built from a configuration: A has B's colours inside the network, and only there."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.training.build import autoencoder_of, module_of, samples_of
from tests.models.tiny import encoder_of, out_of
from tests.training.configs import config_for
from tests.training.tiny import trainer_for

COLOURS = {"A": (60, 100, 140), "B": (130, 90, 120)}  # one channel brighter, two darker
STORED, COVERAGE, BRIGHT = 64, 0.625, 250
EXACT = 2e-6


def faces_of(side, spread, count=4):
    """Return pictures of one colour each, ``spread`` apart around the side's, whose border the network never sees."""
    colours = np.array(COLOURS[side]) + spread * (np.arange(count) - (count - 1) / 2)[:, None]
    images = np.full((count, STORED, STORED, 3), BRIGHT, np.uint8)
    edge = 8  # of 12 pixels outside the crop
    images[:, edge:-edge, edge:-edge] = colours[:, None, None].astype(np.uint8)
    return Faces.joined(images, np.full((count, STORED, STORED), 255, np.uint8))


def data_of(spread):
    sides = {side: faces_of(side, spread) for side in "AB"}
    return FaceData(sides, sides, paired=False, fingerprint="flat")


def built(colour_match, *more, spread=0):
    config = config_for(f"colour_match={colour_match}", f"augmentation.coverage={COVERAGE}", "augmentation=none", *more)
    return config, autoencoder_of(config, data_of(spread))


def colour(side):
    return torch.tensor(COLOURS[side]).reshape(1, 3, 1, 1) / 255


def pictures(side, spread):
    """Return the side's pictures as the network would get them, (N, 3, 32, 32)."""
    images = faces_of(side, spread).images[:, 16:48, 16:48]
    return torch.tensor(images).permute(0, 3, 1, 2) / 255


def seen_inside(model, side, x):
    """Return what the side's encoder gets."""
    seen = []
    hook = encoder_of(model, side).register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
    model.reconstruct(side, x)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("encoders", ["one", "two"])
def test_the_network_sees_as_mean_of_a_the_mean_of_b(encoders):
    _, model = built("mean_a_to_b", f"encoders={encoders}", spread=8)
    inside = {side: seen_inside(model, side, pictures(side, 8)) for side in "AB"}
    for side in "AB":
        torch.testing.assert_close(inside[side].mean((0, 2, 3)), colour("B").ravel(), atol=EXACT, rtol=0)
    assert torch.equal(inside["B"], pictures("B", 8))
    assert inside["A"].std(0).mean() == pytest.approx(pictures("A", 8).std(0).mean().item(), abs=EXACT)


def test_without_it_the_network_sees_a_as_it_is():
    _, model = built("none")
    assert torch.equal(seen_inside(model, "A", pictures("A", 0)), pictures("A", 0))


def saying(model, said):
    """Let both decoders answer one colour, whatever they see."""
    for side in model.sides:
        torch.nn.init.zeros_(out_of(model, side).weight)
        out_of(model, side).bias.data = said.ravel().clone()
    return model


def test_each_side_leaves_in_its_own_colours():
    """A network that answers B's mean has reconstructed A, and has swapped A to B."""
    model = saying(built("mean_a_to_b", "decoder_activation=linear")[1], colour("B"))
    x = pictures("A", 0)
    for source, target in ("AA", "BA", "BB", "AB"):
        made = model.swap(x, source, target)
        torch.testing.assert_close(made, colour(target).expand_as(made), atol=EXACT, rtol=0)


@pytest.mark.parametrize(("colour_match", "loss_a"), [("mean_a_to_b", 0.0), ("none", (70 + 10 + 20) / 3 / 255)])
def test_training_asks_for_as_own_colours(colour_match, loss_a):
    """So the same network has nothing to learn."""
    config, model = built(
        colour_match,
        "decoder_activation=linear",
        "update_order=joint",
        "optimizer_state=shared",
        "logger.every_steps=1",
    )
    module = module_of(config, saying(model, colour("B")))
    samples = samples_of(config, data_of(0), 0)
    samples.dataset = replace(samples.dataset, last_step=1)
    trainer_for(order="joint").fit(module, samples)
    assert module.last_losses == {
        "loss_A": pytest.approx(loss_a, abs=EXACT),
        "loss_B": pytest.approx(0, abs=EXACT),
    }
