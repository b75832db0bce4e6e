"""The colours of a face moved to those of another: mean and covariance by a linear map, or their whole distribution.

Clipped at last, for there is no colour outside. The whole stored picture counts, background and all, as in DeepFaceLab
(core/imagelib/color_transfer.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.faces import Faces, rgba
from faceswap_lab.randomness import stream, uniforms

Numbers = NDArray[np.float64]
Picture = NDArray[np.float32]

_LEAST = 1e-5  # added to every variance, as in DeepFaceLab: a grey picture has none, and noise is not to become colour


def reinhard(own: Numbers, other: Numbers) -> Numbers:
    """Each channel's standard deviation to the other's (Reinhard et al. 2001, "Color transfer between images").

    Like the methods below it takes two (3, 3) covariances, of the picture that is changed and of the one it is changed
    to, and returns the (3, 3) map of the colours around their mean.
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


class Transfer(ABC):
    """A method. Colours are (S, S, 3), float32, in its own space.

    Attributes:
        lab: whether it works in CIELAB, as all of the field does for Reinhard's lαβ; else in RGB.
        remembered: of how many faces ``of_other`` is kept in each process; None: of all.
    """

    lab: bool = False
    remembered: int | None = None

    def of_own(self, colours: Picture) -> Any:
        """Return what it needs to know of a face whose colours it moves, but for these."""
        return None

    @abstractmethod
    def of_other(self, colours: Picture) -> Any:
        """Return what it needs to know of a face whose colours another one gets."""

    @abstractmethod
    def moved(self, colours: Picture, own: Any, other: Any) -> Picture:
        """Return the colours of a face, moved to another's, of whom it knows ``of_own`` and ``of_other``."""

    def enter(self, face: NDArray[np.uint8]) -> Picture:
        """Return an RGB picture in the method's own space, (S, S, 3)."""
        unit = face.astype(np.float32) / 255
        return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2Lab) if self.lab else unit, np.float32)

    def leave(self, colours: Picture) -> NDArray[np.uint8]:
        """Return what ``enter`` was given, from its own space."""
        unit = cv2.cvtColor(colours, cv2.COLOR_Lab2RGB) if self.lab else colours
        return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Linear(Transfer):
    """A linear map of the three channels around the mean.

    Attributes:
        matrix: from two covariances to the map.
    """

    matrix: Callable[[Numbers, Numbers], Numbers]
    lab: bool = False

    def of_own(self, colours: Picture) -> tuple[Numbers, Numbers]:
        """Return mean (3,) and covariance (3, 3), which is positive definite."""
        mean = np.array(cv2.mean(colours)[:3])
        around = colours.reshape(-1, 3) - mean.astype(np.float32)
        covariance = (around.T @ around).astype(np.float64) / len(around)
        return mean, covariance + _LEAST * np.eye(3)

    of_other = of_own

    def moved(self, colours: Picture, own: tuple[Numbers, Numbers], other: tuple[Numbers, Numbers]) -> Picture:
        """Return colours with the other's mean, and what else the method moves."""
        matrix = self.matrix(own[1], other[1])
        offset = other[0] - matrix @ own[0]
        return np.asarray(cv2.transform(colours, np.column_stack([matrix, offset])), np.float32)


class Iterative(Transfer):
    """Iterative distribution transfer: one axis after another, colours get the other's distribution along it.

    Pitié, Kokaram & Dahyot 2007, "Automated colour grading using colour distribution transfer"; DeepFaceLab's idt,
    which draws its 20 rotations of the axes anew for each picture. Here they are always the same: what comes out is
    a matter of the two pictures alone. A distribution is known by ``_SHARES`` + 1 of its quantiles.
    """

    remembered = 1_000  # 62 kB of each; 10,000 faces would be 617 MB in each worker

    def of_other(self, colours: Picture) -> Picture:
        """Return the quantiles along every axis, (rotations, 3, _SHARES + 1)."""
        pixels = colours.reshape(-1, 3)
        return np.stack([[_quantiles(along) for along in axes @ pixels.T] for axes in _rotations()])

    def moved(self, colours: Picture, own: None, other: Picture) -> Picture:
        """Return colours whose distribution is nearly the other's."""
        pixels = colours.reshape(-1, 3).T
        for axes, due in zip(_rotations(), other):
            pixels = axes.T @ np.stack([_matched(along, quantiles) for along, quantiles in zip(axes @ pixels, due)])
        return np.ascontiguousarray(pixels.T).reshape(colours.shape)


@cache
def _rotations() -> Picture:
    """Return orthonormal axes as rows, (20, 3, 3)."""
    return np.linalg.qr(stream(0, "idt").normal(size=(20, 3, 3)))[0].astype(np.float32)


_SHARES = 256
_TABLE = 4096  # steps from the least value to the largest: to look up is a seventh of the time of to interpolate


def _quantiles(values: Picture) -> Picture:
    places = np.rint(np.linspace(0, len(values) - 1, _SHARES + 1)).astype(int)
    return np.asarray(np.sort(values)[places], np.float32)


def _matched(values: Picture, due: Picture) -> Picture:
    """Return values (N,) with other quantiles, in the same order; equal ones all get the mean of what they are due."""
    own = np.round(_quantiles(values), 5)  # what is equal but for rounding is equal
    levels, first, counts = np.unique(own, return_index=True, return_counts=True)
    table = np.interp(np.linspace(levels[0], levels[-1], _TABLE + 1), levels, np.add.reduceat(due, first) / counts)
    steps = (values - levels[0]) * (_TABLE / max(levels[-1] - levels[0], _LEAST))
    return table.astype(np.float32).take((steps + 0.5).astype(int), mode="clip")


TRANSFERS: dict[str, Transfer] = {
    "reinhard": Linear(reinhard, lab=True),
    "lct": Linear(lct),
    "mkl": Linear(mkl),
    "idt": Iterative(),
}


class ColourTransfer:
    """Gives every sample of a side the colours of a face of another side (``other``), drawn for that sample."""

    def __init__(self, name: str, other: Faces, seed: int, side: str) -> None:
        self.transfer, self.other, self.seed, self.side = TRANSFERS[name], other, seed, side
        self._of_own: dict[int, Any] = {}  # a face's are taken once in each process
        self._of_other: dict[int, Any] = {}

    def drawn(self, first: int, count: int) -> list[int]:
        """Return which of the other side's faces samples ``first`` … get their colours from."""
        u = uniforms(self.seed, "colour_match", self.side, first=first, count=count, width=1)
        return [int(place) for place in u[:, 0] * len(self.other)]

    def __call__(self, face: NDArray[np.uint8], which: int, other: int) -> NDArray[np.uint8]:
        """Return a stored face (S, S, 4), number ``which`` of the side, in the colours of the other's ``other``."""
        colours = self.transfer.enter(face[..., :3])
        if which not in self._of_own:
            self._of_own[which] = self.transfer.of_own(colours)
        moved = self.transfer.moved(colours, self._of_own[which], self._learned(other))
        return rgba(self.transfer.leave(moved), face[..., 3])

    def _learned(self, other: int) -> Any:
        known = self._of_other
        if other not in known:
            if len(known) == self.transfer.remembered:
                del known[next(iter(known))]  # the oldest
            known[other] = self.transfer.of_other(self.transfer.enter(self.other.pixels[other][..., :3]))
        return known[other]


def _power(matrix: Numbers, exponent: float) -> Numbers:
    """Return a power of a symmetric, positive definite matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T, np.float64)
