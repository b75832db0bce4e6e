"""The loss of a side: a weighted sum of named terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from faceswap_lab.training.step.losses import loss_of, softened


@dataclass(frozen=True)
class Term:
    """One term.

    Attributes:
        kind: a key of ``LOSSES``.
        weight: its factor.
        mask_weight: see ``loss_of``; so are ``masking`` and ``settings``.
        masking: how the mask counts.
        mask_blur: see ``softened``.
        settings: further arguments of the distance.
    """

    kind: str
    weight: float = 1.0
    mask_weight: float = 0.0
    masking: str = "distance"
    mask_blur: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)


class Objective:
    """The terms of a side's loss.

    Args:
        terms: by name, one or more.

    Attributes:
        masked: whether any of them looks at a mask.
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.terms = dict(terms)
        self.masked = any(term.mask_weight for term in self.terms.values())

    def __call__(self, output: Tensor, target: Tensor, mask: Tensor | None) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and where there are several terms, each of them without its weight.

        Args:
            output: (N, 3, H, W).
            target: (N, 3, H, W) in [0, 1].
            mask: (N, 1, H, W) in [0, 1]; may be None where none is looked at.
        """
        masks = {blur: mask if mask is None else softened(mask, blur) for blur in self._blurs}
        output = output.float()  # of autocast, which the arithmetic of some terms does not bear
        found = {
            name: loss_of(output, target, masks[t.mask_blur], t.kind, t.mask_weight, t.masking, t.settings)
            for name, t in self.terms.items()
        }
        weighted = [
            loss if self.terms[name].weight == 1 else self.terms[name].weight * loss for name, loss in found.items()
        ]
        return sum(weighted[1:], weighted[0]), found if len(found) > 1 else {}

    @property
    def _blurs(self) -> set[float]:
        return {term.mask_blur for term in self.terms.values()}


MAE = Objective({"mae": Term("mae")})
"""What a training minimises unless it is told otherwise."""
