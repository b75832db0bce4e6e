"""Where the eyes and the mouth are in the samples of rendered people, as ellipses: a few numbers a sample.

They follow from who somebody is and from the state of the stored face, and from the draws of the sample. So they are
made for whoever asks, and no picture, batch or cache carries them for those who do not.
"""

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.draws import shown
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.warp import stored_points
from faceswap_lab.twins import LANDMARK_NAMES, Head, identity, landmarks_of, state_of

Ellipses = NDArray[np.float64]
"""(n, 3, 3, 2): of the left eye, the right eye and the mouth the centre and two half axes, x and y in pixel indices.

The half axes need not be at right angles: an ellipse is what a unit circle becomes under a linear map, so any affine
map of the picture maps its three rows.
"""

_EYE = (1.5, 0.9)  # half axes, in halves of the distance between its corners: the lids and lashes, not the brow
_MOUTH = (1.4, 1.2)  # half axes, in halves of the distance between its corners and in that of the lips' farther edge
_LEAST = 0.4  # of a mouth's half axis across, relative to that along: pursed lips are still lips


def stored_ellipses(name: str, faces: Faces) -> Ellipses:
    """Return the ellipses of n rendered faces, with their states, in their stored pictures, some 0.1 ms for each."""
    assert faces.states is not None  # rendered faces have them
    head = Head(identity(name))
    points = np.stack([landmarks_of(head, state_of(row), faces.size) for row in np.asarray(faces.states)]) - 0.5
    at = {name: points[:, i].astype(np.float64) for i, name in enumerate(LANDMARK_NAMES)}
    return np.stack([_eye(at, "left"), _eye(at, "right"), _mouth(at)], axis=1)


class SampleRegions:
    """The ellipses in the targets of a side's samples; ``name`` is whom they show."""

    def __init__(self, sampler: SideSampler, name: str) -> None:
        self.sampler, self.stored = sampler, stored_ellipses(name, sampler.faces)

    def batch(self, first: int, count: int, warp: float = 1.0) -> Ellipses:
        """Return those of samples ``first`` … ``first + count - 1``, in the target's pixels; see ``SideSampler``."""
        s = self.sampler
        which = shown(s.seed, s.side, first, count, len(s.faces))
        _, maps = stored_points(s.draws(first, count), s.recipe.warped(warp), s.faces.size, s.resolution)
        return _mapped_back(self.stored[which], maps)


def centred(stored: Ellipses, size: int, resolution: int, coverage: float) -> Ellipses:
    """Return stored ellipses as they lie in ``sampler.centre``'s pictures of side ``resolution``."""
    edge = round(size * (1 - coverage) / 2)
    scale = (size - 2 * edge) / resolution
    origin = edge + (scale - 1) / 2  # of a pixel's area the middle counts
    maps = np.array([[[scale, 0, origin], [0, scale, origin]]])
    return _mapped_back(stored, maps)


def _mapped_back(ellipses: Ellipses, maps: NDArray[np.float64]) -> Ellipses:
    """Return ellipses under the inverses of affine maps (n, 2, 3), or of one for all."""
    moved = ellipses.copy()
    moved[:, :, 0] -= maps[:, None, :, 2]
    return moved @ np.linalg.inv(maps[:, None, :, :2]).swapaxes(-1, -2)


def _eye(at: dict[str, NDArray[np.float64]], side: str) -> NDArray[np.float64]:
    """Return (n, 3, 2). A closed eye is as large as an open one: only its corners say how large."""
    inner, outer, top, bottom = (at[f"{side}_eye_{part}"] for part in ("inner", "outer", "top", "bottom"))
    half = (outer - inner) / 2
    upright = np.stack([-half[:, 1], half[:, 0]], axis=1)
    return np.stack([(inner + outer + top + bottom) / 4, _EYE[0] * half, _EYE[1] * upright], axis=1)


def _mouth(at: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (n, 3, 2): all of the lips, and what lies between them."""
    upper, lower = at["upper_lip_top"], at["lower_lip_bottom"]
    left, right = at["left_mouth_corner"], at["right_mouth_corner"]
    middle, along = (upper + lower + left + right) / 4, _MOUTH[0] * (right - left) / 2
    reach = _MOUTH[1] * np.maximum(_length(upper - middle), _length(lower - middle))
    across = (lower - upper) / _length(lower - upper) * np.maximum(reach, _LEAST * _length(along))
    return np.stack([middle, along, across], axis=1)


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) -> (n, 1)."""
    return np.linalg.norm(vectors, axis=1, keepdims=True)
