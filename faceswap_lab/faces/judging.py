"""Judging swaps of real people, whose true swap nobody knows: is it a face, whose, and does it do what the input does?

A model's pictures are small and filled by the face: they are enlarged and given a margin before a face is looked for.
A swap in which none is found counts as the worst; it is never left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.embedders import Embedder, embedders, unit
from faceswap_lab.faces.mesh import Mesher

SMALLEST = 32  # px; below it, real faces themselves are not judged well enough to judge by them

FOLLOWED = ("yaw", "pitch", "mouth_open", "eyes_open", "smile", "gaze_x")
"""What of the input a swap should follow, in the order of what the mesh measures best (docs/own_faces.md)."""

_ENLARGED, _MARGIN = 192, 64  # px: the picture, and what is repeated of its edge on each side
_SURE = 0.5  # the detector's score, less than for photos: a swap is blurred


@dataclass(frozen=True)
class Seen:
    """What is seen in n pictures.

    Attributes:
        found: (n,) whether there is a face.
        embeddings: by judge, (n, 128); zeros where there is none.
        does: by name of ``FOLLOWED``, (n,); NaN where there is none.
    """

    found: NDArray[np.bool_]
    embeddings: Mapping[str, NDArray[np.float64]]
    does: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class SwapJudged:
    """How good swaps from a source to a target are.

    Attributes:
        found: share of swaps with a face in them, 0 to 1.
        identity: by judge, (n,): 0 is as far from the target as the source's own faces, 1 as near as the target's own;
            cut off at both ends; 0 where no face is found.
        floor: by judge: mean cosine of the source's faces to the target.
        ceiling: by judge: mean cosine of the target's faces to the mean of the others of them.
        follows: by name of ``FOLLOWED``: correlation with the input where both have a face, times the share that has.
        single: by name of ``FOLLOWED``, (n,): each swap's part in it, see ``jackknifed``.
    """

    found: float
    identity: dict[str, NDArray[np.float64]]
    floor: dict[str, float]
    ceiling: dict[str, float]
    follows: dict[str, float]
    single: dict[str, NDArray[np.float64]]


class FaceJudge:
    """Looks at pictures with a detector, a mesh and judges who tell people apart: all that are installed, unless given.

    Raises:
        ModelMissing: the extra ``faces`` is not installed.
    """

    def __init__(self, judges: Sequence[Embedder] | None = None) -> None:
        self._detector, self._mesher = Detector(sure=_SURE), Mesher()
        self._judges = embedders() if judges is None else judges

    def look(self, pictures: NDArray[np.uint8]) -> Seen:
        """Return what is seen in pictures (n, S, S, 3) RGB.

        Raises:
            ValueError: they are smaller than ``SMALLEST``.
        """
        if pictures.shape[1] < SMALLEST:
            raise ValueError(f"faces of {pictures.shape[1]} px cannot be judged; {SMALLEST} px are the least")
        found = np.zeros(len(pictures), bool)
        vectors = {judge.name: np.zeros((len(pictures), 128)) for judge in self._judges}
        does = {name: np.full(len(pictures), np.nan) for name in FOLLOWED}
        for i, picture in enumerate(pictures):
            frame = _with_margin(picture)
            faces = self._detector.find(frame)
            if not faces:
                continue
            found[i] = True
            mesh = self._mesher.fit(frame, faces[0])
            yaw, pitch = mesh.turn
            told = {"yaw": yaw, "pitch": pitch} | mesh.expression()
            for name in FOLLOWED:
                does[name][i] = told[name]
            for judge in self._judges:
                vectors[judge.name][i] = judge.embed(frame, mesh.landmarks)
        return Seen(found, vectors, does)


def judge_swaps(swaps: Seen, inputs: Seen, target: Seen) -> SwapJudged:
    """Judge swaps by what is seen in them, in their inputs (row by row the same), and in faces of the target.

    Raises:
        ValueError: swaps and inputs differ in number, or hardly a face is found in the inputs or the target's faces, so
            that there is nothing to measure by.
    """
    if len(swaps.found) != len(inputs.found):
        raise ValueError(f"{len(swaps.found)} swaps of {len(inputs.found)} inputs; there must be one of each")
    if inputs.found.sum() < 2 or target.found.sum() < 2:
        raise ValueError(
            f"a face is found in {inputs.found.sum()} inputs and {target.found.sum()} faces of the target; at least 2 "
            "each are needed to judge a swap by"
        )
    identity, floor, ceiling = {}, {}, {}
    for name, vectors in swaps.embeddings.items():
        source_faces, target_faces = (seen.embeddings[name][seen.found] for seen in (inputs, target))
        who = unit(target_faces.sum(axis=0))
        floor[name] = float((source_faces @ who).mean())
        ceiling[name] = _among_themselves(target_faces)
        near = vectors @ who
        span = max(ceiling[name] - floor[name], 1e-6)
        identity[name] = np.where(swaps.found, np.clip((near - floor[name]) / span, 0, 1), 0.0)
    return SwapJudged(
        found=float(swaps.found.mean()),
        identity=identity,
        floor=floor,
        ceiling=ceiling,
        follows={name: _follows(swaps.does[name], inputs.does[name]) for name in FOLLOWED},
        single={name: jackknifed(_follows, swaps.does[name], inputs.does[name]) for name in FOLLOWED},
    )


def jackknifed(statistic: Callable[..., float], *columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's part (n,) in a statistic of columns (n,): n times it, less n - 1 times it without the row.

    Tukey's pseudo-values (Miller, "The jackknife: a review", Biometrika 61, 1974). Of a mean they are the values
    themselves; of anything smooth they vary as the values of a mean would that is as uncertain.
    """
    n = len(columns[0])
    without = [statistic(*(np.delete(column, row) for column in columns)) for row in range(n)]
    return n * statistic(*columns) - (n - 1) * np.array(without)


def _with_margin(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = cv2.resize(picture, (_ENLARGED, _ENLARGED), interpolation=cv2.INTER_CUBIC)
    margins = (_MARGIN,) * 4
    return np.asarray(cv2.copyMakeBorder(large, *margins, cv2.BORDER_REPLICATE), np.uint8)


def _among_themselves(vectors: NDArray[np.float64]) -> float:
    """Return the mean cosine of each vector to the mean of the others."""
    others = vectors.sum(axis=0) - vectors
    others /= np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-12)
    return float((vectors * others).sum(axis=1).mean())


def _follows(swap: NDArray[np.float64], given: NDArray[np.float64]) -> float:
    both = np.isfinite(swap) & np.isfinite(given)
    if both.sum() < 3 or swap[both].std() < 1e-9 or given[both].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(swap[both], given[both])[0, 1] * both.mean())
