"""Does the swap follow its input? Small regressors that read yaw, mouth opening and light off a face.

One follower per side, trained once on that side's own training renders, whose true parameters the renderer knows. It
then reads the parameters off the swaps; their correlation with the truth says how far the swap follows the input.

Linear ridge regression on pixels suffices: trained on 500 renders at 32 px, it reads held-out ones with r = 0.99 (yaw),
0.93 to 0.96 (mouth) and 0.99 (light) in six people, needs 0.4 CPU seconds a side, and has no randomness. Gradients as
further features made it slightly worse; kernel ridge gained 0.01 at seven times the cost. Each face is also shown
mirrored: a side that only ever looked left would otherwise not be read when it looks right (r = 0.42 instead of 0.98).
"""

import hashlib
import logging
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from faceswap_lab.data.faces import Faces, Side
from faceswap_lab.data.sampler import centre
from faceswap_lab.evaluation.held_out import to_tensor
from faceswap_lab.evaluation.reader import standardised
from faceswap_lab.runs.atomic import StorageError, write_npz
from faceswap_lab.twins import STATE_FIELDS

FOLLOWED = {"yaw": "yaw", "mouth": "mouth_open", "light": "light_azimuth"}
"""What is read off a face: the name in a metric's key → the field of the renderer's state."""

FOLLOWER_VERSION = 1
"""Raised whenever a follower trained on the same faces would come out differently."""

_LARGEST = 32  # px; a follower looks at no finer detail, so it costs the same at every resolution
_ENOUGH = 500  # faces; more do not make it better, only slower
_MIRRORED = np.array([-1, 1, -1], np.float32)  # what a left-right mirror does to the FOLLOWED, in their order
_RIDGES = 10.0 ** np.arange(-4, 2)  # candidate penalties in units of the mean eigenvalue of the Gram matrix
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Follower:
    """A linear reading of the ``FOLLOWED`` parameters from the faces of one side.

    Attributes:
        window: (q, q) float32 in [0, 1], how much each pixel counts: the side's mean face mask and its mirror image, so
            that the background is not read. The same for every picture: a picture's own mask would give its pose away.
        centre: (3 q q,) float32, the mean feature vector.
        slopes: (3 q q, len(FOLLOWED)) float32.
        offsets: (len(FOLLOWED),) float32.
    """

    window: NDArray[np.float32]
    centre: NDArray[np.float32]
    slopes: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def __call__(self, images: Tensor) -> NDArray[np.float32]:
        """Read the parameters off (N, 3, r, r) pictures in [0, 1]: (N, len(FOLLOWED)), radians or the state's units."""
        return np.asarray((_features(images, self.window) - self.centre) @ self.slopes + self.offsets, np.float32)


def train_followers(
    train: dict[Side, Faces], resolution: int, coverage: float, fingerprint: str, cache_dir: Path | None = None
) -> dict[Side, Follower]:
    """Return a follower for each side, trained on the centre crops of its training faces, or read from the cache.

    Args:
        train: every side's training faces; their ``states`` must be known.
        resolution: r, the side length of what the network sees, in pixels.
        coverage: the fraction of the stored side that the crop spans.
        fingerprint: identifies the faces; part of the cache's key.
        cache_dir: the folder where followers are kept between runs, made if need be; None keeps none. A cache that
            cannot be written costs a warning, not the run.
    """
    return {side: _follower(side, faces, resolution, coverage, fingerprint, cache_dir) for side, faces in train.items()}


def followed(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pick the ``FOLLOWED`` parameters, (N, len(FOLLOWED)), from (N, P) states in the order of ``STATE_FIELDS``."""
    return states[:, [STATE_FIELDS.index(field) for field in FOLLOWED.values()]]


def pearson(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return Pearson's correlation of two equally long vectors, and 0 where one of them is constant.

    Constant means a standard deviation below 1e-6 of the largest magnitude: rounding noise follows nothing. Vectors
    with numbers that are not finite give NaN.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("nan")
    if any(values.std() <= 1e-6 * np.abs(values).max() for values in (a, b)):
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def fit(features: NDArray[np.float32], values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit ridge regression with each output's penalty chosen by leave-one-out error, all in closed form.

    With the centred features F = U S V', K = F F' = U diag(e) U' and the hat matrix H = U diag(e / (e + l)) U' + 1/n,
    the left-out residual of sample i is its residual divided by 1 - H_ii (Allen's PRESS; Hastie, Tibshirani and
    Friedman, "The Elements of Statistical Learning", section 7.10).

    Args:
        features: (n, d); n^3 is the cost, d may be large.
        values: (n, p).

    Returns:
        slopes (d, p) and offsets (p,): the prediction is (f - features.mean(0)) @ slopes + offsets.
    """
    centred = features - features.mean(0)
    offsets = values.mean(0)
    target = (values - offsets).astype(np.float64)
    eigenvalues, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    eigenvalues = eigenvalues.clip(min=0)
    weights = np.empty_like(target)
    best = np.full(target.shape[1], np.inf)
    for penalty in _RIDGES * max(eigenvalues.mean(), 1e-12):
        shrink = eigenvalues / (eigenvalues + penalty)
        rotated = vectors.T @ target
        leverage = (vectors**2) @ shrink + 1 / len(target)
        residual = (target - vectors @ (shrink[:, None] * rotated)) / (1 - leverage).clip(min=1e-9)[:, None]
        error = (residual**2).mean(0)
        better = error < best
        best[better] = error[better]
        weights[:, better] = (vectors @ (rotated / (eigenvalues + penalty)[:, None]))[:, better]
    return (centred.T @ weights).astype(np.float32), offsets.astype(np.float32)


def _follower(
    side: Side, faces: Faces, resolution: int, coverage: float, fingerprint: str, cache_dir: Path | None
) -> Follower:
    if cache_dir is None:
        return _train(faces, resolution, coverage)
    recipe = f"{FOLLOWER_VERSION}/{fingerprint}/{side}/{resolution}/{coverage!r}"
    path = cache_dir / f"{hashlib.sha256(recipe.encode()).hexdigest()[:32]}.npz"
    known = _load(path)
    if known is not None:
        return known
    follower = _train(faces, resolution, coverage)
    _store(path, follower)
    return follower


def _train(faces: Faces, resolution: int, coverage: float) -> Follower:
    assert faces.states is not None
    chosen = np.unique(np.linspace(0, len(faces) - 1, min(len(faces), _ENOUGH)).round().astype(np.int64))
    half = centre(faces.masks[chosen], min(resolution, _LARGEST), coverage).mean(0, dtype=np.float64) / 255
    window = ((half + half[:, ::-1]) / 2).astype(np.float32)
    images = to_tensor(centre(faces.images[chosen], resolution, coverage))
    values = followed(faces.states[chosen])
    features = _features(torch.cat([images, images.flip(3)]), window)
    slopes, offsets = fit(features, np.concatenate([values, values * _MIRRORED]))
    return Follower(window, features.mean(0), slopes, offsets)


def _features(images: Tensor, window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 3 q q): pixels standardised per picture and channel under the window, times the window's root."""
    weight = torch.from_numpy(window)
    x = images if images.shape[-2:] == weight.shape else interpolate(images, size=weight.shape, mode="area")
    return standardised(x, weight).flatten(1).numpy()


def _load(path: Path) -> Follower | None:
    """Return the stored follower, or None where there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Follower(*(stored[field.name] for field in fields(Follower)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _store(path: Path, follower: Follower) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, vars(follower))
    except (OSError, StorageError) as error:
        _log.warning("The followers are not kept for the next run: %s", error)
