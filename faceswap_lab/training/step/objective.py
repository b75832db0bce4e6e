"""The loss of a side: a weighted sum of named terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from faceswap_lab.training.step.losses import loss_of, softened


@dataclass(frozen=True)
class LossTerm:
    """One term.

    Attributes:
        kind: a key of ``LOSSES``.
        weight: its factor.
        mask_weight: see ``loss_of``; so are ``masking`` and ``settings``.
        masking: how the mask counts.
        mask_blur: see ``softened``.
        region: a key of ``region_masks``.
        settings: further arguments of the distance.
    """

    kind: str
    weight: float = 1.0
    mask_weight: float = 0.0
    masking: str = "distance"
    mask_blur: float = 0.0
    region: str = "face"
    settings: Mapping[str, Any] = field(default_factory=dict)


class Objective:
    """The terms of a side's loss.

    Args:
        terms: by name, one or more.
        fooling: of the terms that are discriminators' matter, their weights by name.

    Attributes:
        masked: whether any of them looks at a mask.
        regional: whether any of them looks at one that is not the face's.
    """

    def __init__(self, terms: Mapping[str, LossTerm], fooling: Mapping[str, float] | None = None) -> None:
        self.terms = dict(terms)
        self.factors = {name: term.weight for name, term in self.terms.items()} | dict(fooling or {})
        looking = [term for term in self.terms.values() if term.mask_weight]
        self.masked, self.regional = bool(looking), any(term.region != "face" for term in looking)
        self._masks = {(term.region, term.mask_blur) for term in looking}

    def __call__(
        self,
        output: Tensor,
        target: Tensor,
        masks: Mapping[str, Tensor],
        weights: Mapping[str, float] | None = None,
        fooling: Mapping[str, Tensor] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and where there are several terms, each of them without its weight.

        Args:
            output: (N, 3, H, W).
            target: (N, 3, H, W) in [0, 1].
            masks: by region (N, 1, H, W) in [0, 1]: those that are looked at.
            weights: of the terms whose weight is now another.
            fooling: the terms that are discriminators' matter, those that there are of this side.
        """
        seen = {(region, blur): softened(masks[region], blur) for region, blur in self._masks}
        output = output.float()  # of autocast, which the arithmetic of some terms does not bear
        found = {
            name: loss_of(
                output, target, seen.get((t.region, t.mask_blur)), t.kind, t.mask_weight, t.masking, t.settings
            )
            for name, t in self.terms.items()
        } | dict(fooling or {})
        factors = self.factors | dict(weights or {})
        weighted = [loss if factors[name] == 1 else factors[name] * loss for name, loss in found.items()]
        return sum(weighted[1:], weighted[0]), found if len(found) > 1 else {}


MAE = Objective({"mae": LossTerm("mae")})
"""What a training minimises unless it is told otherwise."""
