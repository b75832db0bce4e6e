"""A loss of eyes and mouth, from the configuration to the step and to the diagnostics."""

import numpy as np
import pytest
import torch

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.training.build import autoencoder_of, module_of, objective_of
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.order_effect.replica import Replica, batches_of
from faceswap_lab.training.step.regions import region_masks
from faceswap_lab.training.step.training_step import picture
from faceswap_lab.twins import Head, identity, render, sample_state, state_vector
from tests.training.configs import config_for


@pytest.fixture(scope="module")
def twins():
    def faces(name, seed, count):
        states = [sample_state(np.random.default_rng(seed + i)) for i in range(count)]
        head = Head(identity(name))
        drawn = [render(head, state, 64) for state in states]
        images, masks = np.stack([d.image for d in drawn]), np.stack([d.mask for d in drawn])
        return Faces.joined(images, masks, np.stack([state_vector(state) for state in states]))

    people = dict(zip("AB", ("ada", "ben")))
    train = {side: faces(name, 9, 5) for side, name in people.items()}
    held_out = {side: faces(name, 70, 3) for side, name in people.items()}
    return FaceData(train, held_out, True, "twins", tuple(people.values()))


def test_a_step_takes_the_error_of_eyes_and_mouth_as_often_as_it_says(twins):
    config = config_for("loss=mae_priority", "update_order=joint", "optimizer_state=shared", "augmentation=gentle")
    replica = Replica(config, twins, torch.device("cpu"))
    start = autoencoder_of(config, twins)
    for step, batch in enumerate(batches_of(config, twins)):
        found = replica.step(batch)
        if step == 0:
            expected = {p.side: _expected(start, p, replica.module.settings.regions[p.side].batch(0, 4)) for p in batch}
            assert found == pytest.approx(expected, rel=1e-5)
        if step == 2:
            break
    assert set(replica.module.step.terms[replica.plan.portions(0)[0]._replace(first=8)]) == {"eyes", "mae", "mouth"}


def test_eyes_and_mouth_are_where_the_warp_of_the_step_has_them(twins):
    words = ["update_order=joint", "optimizer_state=shared", "augmentation=warp_aligned", "augmentation.jitter=15"]
    config = config_for("loss=mae_priority", "+events.planned.warp={step: 1, strength: 0}", *words)
    replica = Replica(config, twins, torch.device("cpu"))
    for step, (batch, warp) in enumerate(zip(batches_of(config, twins), (1.0, 0.0))):
        regions = replica.module.settings.regions
        due, other = (
            {p.side: _expected(replica.autoencoder, p, regions[p.side].batch(4 * step, 4, w)) for p in batch}
            for w in (warp, 1 - warp)
        )
        assert replica.step(batch) == pytest.approx(due, rel=1e-5)
        assert due != pytest.approx(other, rel=1e-3)


def _expected(model, samples, ellipses):
    error = (model.reconstruct(samples.side, picture(samples.input)) - picture(samples.target)).abs()
    masks = region_masks(samples.mask.unsqueeze(1) / 255, torch.from_numpy(ellipses))
    return (error * (1 + 3 * masks["eyes"] + 2 * masks["mouth"])).mean().item()


def test_the_diagnostics_see_it_on_held_out_faces(twins):
    config = config_for("loss=mae_priority")
    numbers = {}
    for name in ("mae_priority", "mae"):
        judge = Judge(config_for(f"loss={name}"), twins, "tiny")
        numbers[name] = judge.on_the_way(autoencoder_of(config, twins))["preact_grad_A"]
        assert (judge.ellipses is not None) == (name == "mae_priority")
    assert numbers["mae_priority"] > 1.02 * numbers["mae"]


def test_a_loss_without_regions_asks_nobody_where_they_are(twins, monkeypatch):
    monkeypatch.setattr("faceswap_lab.data.regions.stored_ellipses", None)
    config = config_for("loss=dfl")
    module = module_of(config, autoencoder_of(config, twins), twins)
    assert not module.settings.regions
    assert not objective_of(config).regional
