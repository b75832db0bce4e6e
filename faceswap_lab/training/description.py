"""What a configuration would train, without training it: parts, routes, and who moves what how often in a step."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from faceswap_lab.config import Config
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder, Samples
from faceswap_lab.models.costs import PartCost, costs
from faceswap_lab.orders import ORDERS, Plan, Update
from faceswap_lab.topology import Topology
from faceswap_lab.training.build import architecture_of, discriminators_of, plan_of
from faceswap_lab.training.step.discriminators import Shown


@dataclass(frozen=True)
class Description:
    """A model and its training step.

    Attributes:
        topology: parts, routes, swap paths.
        costs: of each part: what it sees and gives, weights, FLOPs for one face.
        updates: by part and side, updates of the part per training step that come from the side's loss; the mean over
            the steps after which the order repeats.
        forward: FLOPs of one face's way through a side's whole route.
        flops: of a training step, see ``flops_per_step``.
        discriminators: what each net costs that learns beside the model, which nothing above counts.
    """

    topology: Topology
    costs: dict[str, PartCost]
    updates: dict[str, dict[str, Fraction]]
    forward: dict[str, int]
    flops: float
    discriminators: dict[str, PartCost]


def describe(config: Config) -> Description:
    """Return what a configuration would train; torch is loaded, and no weight is allocated."""
    architecture, plan = architecture_of(config), plan_of(config)
    topology, of_parts = architecture.topology, costs(architecture)
    forward = {side: sum(of_parts[part].flops for part in route.parts) for side, route in topology.routes.items()}
    updates = updates_per_step(topology, plan)
    flops = flops_per_step(architecture, plan)
    return Description(topology, of_parts, updates, forward, flops, costs_of_discriminators(config, architecture))


def costs_of_discriminators(config: Config, architecture: Architecture) -> dict[str, PartCost]:
    """Return what each net of a discriminator costs: weights, and FLOPs for one look at one face or code."""
    found = {}
    with torch.device("meta"):
        model, face = Autoencoder(architecture), torch.empty(1, 3, architecture.resolution, architecture.resolution)
        discriminators = discriminators_of(config, model)
        shown = Shown(face, face, model.code(face, "A") if discriminators.see_codes else None)
        for name, net, seen in (look for member in discriminators.members for look in member.looks(shown)):
            with FlopCounterMode(display=False) as counter:
                given = net(seen)
            sees, gives = ((x.shape[1], x.shape[-1] if x.dim() == 4 else 1) for x in (seen, given))
            found[name] = PartCost(sees, gives, sum(p.numel() for p in net.parameters()), counter.get_total_flops())
    return found


def updates_per_step(topology: Topology, plan: Plan) -> dict[str, dict[str, Fraction]]:
    """Return, by part and side, how often a training step moves the part with gradients of the side's loss.

    An update on a sum counts for every side in it. Parts that are not trained have no entry.
    """
    updates, period = _round(plan)
    counts: Counter[tuple[str, str]] = Counter()
    for update in updates:
        for side in dict.fromkeys(portion.side for portion in update.portions):
            route = topology.routes[side]
            moved = route.names[-1] if update.only_last else route.parts
            counts.update((part, side) for part in dict.fromkeys(moved) if topology.parts[part].trained)
    trained = [name for name, part in topology.parts.items() if part.trained]
    return {
        part: {side: Fraction(counts[part, side], period) for side in topology.sides if counts[part, side]}
        for part in trained
    }


def flops_per_step(architecture: Architecture, plan: Plan) -> float:
    """Return the floating-point operations of a training step, the mean over the steps after which the order repeats.

    Forward and backward passes through convolutions and dense layers, as torch counts them; nothing is computed. What
    is frozen from a step on counts as trained, and the pass by which ``worse_first`` compares is not counted.
    """
    with torch.device("meta"):
        model = Autoencoder(architecture)
    faces = torch.empty(1, 3, architecture.resolution, architecture.resolution, device="meta")

    @cache
    def of_a_face(side: str, only_last: bool) -> int:
        with FlopCounterMode(display=False) as counter:
            drawn = model.reconstruct_all([Samples(side, faces)], only_last)[0]
            out = drawn.faces.sum() + (0 if drawn.mask is None else drawn.mask.sum())
            if out.requires_grad:
                out.backward()
        return counter.get_total_flops()

    like = _alike(architecture.topology)
    updates, period = _round(plan)
    return sum(p.samples * of_a_face(like[p.side], u.only_last) for u in updates for p in u.portions) / period


def _alike(topology: Topology) -> dict[str, str]:
    """Return for each side the first one whose route is of equal parts in the same order, and costs the same."""
    first: dict[tuple[object, ...], str] = {}

    def like(side: str) -> str:
        route = topology.routes[side]
        places = tuple(tuple(route.parts.index(name) for name in step) for step in route.names)
        parts = tuple((repr(topology.parts[name].spec), topology.parts[name].trained) for name in route.parts)
        return first.setdefault((places, parts), side)

    return {side: like(side) for side in topology.sides}


def _round(plan: Plan) -> tuple[list[Update], int]:
    """Return the updates of the steps after which an order repeats, and how many steps these are."""
    period = len(plan.sides) * plan.block if ORDERS[plan.order].blocks else 1
    return [update for step in range(period) for update in plan.updates(step)], period
