"""What ``describe`` says: weights and operations as counted otherwise, and who moves what how often."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder, parameter_counts
from faceswap_lab.models.costs import costs
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.training.description import flops_per_step, updates_per_step
from tests.models.tiny import tiny
from tests.topology.shipped import SHIPPED, SIZES, architecture, shipped
from tests.training.tiny import BLOCK, plan_for, trained


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_and_operations_add_up_to_those_of_the_whole(name):
    built = architecture(name)
    model, of_parts = Autoencoder(built), costs(built)
    assert {part: cost.parameters for part, cost in of_parts.items()} | {
        "total": sum(cost.parameters for cost in of_parts.values())
    } == parameter_counts(model)
    for side in model.sides:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model.reconstruct(side, torch.zeros(1, 3, 32, 32))
        assert sum(of_parts[part].flops for part in model.topology.routes[side].parts) == counter.get_total_flops()


ONE, TWO = Fraction(1), Fraction(2)


@pytest.mark.parametrize(
    ("order", "encoder", "decoder_b"),
    [
        ("a_then_b", {"A": ONE, "B": ONE}, {"B": ONE}),
        ("joint", {"A": ONE, "B": ONE}, {"B": ONE}),
        ("joint_half", {"A": TWO, "B": TWO}, {"B": TWO}),
        ("accumulate", {"A": ONE, "B": ONE}, {"B": ONE}),
        ("alternate", {"A": ONE, "B": ONE}, {"B": ONE}),
        ("a_then_b_alone", {"A": ONE}, {"B": ONE}),
        ("only_a", {"A": ONE}, {}),
        ("only_b", {"B": ONE}, {"B": ONE}),
    ],
)
def test_updates_per_step(order, encoder, decoder_b):
    found = updates_per_step(shipped("original"), Plan(order, ("A", "B"), batch=4, block=5))
    assert found["encoder"] == encoder
    assert found["decoder_B"] == decoder_b


@pytest.mark.parametrize("order", ORDERS)
def test_of_many_sides_every_one_moves_the_shared_part_as_often(order):
    sides = ("A", "B", "C")
    found = updates_per_step(shipped("iae", sides), Plan(order, sides, batch=4, block=2))["encoder"]
    only = ORDERS[order].only
    due = {"a_then_b_alone": {"A"}}.get(order, {only} if only else set(sides))
    assert set(found) == due
    assert len(set(found.values())) == 1


def test_a_part_that_is_never_trained_has_no_entry():
    assert "inter_A" not in updates_per_step(shipped("amp_random_inters"), Plan("a_then_b", ("A", "B"), batch=4))


MASKED = Architecture(32, shipped("original", sizes=replace(SIZES, mask_head=(3, 3))))
STEPS = 2 * BLOCK  # after which every order has gone once through its sides


@pytest.mark.parametrize(
    ("built", "order"),
    [
        *((tiny(), order) for order in ORDERS if order != "worse_first"),
        (tiny(encoders=2), "a_then_b"),
        (MASKED, "a_then_b"),
        *((architecture(name), "joint") for name in SHIPPED if name != "tied"),  # the tie is no layer's operation
    ],
    ids=lambda value: value if isinstance(value, str) else "model",
)
def test_operations_of_a_step_are_those_that_a_training_makes(built, order):
    with FlopCounterMode(display=False) as counter:
        trained(order, "shared", STEPS, architecture=built)
    assert flops_per_step(built, plan_for(order)) * STEPS == counter.get_total_flops()
