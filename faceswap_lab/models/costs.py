"""What the parts of a model cost, counted on tensors that hold no numbers: nothing is computed or allocated."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.topology import Shape


@dataclass(frozen=True)
class PartCost:
    """One part.

    Attributes:
        sees: (channels, side) of its input.
        gives: (channels, side) of its output.
        parameters: how many weights.
        flops: floating-point operations of one face's forward pass through convolutions and dense layers; a
            multiplication and an addition count two (torch's own formulas).
    """

    sees: Shape
    gives: Shape
    parameters: int
    flops: int


def costs(architecture: Architecture) -> dict[str, PartCost]:
    """Return what each part costs."""
    with torch.device("meta"):
        model = Autoencoder(architecture)
    found = {}
    for name, part in model.parts.items():
        described, sees = model.topology.parts[name], model.topology.shapes[name]
        face = torch.empty(1, sees[0], sees[1], sees[1], device="meta")
        who = [torch.empty(1, dtype=torch.int64, device="meta")] if described.spec.told else []
        with FlopCounterMode(display=False) as counter:
            part(face, *who)
        weights = sum(p.numel() for p in part.parameters())
        found[name] = PartCost(sees, described.spec.out(sees), weights, counter.get_total_flops())
    return found
