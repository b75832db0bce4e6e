"""The loss of a side: a weighted sum of named terms."""

from collections.abc import Mapping

from torch import Tensor

from faceswap_lab.config.terms import Beside, Term, same_codes
from faceswap_lab.training.step.losses import loss_of, softened


class Objective:
    """The terms of a side's loss.

    Args:
        terms: by name; one or more of them are distances, the others are a matter of discriminators or of codes.

    Attributes:
        masked: whether any of them looks at a mask.
        regional: whether any of them looks at one that is not the face's.
        same_codes: the names of those that ask for the same code of the same state.
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.terms = [(name, t, t.settings) for name, t in terms.items() if not isinstance(t, Beside)]
        self.same_codes = same_codes(terms)
        self.factors = {name: term.weight for name, term in terms.items()}
        self._masks = {(term.region, term.mask_blur) for _, term, _ in self.terms if term.mask_weight}
        self.masked, self.regional = bool(self._masks), any(region != "face" for region, _ in self._masks)

    def __call__(
        self,
        output: Tensor,
        target: Tensor,
        masks: Mapping[str, Tensor],
        weights: Mapping[str, float] | None = None,
        beside: Mapping[str, Tensor] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and where there are several terms, each of them without its weight.

        Args:
            output: (N, 3, H, W).
            target: (N, 3, H, W) in [0, 1].
            masks: by region (N, 1, H, W) in [0, 1]: those that are looked at.
            weights: of the terms whose weight is now another.
            beside: the terms that are no distances, those that there are of this side.
        """
        seen = {(region, blur): softened(masks[region], blur) for region, blur in self._masks}
        output = output.float()  # of autocast, which the arithmetic of some terms does not bear
        found = {
            name: loss_of(
                output, target, seen.get((t.region, t.mask_blur)), t.kind, t.mask_weight or 0.0, t.masking, settings
            )
            for name, t, settings in self.terms
        } | dict(beside or {})
        factors = self.factors | dict(weights or {})
        weighted = [loss if factors[name] == 1 else factors[name] * loss for name, loss in found.items()]
        return sum(weighted[1:], weighted[0]), found if len(found) > 1 else {}


MAE = Objective(
    {"mae": Term(kind="mae", weight=1.0, mask_weight=0.0, masking="distance", region="face", mask_blur=0.0)}
)
"""What a training minimises unless it is told otherwise."""
