"""The samples of one side: batch-wise, reproducible by index, the same in any process."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.colours import ColourTransfer
from faceswap_lab.data.draws import Draws, draw, jitter_in_cells, shown
from faceswap_lab.data.faces import Faces, Side, rgba
from faceswap_lab.data.landmark_warp import LandmarkWarp
from faceswap_lab.data.photometric import Photometric
from faceswap_lab.data.resample import resample
from faceswap_lab.data.warp import Recipe, stored_points
from faceswap_lab.randomness import seed_of


class Places(NamedTuple):
    """Which stored faces the n samples of a batch show, and where in them: all that is random about the pixels.

    Attributes:
        which: (n,) int64, rows of the stored faces.
        points: (n, 2, k, k) float64: x, then y, of the input's control points in the stored face, in pixel indices.
        target: (n, 2, 3) float64: the affine map from the target's (x, y, 1) to the stored (x, y).
    """

    which: NDArray[np.int64]
    points: NDArray[np.float64]
    target: NDArray[np.float64]


class Samples(NamedTuple):
    """A batch of n samples.

    Attributes:
        input: (n, r, r, 3) uint8 RGB, what the network sees.
        target: (n, r, r, 3) uint8 RGB, what it should answer.
        mask: (n, r, r) uint8, the face mask warped like the target.
    """

    input: NDArray[np.uint8]
    target: NDArray[np.uint8]
    mask: NDArray[np.uint8]


class SideSampler:
    """Makes the samples of one side from its stored faces.

    Sample i is a pure function of (faces, recipe, strength of the warp, resolution, seed, side, changes of colour,
    landmarks, i): how index ranges are cut into batches, and which worker or rank asks, changes nothing. Only the faces
    of the batch are read, so memory-mapped faces stay on disk.

    Args:
        faces: the stored faces of the side.
        recipe: the geometry.
        resolution: side r of the samples, in pixels.
        seed: the experiment's seed.
        side: which side's draws to use.
        photometric: albumentations transforms by name, applied to the stored face before the geometry, so that input
            and target share them; see ``faceswap_lab.data.photometric``.
        photometric_input: likewise, applied to the finished input, at r pixels: the target stays as it is.
        colours: gives the stored faces the colours of another side's, before anything else.
        landmarks: where the recipe's nodes are "landmarks", moves them.

    Raises:
        ValueError: a photometric transform is not known.
    """

    def __init__(
        self,
        faces: Faces,
        recipe: Recipe,
        resolution: int,
        seed: int,
        side: Side,
        photometric: Sequence[Mapping[str, Any]] = (),
        photometric_input: Sequence[Mapping[str, Any]] = (),
        colours: ColourTransfer | None = None,
        landmarks: LandmarkWarp | None = None,
    ) -> None:
        self.faces, self.recipe, self.resolution, self.seed, self.side = faces, recipe, resolution, seed, side
        self.photometric = Photometric(photometric) if photometric else None
        self.photometric_input = Photometric(photometric_input) if photometric_input else None
        self.colours, self.landmarks = colours, landmarks

    def batch(self, first: int, count: int, warp: float = 1.0) -> Samples:
        """Return samples ``first`` … ``first + count - 1``; a batch may straddle epochs.

        ``warp`` is a factor of the warp's strength.
        """
        indices = range(first, first + count)
        which = shown(self.seed, self.side, first, count, len(self.faces))
        stored = np.asarray(self.faces.pixels)  # drops the costly array class of a memory map, not the mapping
        faces = [stored[i] for i in which.tolist()]
        if self.colours is not None:
            faces = list(map(self.colours, faces, which.tolist(), self.colours.drawn(first, count)))
        if self.photometric is not None:
            faces = [self._recoloured(face, self.photometric, i) for face, i in zip(faces, indices)]
        draws = self.draws(first, count)
        seen, target, mask = resample(faces, draws, self.recipe.warped(warp), self.resolution)
        if self.photometric_input is not None:
            for picture, i in zip(seen, indices):
                picture[:] = self.photometric_input(picture, seed_of(self.seed, "photometric_input", self.side, i))
        return Samples(seen, target, mask)

    def places(self, first: int, count: int, warp: float = 1.0) -> Places:
        """Return where the pixels of ``batch`` come from, if ``places_suffice``; no face is touched."""
        draws = self.draws(first, count)
        points, target = stored_points(draws, self.recipe.warped(warp), self.faces.size, self.resolution)
        which = shown(self.seed, self.side, first, count, len(self.faces))
        return Places(which, np.stack([points.real, points.imag], axis=1), target)

    @property
    def places_suffice(self) -> bool:
        """Whether a sample is one interpolation of a stored face and nothing else, so that ``places`` describes it."""
        recoloured = any(change is not None for change in (self.photometric, self.photometric_input, self.colours))
        return not recoloured and not self.recipe.two_stage

    def draws(self, first: int, count: int) -> Draws:
        """Return all that is random about some samples."""
        draws = draw(self.seed, self.side, first, count)
        if self.recipe.nodes == "dfl_cells":
            return replace(draws, jitter=jitter_in_cells(self.seed, self.side, first, count))
        if self.landmarks is not None:
            which = shown(self.seed, self.side, first, count, len(self.faces))
            return self.landmarks.warped(draws, self.recipe, self.faces.size, which, first)
        return draws

    def _recoloured(self, face: NDArray[np.uint8], photometric: Photometric, index: int) -> NDArray[np.uint8]:
        seed = seed_of(self.seed, "photometric", self.side, index)
        return rgba(photometric(np.ascontiguousarray(face[..., :3]), seed), face[..., 3])


def least_side(resolution: int, coverage: float) -> int:
    """Return the side, in pixels, of the smallest picture whose ``centre`` has all the pixels that the network sees."""
    return math.ceil(resolution / coverage - 1e-9)  # so that no rounding asks for one more


def centre(images: NDArray[np.uint8], resolution: int, coverage: float) -> NDArray[np.uint8]:
    """Return the undistorted centre of stored faces or masks, as evaluation shows them to the network.

    Averages over pixel areas (``cv2.INTER_AREA``): what the crop would look like if stored at this resolution.

    Args:
        images: (N, S, S, 3) or (N, S, S) uint8; may be memory-mapped.
        resolution: side r of the result, in pixels.
        coverage: the fraction of the stored side to keep, in (0, 1]; cut at whole pixels, symmetrically.

    Returns:
        (N, r, r, 3) or (N, r, r) uint8.
    """
    size = images.shape[1]
    edge = round(size * (1 - coverage) / 2)
    inner = slice(edge, size - edge)
    side = (resolution, resolution)
    out = np.empty((len(images), resolution, resolution, *images.shape[3:]), np.uint8)
    for picture, result in zip(images, out):
        cv2.resize(np.asarray(picture[inner, inner]), side, dst=result, interpolation=cv2.INTER_AREA)
    return out
