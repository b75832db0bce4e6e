"""The first losses of every update order, as they have always been: a guard against changes that nobody meant.

The faces are coloured blocks, so that a better renderer does not touch this. A change that is meant to change the
training stores new curves with ``python -m tests.training.test_stored_curves`` and says why in its commit; what ran
before is then of another recipe, so it raises ``faceswap_lab.runs.identity.RECIPE_VERSION`` too.
"""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl

from faceswap_lab.data.datamodule import FaceDataModule, StepDataset
from faceswap_lab.data.faces import SIDES, Faces
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.training.step.optimizers import Settings
from tests.data.recipes import WARP_ALIGNED
from tests.models.tiny import tiny
from tests.training.tiny import BATCH, BLOCK, SEED, module_for, trainer_for

STORED = Path(__file__).with_name("curves.json")
STEPS = 8
OWN_STATES = ("keras_2018", "per_autoencoder")  # of orders that step once per side; all others share one
# A large epsilon keeps an update proportional to its gradient, or rounding that differs between processors would grow.
CALM = Settings("adam", lr=2e-2, beta1=0.5, beta2=0.999, eps=1e-2)
# Without oneDNN all losses agree to 2e-7. Weights moved by 1e-6 move single losses by up to 7e-4, where a pixel's error
# changes its sign; the two most alike of the orders that differ are 5e-3 apart.
RELATIVE = 1.5e-3
# Of a weight's projections; updates move them by some 0.05, and without oneDNN they agree to 1e-7.
ABSOLUTE = 1e-3


class Curve(pl.Callback):
    """Keeps the losses of each step; a side that is not trained in it has none."""

    def __init__(self):
        self.losses = {side: [] for side in SIDES}

    def on_train_batch_end(self, trainer, module, *rest):
        for side in SIDES:
            self.losses[side].append(module.last_losses.get(f"loss_{side}"))


def blocks(side):
    """Eight pictures of 4 x 4 coloured blocks each, dark ones for A and bright ones for B."""
    colours = np.random.default_rng(SIDES.index(side)).integers(0, 160, (8, 4, 4, 3)) + 90 * SIDES.index(side)
    images = colours.astype(np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    return Faces.joined(images, np.full(images.shape[:3], 255, np.uint8))


def curve(order, state):
    samplers = {side: SideSampler(blocks(side), WARP_ALIGNED, 32, SEED, side) for side in SIDES}
    plan = Plan(order, SIDES, BATCH, BLOCK, SEED)
    architecture = tiny(initialisation="he")
    module = module_for(order, state, architecture=architecture, optimizer=CALM, log_every=1, last_step=STEPS)
    kept = Curve()
    trainer_for([kept]).fit(module, FaceDataModule(StepDataset(samplers, plan.portions, 0, STEPS)))
    return {**kept.losses, "weights": projections(module.autoencoder)}


def projections(autoencoder):
    """Each parameter by its part and name, seen from four fixed directions: a thousandth of its numbers."""
    found = {}
    for name, p in sorted(autoencoder.parts.named_parameters()):
        directions = np.random.default_rng(p.numel()).standard_normal((4, p.numel())) / p.numel() ** 0.5
        found[name] = (directions @ p.detach().double().flatten().numpy()).tolist()
    return found


def cases():
    for order in ORDERS:
        yield order, "shared"
    for state in OWN_STATES:
        yield "a_then_b", state


@pytest.mark.parametrize(("order", "state"), cases())
def test_the_curve_is_as_stored(order, state):
    stored = json.loads(STORED.read_text())[f"{order}, {state}"]
    found = curve(order, state)
    for side in SIDES:
        assert [x is None for x in found[side]] == [x is None for x in stored[side]]
        pairs = [pair for pair in zip(found[side], stored[side]) if None not in pair]
        assert [x for x, _ in pairs] == pytest.approx([y for _, y in pairs], rel=RELATIVE)
    assert found["weights"].keys() == stored["weights"].keys()
    for name, seen in stored["weights"].items():
        assert found["weights"][name] == pytest.approx(seen, abs=ABSOLUTE), name


def test_the_tolerance_tells_the_orders_apart():
    stored = json.loads(STORED.read_text())
    flat = {name: [x for side in SIDES for x in curves[side] if x is not None] for name, curves in stored.items()}
    alike = [(a, b) for a, b in combinations(flat, 2) if flat[a] == pytest.approx(flat[b], rel=2 * RELATIVE)]
    assert alike == [("accumulate, shared", "joint, shared")]  # the same mathematics


if __name__ == "__main__":
    found = {f"{order}, {state}": curve(order, state) for order, state in cases()}
    STORED.write_text(json.dumps(found, indent=1) + "\n")
