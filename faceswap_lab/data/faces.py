"""The one shape in which faces travel through the lab, wherever they come from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["A", "B"]
SIDES: tuple[Side, Side] = ("A", "B")


@dataclass(frozen=True)
class Faces:
    """The decoded faces of one side, square and aligned, larger than what the network sees.

    Attributes:
        images: (N, S, S, 3) uint8 RGB; may be memory-mapped. The warp cuts its input from the central part.
        masks: (N, S, S) uint8, 255 where the face is. All 255 where nothing is known.
        states: (N, P) float32 in the order of ``faceswap_lab.twins.STATE_FIELDS``, or None for pictures from a folder.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    states: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> int:
        """The side length S of the stored square pictures, in pixels."""
        return int(self.images.shape[1])


@dataclass(frozen=True)
class FaceData:
    """Everything a run trains and is judged on.

    Attributes:
        train: the faces a side is trained on.
        held_out: faces of that side that are never trained on.
        paired: True if ``held_out["A"][i]`` and ``held_out["B"][i]`` show the same state (twins), so that one is the
            true swap of the other; False for folders, where there is no truth.
        fingerprint: a hex digest of the content (or of the recipe that makes it); goes into the run's provenance.
    """

    train: dict[Side, Faces]
    held_out: dict[Side, Faces]
    paired: bool
    fingerprint: str
