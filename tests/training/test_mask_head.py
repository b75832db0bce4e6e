"""The mask that a decoder draws beside the face: its layers written out, its loss by hand; pictures stay pictures."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from faceswap_lab.data.faces import sides_of
from faceswap_lab.models.architecture import Architecture, from_plain, to_plain
from faceswap_lab.models.autoencoder import Autoencoder, Samples
from faceswap_lab.topology import ORIGINAL, TopologyError, expand
from faceswap_lab.training.build import architecture_of, module_of, samples_of
from tests.topology.shipped import MOST_SIDES, SIZES, shipped
from tests.training.configs import config_for, noise_data
from tests.training.tiny import SEED

HEAD = dataclasses.replace(SIZES, mask_head=(5,) * len(SIZES.decoder_widths))


def model_with(sizes=HEAD, topology="original", people=2):
    return Autoencoder(Architecture(32, shipped(topology, "ABC"[:people], sizes)), SEED)


def faces(n=3):
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(n))


def test_the_mask_is_its_layers_and_the_face_is_what_it_was_without():
    model, plain, x = model_with(), model_with(SIZES), faces()
    (drawn,) = model.reconstruct_all([Samples("A", x)])
    assert torch.equal(drawn.faces, plain.reconstruct("A", x)), "the head starts last, so it changes nobody's start"
    assert torch.equal(model.swap(x, "A", "B"), plain.swap(x, "A", "B"))
    assert plain.reconstruct_all([Samples("A", x)])[0].mask is None
    seen, of = model.parts["encoder"](x), dict(model.parts["decoder_A"].mask.named_parameters())
    ups = len(HEAD.mask_head)
    for i in range(ups):
        conv = F.conv2d(seen, of[f"{i}.conv.weight"], of[f"{i}.conv.bias"], padding=1)
        seen = F.pixel_shuffle(F.leaky_relu(conv, 0.1), 2)
    logit = F.conv2d(seen, of[f"{ups}.weight"], of[f"{ups}.bias"], padding=2)
    torch.testing.assert_close(drawn.mask, 1 / (1 + torch.exp(-logit)))
    assert drawn.mask.shape == (3, 1, 32, 32)
    assert model.pre_activation("A", x).shape == (3, 3, 32, 32)
    assert from_plain(to_plain(model.architecture)) == model.architecture


@pytest.mark.parametrize(("order", "weight"), [("a_then_b", 0.0), ("joint", 2.5)])
def test_its_error_is_logged_and_moves_it_by_its_weight(order, weight):
    config = config_for(f"update_order={order}", "optimizer_state=shared", "model.mask_head=[4,4]")
    config = dataclasses.replace(config, loss=dataclasses.replace(config.loss, weight_mask=weight))
    data, model = noise_data(), Autoencoder(architecture_of(config), config.seed)
    module = module_of(config, model, data)
    module.configure_optimizers()
    gradients = []
    module.step.backward = lambda loss: (gradients.append(grads(loss, model)), loss.backward())
    batch = samples_of(config, data, 0).train_dataloader().dataset[0]
    drawn = {p.side: model.reconstruct_all([Samples(p.side, p.input.permute(0, 3, 1, 2) / 255)])[0] for p in batch}
    errors = {p.side: (drawn[p.side].mask - p.mask[:, None] / 255).square().mean() for p in batch}
    due = grads(weight * (errors["A"] if order == "a_then_b" else errors["A"] + errors["B"]), model)
    module.make_step(batch)
    (portion,) = [portion for portion in module.step.terms if portion.side == "A"]
    torch.testing.assert_close(module.step.terms[portion]["mask_head"], errors["A"].detach())
    head = [name for name in due if ".mask." in name and ("decoder_A" in name or order == "joint")]
    assert head
    for name in head:
        torch.testing.assert_close(gradients[0][name], due[name], atol=1e-7, rtol=1e-4)
        assert bool(due[name].any()) == bool(weight)


def grads(loss, model):
    found = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True, retain_graph=True)
    return {name: g for (name, _), g in zip(model.named_parameters(), found, strict=True) if g is not None}


@pytest.mark.parametrize("topology", ["liae", "iae", "told_decoder", "amp", "weaker_a"])
def test_with_every_topology_of_whole_decoders_it_learns(topology):
    people = MOST_SIDES.get(topology, 3)
    start, model = model_with(topology=topology, people=people), model_with(topology=topology, people=people)
    last = model.sides[-1]
    (x,) = [drawn.mask for drawn in model.reconstruct_all([Samples(last, faces())])]
    assert x.shape == (3, 1, 32, 32)
    loss = sum((d.mask - 1).square().mean() for d in model.reconstruct_all([Samples(s, faces()) for s in model.sides]))
    loss.backward()
    heads = [p for name, p in model.named_parameters() if ".mask." in name]
    assert heads
    assert all(p.grad is not None and p.grad.any() for p in heads)
    assert start.swap(faces(), "A", last).shape == (3, 3, 32, 32)


def test_a_head_that_does_not_fit_is_refused():
    with pytest.raises(TopologyError, match=r"mask_head has 1 widths, and there are \d doublings"):
        expand(ORIGINAL, sides_of(2), dataclasses.replace(SIZES, mask_head=(4,)))
    with pytest.raises(TopologyError, match="mask_head needs a whole decoder"):
        model_with(topology="shared_decoder_start")
