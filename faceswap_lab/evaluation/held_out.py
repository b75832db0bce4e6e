"""The faces that judge a run: centre crops the model never trained on, with the truth where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.data.faces import MOST_JUDGED, FaceData, Faces, Side
from faceswap_lab.data.sampler import centre
from faceswap_lab.evaluation.reader import Reading, read

_CHUNK = 256  # faces decoded at once: a memory-mapped set of 100,000 must not be pulled into memory as a whole


@dataclass(frozen=True)
class HeldOut:
    """What a model is judged on.

    Attributes:
        images: per side (N, 3, r, r) float32 RGB in [0, 1].
        masks: per side (N, 1, r, r) float32 in [0, 1], 1 where the face is; no mask is empty.
        states: (N, P) float32 in the order of ``faceswap_lab.twins.STATE_FIELDS``; None for pictures from a folder.
        paired: True if all sides show the same states: ``images["B"][i]`` is the true swap of ``images["A"][i]``.

    Raises:
        ValueError: a mask is empty.
    """

    images: dict[Side, Tensor]
    masks: dict[Side, Tensor]
    states: NDArray[np.float32] | None
    paired: bool

    def __post_init__(self) -> None:
        for side, masks in self.masks.items():
            empty = torch.nonzero(masks.flatten(1).sum(1) <= 0).flatten().tolist()
            if empty:
                raise ValueError(f"side {side}: the masks of faces {empty[:8]} are empty; leave these faces out")

    @property
    def sides(self) -> tuple[Side, ...]:
        """Whose faces there are, in order."""
        return tuple(self.images)

    @property
    def directions(self) -> tuple[tuple[Side, Side], ...]:
        """All swaps from one side to another that there is a truth for: A→B, B→A, …; none for unpaired faces."""
        return tuple(permutations(self.sides, 2)) if self.paired else ()

    @cached_property
    def readings(self) -> dict[Side, Reading]:
        """Who the true faces of each side are, and what they do, as the networks of ``reader`` see it."""
        return {side: read(images) for side, images in self.images.items()}

    @property
    def resolution(self) -> int:
        """The side length r of the crops, in pixels."""
        return int(self.images[self.sides[0]].shape[-1])


def held_out_from(data: FaceData, resolution: int, coverage: float) -> HeldOut:
    """Cut the undistorted centre of the held-out faces, of the first ``MOST_JUDGED`` of each side if there are more.

    The first are a fair sample: states are drawn, and the pictures of a folder ordered, by chance.

    Args:
        data: the run's faces.
        resolution: r, the side length of what the network sees, in pixels.
        coverage: the fraction of the stored side that the crop spans, in (0, 1].
    """
    judged = {side: faces[:MOST_JUDGED] for side, faces in data.held_out.items()}
    return HeldOut(
        images={side: to_tensor(centre(faces.images, resolution, coverage)) for side, faces in judged.items()},
        masks={
            side: torch.from_numpy(centre(faces.masks, resolution, coverage)).float().div(255).unsqueeze(1)
            for side, faces in judged.items()
        },
        states=judged[data.sides[0]].states if data.paired else None,
        paired=data.paired,
    )


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Turn (N, r, r, 3) uint8 pictures into an (N, 3, r, r) float32 tensor in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div(255)


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """Turn an (N, 3, r, r) tensor in [0, 1] into (N, r, r, 3) uint8 pictures; what is not a number is black."""
    return torch.nan_to_num(images).clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def mean_faces(train: Mapping[Side, Faces], resolution: int, coverage: float) -> dict[Side, Tensor]:
    """Return each side's mean training face: the best a model can do that ignores its input.

    Args:
        train: the training faces of every side; may be memory-mapped, they are read in chunks.
        resolution: r, in pixels.
        coverage: the fraction of the stored side that the crop spans, in (0, 1].

    Returns:
        per side (3, r, r) float32 in [0, 1].
    """
    return {side: _mean_face(faces, resolution, coverage) for side, faces in train.items()}


def _mean_face(faces: Faces, resolution: int, coverage: float) -> Tensor:
    total = np.zeros((resolution, resolution, 3), np.float64)
    for first in range(0, len(faces), _CHUNK):
        total += centre(faces.images[first : first + _CHUNK], resolution, coverage).sum(axis=0, dtype=np.float64)
    return torch.from_numpy(total / (255 * len(faces))).permute(2, 0, 1).float()
