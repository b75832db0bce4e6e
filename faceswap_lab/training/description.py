"""What a configuration would train, without training it: parts, routes, and who moves what how often in a step."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from faceswap_lab.config import Config
from faceswap_lab.models.costs import PartCost, costs
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.topology import Topology
from faceswap_lab.training.build import architecture_of, plan_of


@dataclass(frozen=True)
class Description:
    """A model and its training step.

    Attributes:
        topology: parts, routes, swap paths.
        costs: of each part: what it sees and gives, weights, FLOPs for one face.
        updates: by part and side, updates of the part per training step that come from the side's loss; the mean over
            the steps after which the order repeats.
        forward: FLOPs of one face's way through a side's whole route.
    """

    topology: Topology
    costs: dict[str, PartCost]
    updates: dict[str, dict[str, Fraction]]
    forward: dict[str, int]


def describe(config: Config) -> Description:
    """Return what a configuration would train; torch is loaded, and no weight is allocated."""
    architecture = architecture_of(config)
    topology, of_parts = architecture.topology, costs(architecture)
    forward = {side: sum(of_parts[part].flops for part in route.parts) for side, route in topology.routes.items()}
    return Description(topology, of_parts, updates_per_step(topology, plan_of(config)), forward)


def updates_per_step(topology: Topology, plan: Plan) -> dict[str, dict[str, Fraction]]:
    """Return, by part and side, how often a training step moves the part with gradients of the side's loss.

    An update on a sum counts for every side in it. Parts that are not trained have no entry.
    """
    period = len(plan.sides) * plan.block if ORDERS[plan.order].blocks else 1
    counts: Counter[tuple[str, str]] = Counter()
    for step in range(period):
        for update in plan.updates(step):
            for side in dict.fromkeys(portion.side for portion in update.portions):
                route = topology.routes[side]
                moved = route.names[-1] if update.only_last else route.parts
                counts.update((part, side) for part in dict.fromkeys(moved) if topology.parts[part].trained)
    trained = [name for name, part in topology.parts.items() if part.trained]
    return {
        part: {side: Fraction(counts[part, side], period) for side in topology.sides if counts[part, side]}
        for part in trained
    }
