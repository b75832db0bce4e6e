"""Which of the faces that were found belong to a set: the right person's, plain to see, and no two alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.faces.embedders import Embedding, SFace
from faceswap_lab.faces.face_set import Row, SetRefused

_JOINS, _MERGES = 0.5, 0.62  # cosine of a face to the mean of a person's, and of two such means
_TOO_ALIKE = 0.15  # distance of looks (``data.near_duplicates``) below which one of two faces teaches nothing new
_FEWEST = 3  # faces that make a person worth naming

# What a face must have to be kept:
_EYES = 24  # px between the eyes: the mean face has 65 in its picture of 256, so 24 are enlarged not quite three times
_SHARPNESS = 4.0  # see ``data.measures``
_MOST_YAW = 75  # degrees, either way
_MOST_DISAGREEMENT = 0.3  # see ``mesh.Mesh``
_INSIDE = 0.85  # see ``face_set.Row``


@dataclass(frozen=True)
class Choice:
    """What became of each face.

    Attributes:
        reasons: for each row why it is not kept, or "" if it is.
        likeness: for each row, the cosine to the person chosen.
        people: how many faces each person has who was found, the most frequent first.
        chosen: which of them.
    """

    reasons: list[str]
    likeness: NDArray[np.float64]
    people: list[int] = field(default_factory=list)
    chosen: int = 0


def choose(rows: Sequence[Row], like: Embedding | None, excluded: set[str]) -> Choice:
    """Choose the faces of one person: whom ``like`` shows, or the most frequent.

    Raises:
        SetRefused: nobody looks like the picture.
    """
    reasons = [_fault(row) for row in rows]
    good = [i for i, reason in enumerate(reasons) if not reason]
    likeness = np.zeros(len(rows))
    if not good:
        return Choice(reasons, likeness)
    embeddings = np.array([rows[i].embedding for i in good], np.float64)
    person, means = _people(embeddings)
    counts = np.bincount(person, minlength=len(means))
    chosen = int(np.argmax(counts)) if like is None else _most_like(means, like)
    likeness = np.array([row.embedding for row in rows], np.float64) @ means[chosen]
    for i, who in zip(good, person):
        if who != chosen:
            reasons[i] = "another person"
    told = [who for who in range(len(means)) if counts[who] >= _FEWEST or who == chosen]
    order = sorted(told, key=lambda who: -counts[who])
    for i, row in enumerate(rows):
        if not reasons[i] and row.file in excluded:
            reasons[i] = "excluded by hand"
    _thin(rows, reasons)
    return Choice(reasons, likeness, [int(counts[who]) for who in order], order.index(chosen))


def _fault(row: Row) -> str:
    """Return what is wrong with a face as a picture, or ""."""
    if row.eyes < _EYES:
        return f"too small: the eyes are less than {_EYES} px apart"
    if row.disagreement > _MOST_DISAGREEMENT:
        return "hidden in part, or no face"
    if row.inside < _INSIDE:
        return "cut off by the frame"
    if abs(row.yaw) > _MOST_YAW:
        return f"turned away by more than {_MOST_YAW}°"
    return "blurred" if row.sharpness < _SHARPNESS else ""


def _people(embeddings: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Group embeddings (n, 128) by person; return each one's person, and the mean of each, of length 1.

    Each face joins the person whose mean it is nearest to, or begins a new one; then persons whose means are near are
    one. Simple, in one pass, and good enough for the few people of a home video; --like and the sheet mend the rest.
    """
    sums = list[NDArray[np.float64]]()
    person = np.zeros(len(embeddings), np.int64)
    for i, embedding in enumerate(embeddings):
        near = [float(embedding @ total) / float(np.linalg.norm(total)) for total in sums]
        best = int(np.argmax(near)) if near else -1
        if best >= 0 and near[best] > _JOINS:
            sums[best] = sums[best] + embedding
            person[i] = best
        else:
            person[i] = len(sums)
            sums.append(embedding.copy())
    merged = list(range(len(sums)))
    for i in range(len(sums)):
        for j in range(i):
            a, b = sums[i], sums[merged[j]]
            if float(a @ b) > _MERGES * float(np.linalg.norm(a) * np.linalg.norm(b)):
                merged[i] = merged[j]
                sums[merged[j]] = a + b
                break
    numbers = {who: number for number, who in enumerate(sorted(set(merged)))}
    means = np.array([sums[who] / np.linalg.norm(sums[who]) for who in numbers])
    return np.array([numbers[merged[who]] for who in person], np.int64), means


def _most_like(means: NDArray[np.float64], like: Embedding) -> int:
    near = means @ like
    best = int(np.argmax(near))
    if near[best] < SFace.same:
        raise SetRefused(
            f"nobody in it looks like the picture of --like (likeness {near[best]:.2f} at most; one person has more "
            f"than {SFace.same:.2f}); leave --like out to take the most frequent person"
        )
    return best


def _thin(rows: Sequence[Row], reasons: list[str]) -> None:
    """Of faces that look alike keep the sharpest."""
    kept = [i for i, reason in enumerate(reasons) if not reason]
    kept.sort(key=lambda i: -rows[i].sharpness)
    looks = np.empty((len(kept), len(rows[0].look)), np.float32)
    count = 0
    for i in kept:
        if count and float((looks[:count] @ rows[i].look).max()) > 1 - _TOO_ALIKE**2 / 2:
            reasons[i] = "like another, sharper one"
        else:
            looks[count] = rows[i].look
            count += 1
