"""The warp by landmarks: an input looks as if its face had the shape of a near face of another side.

After dfaker/df (``training_data.py``, ``image_augmentation.py``): each sample draws one of the faces of the other side
whose landmarks lie nearest to its own, and what the network sees is the own face with its landmarks moved to those,
each of them jittered by a normal number. The target is not warped, so the network learns to bring a face back to the
shape of the side that it is trained as.

Otherwise than there: the shift between landmarks is spread by a thin plate, there by triangles, so that points of the
jaw need not be left out where triangles would fold; it is made of the face before its turn, zoom, shift and flip, there
after them with the landmarks of before, which then miss by as much as the face was moved; and landmarks are not rounded
to pixels.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree
from scipy.special import ndtri

from faceswap_lab.data.draws import SMALLEST, Draws
from faceswap_lab.data.faces import FaceData, Faces, Side
from faceswap_lab.data.warp import REFERENCE_SIDE, Recipe, control_points, pose
from faceswap_lab.randomness import uniforms
from faceswap_lab.twins import Head, identity, landmarks_of, state_of

Landmarks = NDArray[np.float32]
"""(N, L, 2): x, y of the landmarks of N stored faces, as shares of the picture's side."""

Shares = NDArray[np.float64]
"""Points or shifts (…, 2): x, y in shares of the picture's side."""

NEAREST = 10  # of the other side's faces, of which a sample draws one
NODES = 17  # control points of the input per axis; between them the warp is linear
SMOOTHING = 1e-4  # of the plate: it misses landmarks by some 0.1 px of 256, and two that nearly coincide do not tear it
FADE = 1 / 16  # of the picture's side: at its border nothing moves, from here inwards all of it counts

_BORDER = np.array([(x, y) for x in np.linspace(0, 1, 5) for y in np.linspace(0, 1, 5) if {x, y} & {0.0, 1.0}])


class LandmarkWarp:
    """Moves landmarks of a side's faces to those of near faces of another side, drawn for each sample.

    Args:
        own: of the side's training faces.
        other: of the other side's training faces, as many points.
        seed: the experiment's seed.
        side: which side's draws to use, from the stream (seed, "landmarks", side).
    """

    def __init__(self, own: Landmarks, other: Landmarks, seed: int, side: Side) -> None:
        self.own, self.other, self.seed, self.side = own, other, seed, side
        self._near = cKDTree(other.reshape(len(other), -1))

    def goals(self, which: NDArray[np.int64], first: int, jitter: float) -> Shares:
        """Return where the landmarks of faces ``which``, (n,), of samples ``first`` … are moved to: (n, L, 2), shares.

        Near is what has the least mean of squared distances between landmarks, as the pictures lie. ``jitter`` is a
        standard deviation, in shares.
        """
        points = self.own.shape[1]
        u = uniforms(self.seed, "landmarks", self.side, first=first, count=len(which), width=1 + 2 * points)
        choice = min(NEAREST, len(self.other))
        _, near = self._near.query(self.own[which].reshape(len(which), -1), k=np.arange(1, choice + 1))
        drawn = near[np.arange(len(which)), (u[:, 0] * choice).astype(np.int64)]
        normal = ndtri(np.maximum(u[:, 1:], SMALLEST)).reshape(-1, points, 2)
        return self.other[drawn] + jitter * normal

    def warped(self, draws: Draws, recipe: Recipe, size: int, which: NDArray[np.int64], first: int) -> Draws:
        """Return the draws of samples ``first`` … with the shifts of their control points as ``jitter``: (n, 2, k, k).

        Args:
            draws: their turns, zooms, shifts and flips count.
            recipe: its ``jitter`` is that of each landmark.
            size: side of the stored faces, in pixels.
            which: (n,) rows of the stored faces.
            first: index of the first sample.
        """
        still = replace(draws, jitter=np.zeros((len(draws), 2, NODES, NODES)))
        posed = pose(draws, recipe, size)
        nodes = posed.to_stored(control_points(still, recipe, size))
        places = (np.stack([nodes.real, nodes.imag], axis=-1) + 0.5) / size
        goals = self.goals(which, first, recipe.jitter / REFERENCE_SIDE)
        shifts = np.stack([shifted(*sample) for sample in zip(places, goals, self.own[which] - goals)])
        moved = posed.to_posed(shifts[..., 0] + 1j * shifts[..., 1])
        return replace(draws, jitter=np.stack([moved.real, moved.imag], axis=1))


def shifted(places: Shares, points: Shares, shifts: Shares) -> Shares:
    """Return the shift at places (k, k, 2) of a picture that is shifted so at points (L, 2), and not at its border.

    It is a thin plate (Duchon 1977; scipy's RBFInterpolator) through the points and 16 fixed ones around the border,
    near which it fades to nothing.
    """
    plate = RBFInterpolator(
        np.concatenate([points, _BORDER]), np.concatenate([shifts, np.zeros_like(_BORDER)]), smoothing=SMOOTHING
    )
    inside = np.minimum(places, 1 - places).min(axis=-1, keepdims=True)
    return plate(places.reshape(-1, 2)).reshape(places.shape) * np.clip(inside / FADE, 0, 1)


def training_landmarks(data: FaceData) -> dict[Side, Landmarks]:
    """Return those of the faces that each side is trained on; of rendered people, some 0.1 ms for each face."""
    if data.landmarks is not None:
        return data.landmarks
    return {side: _rendered(name, data.train[side]) for side, name in zip(data.sides, data.people, strict=True)}


def _rendered(name: str, faces: Faces) -> Landmarks:
    assert faces.states is not None  # rendered faces have them
    head = Head(identity(name))
    points = np.stack([landmarks_of(head, state_of(row), faces.size) for row in np.asarray(faces.states)])
    return points / np.float32(faces.size)
