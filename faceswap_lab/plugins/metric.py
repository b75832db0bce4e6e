"""A metric of somebody's own. No torch: reports and rules ask what it is, and never compute it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A number for each picture: how far it is from its truth.

    Attributes:
        function: (output, truth, mask) → (N,): tensors (N, 3, r, r) in [0, 1] twice, and (N, 1, r, r) in [0, 1], 1
            where the face is. It must be finite wherever the pictures are.
        says: what it is, in words: "edge agreement".
        higher_is_better: which of two values is the better one.
        smallest_difference: the smallest difference in it that matters in practice, if that is known.
    """

    function: Callable[[Any, Any, Any], Any]
    says: str
    higher_is_better: bool
    smallest_difference: float | None = None


OURS = {
    *("score", "identity", "identity_colour", "still_source", "colour", "pose", "expression", "lighting", "sharpness"),
    *("skin_tone", "ssim", "fitted_mae", "mae", "mae_full", "recall5", "yaw", "mouth", "light"),
}
"""Names that the lab's own metrics have."""

METRICS: dict[str, Metric] = {}
"""Those that plugins have added; a run that is told ``evaluation.metrics=[edges]`` has ``swap_edges_AB`` and so on."""
