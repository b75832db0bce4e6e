"""The same code for the same state: the term beside its formula, its training beside a slow loop, its pairs as such."""

import re

import numpy as np
import pytest
import torch

from faceswap_lab.data.faces import FaceData
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.build import samplers_of
from faceswap_lab.training.step.losses import code_distance, codes_apart
from faceswap_lab.training.step.objective import Objective
from tests.data.recipes import noise_faces
from tests.models.tiny import tiny
from tests.topology.shipped import architecture
from tests.training.configs import config_for
from tests.training.slow_updates import SlowUpdates
from tests.training.tiny import BATCH, SEED, term, trained

WEIGHT, STEPS = 3.0, {"joint": 2, "joint_half": 1}  # two updates: after more, rounding at kinks has grown
SAME = ["loss=same_code", "data.states=shared", "update_order=joint", "optimizer_state=shared"]


def test_each_side_is_as_far_away_as_the_formula_says_and_is_pulled_alone():
    codes = [torch.randn(3, 5, generator=torch.Generator().manual_seed(i)).requires_grad_() for i in range(3)]
    plain = [code.detach().tolist() for code in codes]
    for side, apart in enumerate(codes_apart(codes)):
        others = [other for i, other in enumerate(plain) if i != side]
        squares = [
            (plain[side][sample][unit] - other[sample][unit]) ** 2
            for other in others
            for sample in range(3)
            for unit in range(5)
        ]
        assert apart.item() == pytest.approx(sum(squares) / len(squares), rel=1e-5)
        gradients = torch.autograd.grad(apart, codes, allow_unused=True)
        assert [g is not None for g in gradients] == [i == side for i in range(3)]


class Slow(SlowUpdates):
    """One mean of squared distances is minimised, to which both sides have a way back."""

    def together(self, count=BATCH):
        drawn = {side: self.draw(side, count) for side in "AB"}
        a, b = (self.model.code(drawn[side][0], side) for side in "AB")
        apart = ((a - b) ** 2).mean()
        loss = sum(self.loss(side, drawn[side]) for side in "AB") + WEIGHT * apart
        self.history.append(apart.item())
        self.state.step(["A", "B"], self.gradients(loss))


@pytest.mark.parametrize("order", ["joint", "joint_half"])
@pytest.mark.parametrize("encoders", [1, 2])
def test_training_is_its_slow_loop_and_every_side_logs_the_term(order, encoders):
    objective = Objective({"mae": term("mae"), "near": term("same_code", weight=WEIGHT)})
    architecture = tiny(encoders=encoders)
    slow, rows = Slow(Autoencoder(architecture, SEED), "shared"), []
    for number in range(STEPS[order]):
        slow.step(order, number)
    module = trained(order, "shared", STEPS[order], table=rows, objective=objective, architecture=architecture)
    got, due = (
        torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()
        for model in (module.autoencoder, slow.model)
    )
    np.testing.assert_allclose(got, due, atol=1e-5)
    row = module.last_losses
    assert set(row) == {f"loss_{side}{name}" for side in "AB" for name in ("", "/mae", "/near")}
    assert row["loss_A/near"] == row["loss_B/near"]
    assert row["loss_A"] == pytest.approx(row["loss_A/mae"] + WEIGHT * row["loss_A/near"], rel=1e-5)
    assert slow.history[0] > 1e-6
    without = trained(order, "shared", STEPS[order], architecture=architecture)
    assert (
        max((p - q).abs().max() for p, q in zip(module.autoencoder.parameters(), without.autoencoder.parameters()))
        > 1e-4
    )


class Tied(SlowUpdates):
    """Beside the losses the distance between the sides' codes is minimised."""

    def together(self, count=BATCH):
        drawn = {side: self.draw(side, count) for side in "AB"}
        apart = code_distance([self.model.code(drawn[side][0], side) for side in "AB"])
        self.history.append(apart.item())
        losses = sum(self.loss(side, drawn[side]) for side in "AB")
        self.state.step(["A", "B"], self.gradients(losses + self.model.topology.tie * apart))


def test_a_tie_moves_the_encoders_as_its_slow_loop_does():
    slow = Tied(Autoencoder(architecture("tied", tie=50.0), SEED), "shared")
    slow.step("joint", 0)
    tied, loose = (trained("joint", "shared", 1, architecture=architecture("tied", tie=tie)) for tie in (50.0, 0.0))
    for name, due in slow.model.named_parameters():
        got, without = (module.autoencoder.get_parameter(name) for module in (tied, loose))
        torch.testing.assert_close(got, due, atol=1e-5, rtol=0)
        if re.search(r"encoder_.*(conv|squeeze)\.weight", name) and "stages.up" not in name:  # all before the code
            assert (got - without).abs().max() > 1e-3
    assert tied.last_losses["loss_tie"] == pytest.approx(slow.history[0], rel=1e-4)


def test_the_pairs_of_a_batch_show_the_same_face_turned_and_warped_alike():
    """Of sides whose stored faces are the same, all samples are."""
    faces = noise_faces(7, 128)
    data = FaceData({"A": faces, "B": faces}, {"A": faces, "B": faces}, paired=True, fingerprint="")

    def inputs(*words: str) -> list[np.ndarray]:
        samplers = samplers_of(config_for("augmentation=warp_2018", *words), data)
        return [samplers[side].batch(5, 20).input for side in "AB"]

    paired, apart, plain = inputs(*SAME), inputs(*SAME[1:]), inputs()
    assert np.array_equal(*paired)
    assert (apart[0] != apart[1]).any()
    for got, due in zip(apart, plain):  # shared states alone draw as before
        np.testing.assert_array_equal(got, due)
    np.testing.assert_array_equal(paired[0], plain[0])
