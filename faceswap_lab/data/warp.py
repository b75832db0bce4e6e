"""The geometry of the 2018 warp: where in the stored face each pixel of a sample comes from.

The recipe is that of deepfakes/faceswap in 2018 (``lib/training_data.py``; its similarity fit is Umeyama,
"Least-squares estimation of transformation parameters between two point patterns", PAMI 1991). Step by step it turns,
zooms, shifts and flips the whole face into a new picture, the *posed* one, then lays a jittered 5×5 grid over its
centre. The *input* is the posed picture seen through the grid; the *target* is the posed picture under the similarity
that brings the grid closest to a regular one.

Here the turn, zoom, shift and flip are pushed through the 25 control points instead. That is exact: the grid is
expanded by linear interpolation, whose weights sum to one, so it commutes with any affine map. What remains is one
interpolation, straight from the stored face.

Points of the plane are complex numbers x + iy throughout (y points down): a similarity is then ``a·z + b`` and a
left-right flip is a conjugation.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.draws import Draws

REFERENCE_SIDE = 256  # the stored side, in pixels, for which the 2018 recipe gives its lengths

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Recipe:
    """How a stored face becomes an input and a target.

    Attributes:
        name: what reports call it.
        rotation: the largest turn, degrees, either way.
        zoom: the largest change of size, either way, as a fraction.
        shift: the largest shift per axis, either way, as a fraction of the stored side.
        flip: probability of a left-right flip, in [0, 1].
        jitter: standard deviation of each control point of the 5×5 grid, in pixels of a 256 px face; 0 for no warp.
        coverage: the fraction of the stored side that the grid spans, in (0, 1]; 160/256 in 2018.
        misaligned: True keeps the pixel conventions of 2018, in which pixel *indices* serve as coordinates: the target
            lies half an output pixel before the input, and the grid and the pivot half a stored pixel after the centre.
            False puts input, target and pivot on the centre exactly, as ``faceswap_lab.data.sampler.centre`` does.
        two_stage: True interpolates twice, as the original did: the posed picture, then its warp. Slower and softer.
        grid: the fraction of the stored side that the control points span, at least ``coverage``; None: ``coverage``.
        fitted: True: the target is the similarity nearest to the warp, as in 2018; False: the posed picture itself.
        nodes: "5x5", each moved by ``jitter``; or "dfl_cells" (``draws.jitter_in_cells``), of which ``jitter`` is the
            standard deviation in pixels of a 256 px face, had the grid one cell; or "landmarks"
            (``landmark_warp.LandmarkWarp``), of which it is that of each landmark.
        strength: of "landmarks", factor of all shifts; 0 for no warp.
    """

    name: str
    rotation: float
    zoom: float
    shift: float
    flip: float
    jitter: float
    coverage: float
    misaligned: bool
    two_stage: bool
    grid: float | None = None
    fitted: bool = True
    nodes: str = "5x5"
    strength: float = 1.0

    def warped(self, strength: float) -> "Recipe":
        """Return the recipe with a warp of so many times its strength."""
        if strength == 1:
            return self
        return replace(self, jitter=strength * self.jitter, strength=strength * self.strength)

    @property
    def share(self) -> float:
        """The part of the grid's side that the input shows, in (0, 1]."""
        return 1.0 if self.grid is None else self.coverage / self.grid


@dataclass(frozen=True)
class Pose:
    """The turn, zoom, shift and flip of n samples, as the map from the posed picture back to the stored face.

    A posed point z comes from ``turn · z' + offset`` of the stored face, where z' is z, or its mirror image in the
    picture if flipped.

    Attributes:
        turn: (n,) complex; rotation and inverse zoom.
        offset: (n,) complex, in stored pixels.
        flipped: (n,) bool.
        size: the side of the stored and of the posed picture, in pixels.
    """

    turn: Complex
    offset: Complex
    flipped: NDArray[np.bool_]
    size: int

    def to_stored(self, points: Complex) -> Complex:
        """Map points of the posed pictures, shape (n, …), to the stored faces."""
        turn, offset, flipped = (_along(values, points.ndim) for values in (self.turn, self.offset, self.flipped))
        return turn * np.where(flipped, self.size - 1 - points.conj(), points) + offset

    def to_posed(self, shifts: Complex) -> Complex:
        """Return what shifts between points of the stored faces, shape (n, …), are in the posed pictures."""
        turned = shifts / _along(self.turn, shifts.ndim)
        return np.where(_along(self.flipped, shifts.ndim), -turned.conj(), turned)


def pose(draws: Draws, recipe: Recipe, size: int) -> Pose:
    """Return the pose of each sample of faces stored at ``size`` pixels."""
    pivot = _centre(recipe, size) * (1 + 1j)
    angle = np.deg2rad(recipe.rotation * draws.rotation)
    turn = (np.cos(angle) + 1j * np.sin(angle)) / (1 + recipe.zoom * draws.zoom)
    moved = pivot + recipe.shift * size * (draws.shift[:, 0] + 1j * draws.shift[:, 1])
    return Pose(turn=turn, offset=pivot - turn * moved, flipped=draws.flip < recipe.flip, size=size)


def control_points(draws: Draws, recipe: Recipe, size: int) -> Complex:
    """Return the jittered control points in the posed pictures: (n, k, k), rows from top to bottom, in pixels."""
    span = recipe.coverage if recipe.grid is None else recipe.grid
    axis = _centre(recipe, size) + span * size * np.linspace(-0.5, 0.5, draws.jitter.shape[-1])
    unit = recipe.strength * size if recipe.nodes == "landmarks" else recipe.jitter * size / REFERENCE_SIDE
    jitter = unit * draws.jitter
    return (axis + jitter[:, 0]) + 1j * (axis[:, None] + jitter[:, 1])


def expand(points: Complex, resolution: int, share: float = 1.0) -> NDArray[np.float32]:
    """Interpolate control points (n, k, k) to every pixel of the input: (n, 2, r, r) float32, x then y.

    Of the grid the input shows ``share`` of the side, in its middle. With all of a 5×5 grid it is the same as resizing
    it to 5r/4 pixels with OpenCV's half-pixel convention and cutting r/8 : r/8 + r: the outer nodes come to lie on the
    outer edges of the output's border pixels.
    """
    weights = _expansion(resolution, points.shape[-1], share)
    planes = np.stack([points.real, points.imag], axis=1)
    return (weights @ planes @ weights.T).astype(np.float32)  # in float64 till here: 1/255 is 4e-3, and errors add up


def onto_target(points: Complex, recipe: Recipe, size: int, resolution: int) -> tuple[Complex, Complex]:
    """Return the similarity ``a·z + b`` from the posed pictures to the target; arguments and returns as of ``fit``."""
    if recipe.fitted:
        return fit(points, recipe, resolution)
    a = np.full(len(points), resolution / (recipe.coverage * size), np.complex128)
    middle = (resolution / 2 - (0.0 if recipe.misaligned else 0.5)) * (1 + 1j)
    return a, middle - a * _centre(recipe, size) * (1 + 1j)


def fit(points: Complex, recipe: Recipe, resolution: int) -> tuple[Complex, Complex]:
    """Return the similarity ``a·z + b`` that brings control points closest to the regular grid of the target.

    In the plane and without reflections Umeyama's fit is one complex least squares.

    Args:
        points: (n, k, k), in the posed pictures.
        recipe: says which pixel convention the target's grid follows.
        resolution: the target's side r, in pixels.

    Returns:
        a, b: (n,) complex each.
    """
    axis = _goal(points.shape[-1], recipe.share, resolution) - (0.0 if recipe.misaligned else 0.5)
    goal = (axis + 1j * axis[:, None]).ravel()
    z = points.reshape(len(points), -1)
    mean = z.mean(axis=1)
    around = z - mean[:, None]
    a = (around.conj() * (goal - goal.mean())).sum(axis=1) / (around.conj() * around).real.sum(axis=1)
    return a, goal.mean() - a * mean


def stored_points(draws: Draws, recipe: Recipe, size: int, resolution: int) -> tuple[Complex, NDArray[np.float64]]:
    """Return where n inputs and targets of ``resolution`` pixels lie in faces stored at ``size`` pixels.

    Returns:
        the control points in the stored faces, (n, k, k), for ``expand``; the affine maps from the target's (x, y, 1)
        to the stored (x, y), (n, 2, 3); both in pixel indices.
    """
    posed = pose(draws, recipe, size)
    points = control_points(draws, recipe, size)
    a, b = onto_target(points, recipe, size, resolution)
    corners = (np.array([0, 1, 1j]) - b[:, None]) / a[:, None]  # an affine map is known by where three points go
    origin, right, down = posed.to_stored(corners).T
    columns = np.stack([right - origin, down - origin, origin], axis=1)
    return posed.to_stored(points), np.stack([columns.real, columns.imag], axis=1)


def _centre(recipe: Recipe, size: int) -> float:
    """The centre of the stored face in pixel indices: that of 2018, or the true one."""
    return size // 2 if recipe.misaligned else (size - 1) / 2


def _goal(nodes: int, share: float, resolution: int) -> NDArray[np.float64]:
    """Return where a regular grid's nodes lie along the target's side, of which it shows ``share``."""
    if share == 1:
        return np.linspace(0, resolution, nodes)
    return resolution * (0.5 + np.linspace(-0.5, 0.5, nodes) / share)


def _expansion(resolution: int, nodes: int, share: float) -> NDArray[np.float64]:
    """Weights (r, k) of the control points for each output pixel of one axis; every row sums to 1."""
    place = (np.arange(resolution) + 0.5) * (nodes - 1) / resolution
    if share != 1:
        place = (nodes - 1) / 2 + share * (place - (nodes - 1) / 2)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(nodes)))


def _along(values: NDArray, dims: int) -> NDArray:
    """Shape one value per sample, (n,), so that it broadcasts over arrays of ``dims`` dimensions."""
    return values.reshape(-1, *(1,) * (dims - 1))
