"""The colours of a face moved to those of another: its mean, and as much of its covariance as the method moves.

Each method is a linear map of the three channels around the mean; clipped at last, for there is no colour outside. The
whole stored picture counts, background and all, as in DeepFaceLab (core/imagelib/color_transfer.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.faces import Faces, rgba
from faceswap_lab.randomness import uniforms

Numbers = NDArray[np.float64]
Picture = NDArray[np.float32]

_LEAST = 1e-5  # added to every variance, as in DeepFaceLab: a grey picture has none, and noise is not to become colour


def reinhard(own: Numbers, other: Numbers) -> Numbers:
    """Each channel's standard deviation to the other's (Reinhard et al. 2001, "Color transfer between images").

    Args:
        own: (3, 3) covariance of the picture that is changed.
        other: (3, 3) covariance of the one it is changed to.

    Returns:
        (3, 3), what is applied to the colours around their mean.
    """
    return np.diag(np.sqrt(np.diag(other) / np.diag(own)))


def lct(own: Numbers, other: Numbers) -> Numbers:
    """Whitened, then coloured: other^(1/2) own^(-1/2) (DeepFaceLab's linear_color_transfer, mode "pca")."""
    return _power(other, 0.5) @ _power(own, -0.5)


def mkl(own: Numbers, other: Numbers) -> Numbers:
    """Of all maps to the other's covariance the one that moves colours least: Monge and Kantorovich's, linear.

    own^(-1/2) (own^(1/2) other own^(1/2))^(1/2) own^(-1/2): Pitié & Kokaram 2007, "The linear Monge-Kantorovitch linear
    colour mapping for example-based colour transfer".
    """
    root, inverse = _power(own, 0.5), _power(own, -0.5)
    return inverse @ _power(root @ other @ root, 0.5) @ inverse


@dataclass(frozen=True)
class Transfer:
    """A method.

    Attributes:
        matrix: from two covariances to a linear map.
        lab: whether it works in CIELAB, as all of the field does for Reinhard's lαβ; else in RGB.
    """

    matrix: Callable[[Numbers, Numbers], Numbers]
    lab: bool = False

    def enter(self, face: NDArray[np.uint8]) -> Picture:
        """Return an RGB picture in the method's own space, (S, S, 3)."""
        unit = face.astype(np.float32) / 255
        return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2Lab) if self.lab else unit, np.float32)

    def leave(self, colours: Picture) -> NDArray[np.uint8]:
        """Return what ``enter`` was given, from its own space."""
        unit = cv2.cvtColor(colours, cv2.COLOR_Lab2RGB) if self.lab else colours
        return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)

    def moved(self, colours: Picture, own: "Statistics", other: "Statistics") -> Picture:
        """Return colours whose statistics are ``own`` with the other's mean, and what else the method moves."""
        matrix = self.matrix(own.covariance, other.covariance)
        offset = other.mean - matrix @ own.mean
        return np.asarray(cv2.transform(colours, np.column_stack([matrix, offset])), np.float32)


TRANSFERS = {"reinhard": Transfer(reinhard, lab=True), "lct": Transfer(lct), "mkl": Transfer(mkl)}


@dataclass(frozen=True)
class Statistics:
    """Of a picture's colours.

    Attributes:
        mean: (3,).
        covariance: (3, 3), positive definite.
    """

    mean: Numbers
    covariance: Numbers

    @classmethod
    def of(cls, colours: Picture) -> "Statistics":
        """Return those of a picture (S, S, 3)."""
        mean = np.array(cv2.mean(colours)[:3])
        around = colours.reshape(-1, 3) - mean.astype(np.float32)
        covariance = (around.T @ around).astype(np.float64) / len(around)
        return cls(mean, covariance + _LEAST * np.eye(3))


class ColourTransfer:
    """Gives every sample of a side the colours of a face of another side, drawn for that sample.

    Args:
        name: a key of ``TRANSFERS``.
        other: the stored faces whose colours they get.
        seed: the experiment's seed.
        side: the side whose samples they are.
    """

    def __init__(self, name: str, other: Faces, seed: int, side: str) -> None:
        self.transfer, self.other, self.seed, self.side = TRANSFERS[name], other, seed, side
        self._known: dict[tuple[str, int], Statistics] = {}  # a face's are taken once in each process

    def drawn(self, first: int, count: int) -> list[int]:
        """Return which of the other side's faces samples ``first`` … get their colours from."""
        u = uniforms(self.seed, "colour_match", self.side, first=first, count=count, width=1)
        return [int(place) for place in u[:, 0] * len(self.other)]

    def __call__(self, face: NDArray[np.uint8], which: int, other: int) -> NDArray[np.uint8]:
        """Return a stored face (S, S, 4), number ``which`` of the side, in the colours of the other's ``other``."""
        colours = self.transfer.enter(face[..., :3])
        if ("own", which) not in self._known:
            self._known["own", which] = Statistics.of(colours)
        if ("other", other) not in self._known:
            self._known["other", other] = Statistics.of(self.transfer.enter(self.other.pixels[other][..., :3]))
        moved = self.transfer.moved(colours, self._known["own", which], self._known["other", other])
        return rgba(self.transfer.leave(moved), face[..., 3])


def _power(matrix: Numbers, exponent: float) -> Numbers:
    """Return a power of a symmetric, positive definite matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T, np.float64)
