"""Swaps without a network: the target's mean face, and averages of its training faces that are nearest in the state.

A look-up in pose and light is what a model would learn that had understood nothing but these. It shows the right
person, from the right side, in about the right light, and nobody's expression; it knows the true states, which no
model does. Whatever cannot beat it has not learned to swap.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.data.faces import Faces, Side
from faceswap_lab.data.sampler import centre
from faceswap_lab.evaluation.held_out import HeldOut, mean_faces, to_tensor
from faceswap_lab.twins import STATE_FIELDS

POSE = ("yaw", "pitch")
POSE_AND_LIGHT = (*POSE, "light_azimuth", "light_elevation")
AVERAGED = 10
"""Training faces in an average: fewer are sharper and further off, more are smoother and nearer to the mean face."""


def null_swaps(train: Mapping[Side, Faces], held_out: HeldOut, coverage: float) -> dict[str, dict[Side, Tensor]]:
    """Return what every target would look like without a network: kind → target → (N, 3, r, r) in [0, 1].

    The kinds are ``mean``, the mean training face, and, where the states are known, ``nearest``, the average of the
    training faces nearest in pose, and ``nearest_lit``, in pose and light.

    Args:
        train: every side's training faces.
        held_out: whose states are asked for.
        coverage: the fraction of the stored side that the crop spans, in (0, 1].
    """
    size, states = held_out.resolution, held_out.states
    means = mean_faces(train, size, coverage)
    kinds = {"mean": {side: mean.expand_as(held_out.images[side]) for side, mean in means.items()}}
    if states is not None:
        for kind, by in (("nearest", POSE), ("nearest_lit", POSE_AND_LIGHT)):
            kinds[kind] = {side: nearest_faces(faces, states, by, size, coverage) for side, faces in train.items()}
    return kinds


def nearest_faces(
    train: Faces, states: NDArray[np.float32], by: tuple[str, ...], resolution: int, coverage: float
) -> Tensor:
    """Return for each state the average of the training faces that are nearest to it.

    Args:
        train: the target's training faces, with their states; may be memory-mapped.
        states: (N, P) what to draw, in the order of ``STATE_FIELDS``.
        by: the fields of the state that count, each in units of its standard deviation among the training faces.
        resolution: r, in pixels.
        coverage: the fraction of the stored side that the crop spans, in (0, 1].

    Returns:
        (N, 3, r, r) float32 in [0, 1].
    """
    assert train.states is not None
    columns = [STATE_FIELDS.index(field) for field in by]
    spread = train.states[:, columns].std(0) + 1e-6
    known, asked = train.states[:, columns] / spread, states[:, columns] / spread
    faces = []
    for state in asked:
        near = np.argsort(((known - state) ** 2).sum(1), kind="stable")[:AVERAGED]
        faces.append(to_tensor(centre(train.images[np.sort(near)], resolution, coverage)).mean(0))
    return torch.stack(faces)
