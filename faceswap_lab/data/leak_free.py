"""Which pictures of a folder are held out, so that none that is trained on looks like one of them.

Pictures of a film are held out by blocks of time: a held-out frame whose neighbours are trained on judges memory.
Others are held out one by one. Then every training picture that is a near-duplicate of a held-out one is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.near_duplicates import Looks, alike_to_any, distance
from faceswap_lab.randomness import stream

_FEWEST_FRAMES = 16  # of a film that is worth cutting into blocks
_STEADY = 0.6  # neighbours of a film are this much nearer to each other than its frames in random order
_FRAMES_PER_BLOCK = 8
_MOST_BLOCKS = 16
_LEAST_LEFT = 0.5  # of the training pictures: where near-duplicates are more than this, leaving them out is no remedy


@dataclass(frozen=True)
class Picture:
    """What the split needs to know of a picture.

    Attributes:
        digest: the SHA-256 of its file.
        source: where it was cut from: pictures of one film have one source.
        order: its place in time there.
    """

    digest: bytes
    source: str
    order: tuple[int | str, ...]


@dataclass(frozen=True)
class Split:
    """Row numbers of pictures.

    Attributes:
        held_out: (k,) those that judge.
        groups: (k,) which of them belong together (a block of time; a picture by itself), for intervals.
        train: (m,) those that are trained on.
        left_out: (n - k - m,) near-duplicates of held-out ones, used for neither.
        films: how many films were cut into blocks.
        straddling: training pictures that are near-duplicates of held-out ones and stay, since they are too many.
    """

    held_out: NDArray[np.int64]
    groups: NDArray[np.int64]
    train: NDArray[np.int64]
    left_out: NDArray[np.int64]
    films: int
    straddling: int


def source_and_order(path: Path, folder: Path, source: str = "", frame: int | None = None) -> tuple[str, tuple]:
    """Return the film that a file belongs to and its place in time, by its record (source, frame) or else its name."""
    where, by_name = path.parent.relative_to(folder).as_posix(), _natural(path.stem)
    if source and frame is not None:  # films whose names differ in a number are one source, one film after the other
        return f"{where}/{_pattern(source)}", (*_natural(source), frame, *by_name)
    return f"{where}/{_pattern(path.stem)}", by_name


def _pattern(name: str) -> str:
    return re.sub(r"[0-9]+", "#", name)


def _natural(name: str) -> tuple[int | str, ...]:
    """Return a name in pieces that sort as a person sorts: 2 before 10."""
    return tuple(int(part[:18]) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name))


def split(pictures: Sequence[Picture], looks: Looks, count: int) -> Split:
    """Choose ``count`` pictures to be held out, about as many of each film, and what they leave to be trained on.

    It depends on the pictures, and of films on the order of their frames; on no seed.

    Args:
        pictures: n of them, sorted by digest.
        looks: (n, 256).
        count: how many are to be held out, 1 to n - 1.
    """
    films = [film for film in _sources(pictures) if _is_film(looks[film])]
    held, group = list[int](), list[int]()
    seen = 0
    for film in films:  # each its share, and all of them together theirs, of however many short films
        seen += len(film)
        wanted = round(count * seen / len(pictures)) - len(held)
        for block in _blocks(film, wanted, pictures):
            held += block.tolist()
            group += [len(set(group))] * len(block)
    loose = sorted(set(range(len(pictures))) - {row for film in films for row in film.tolist()})
    rest = loose[: max(0, count - len(held))]  # sorted by digest: by chance
    if not held and not rest:
        rest = [0]
    group += range(len(set(group)), len(set(group)) + len(rest))
    held += rest
    order = np.argsort(np.array(held))
    held_out, groups = np.array(held, np.int64)[order], np.array(group, np.int64)[order]
    others = np.setdiff1d(np.arange(len(pictures)), held_out)
    alike = alike_to_any(looks[others], looks[held_out])
    keep_all = bool((~alike).sum() < max(1, _LEAST_LEFT * len(others)))
    return Split(
        held_out=held_out,
        groups=groups,
        train=others if keep_all else others[~alike],
        left_out=others[:0] if keep_all else others[alike],
        films=len(films),
        straddling=int(alike.sum()) if keep_all else 0,
    )


def _sources(pictures: Sequence[Picture]) -> list[NDArray[np.int64]]:
    """Return the rows of each source in the order of time."""
    by_source: dict[str, list[int]] = {}
    for row, picture in enumerate(pictures):
        by_source.setdefault(picture.source, []).append(row)
    ordered = (sorted(rows, key=lambda row: _comparable(pictures[row].order)) for rows in by_source.values())
    return [np.array(rows, np.int64) for rows in ordered]


def _comparable(order: tuple[int | str, ...]) -> list[tuple[bool, int | str]]:
    return [(isinstance(part, str), part) for part in order]


def _is_film(looks: Looks) -> bool:
    """Tell whether pictures in this order are a film: each like the one before, more than like any other."""
    if len(looks) < _FEWEST_FRAMES:
        return False
    neighbours = np.median(distance(looks[1:], looks[:-1]))
    half = len(looks) // 2
    far = np.median(distance(looks[half:], looks[: len(looks) - half]))
    return bool(neighbours < _STEADY * far)


def _blocks(film: NDArray[np.int64], wanted: int, pictures: Sequence[Picture]) -> list[NDArray[np.int64]]:
    """Return blocks of neighbouring frames, ``wanted`` in all, one at a random place in each equal part of a film."""
    if wanted == 0:
        return []
    count = max(1, min(_MOST_BLOCKS, wanted // _FRAMES_PER_BLOCK))
    rng = stream(0, "held-out blocks", pictures[film[0]].digest.hex())
    chosen = []
    for part, frames in zip(np.array_split(film, count), np.array_split(np.arange(wanted), count), strict=True):
        start = int(rng.integers(len(part) - len(frames) + 1))
        chosen.append(part[start : start + len(frames)])
    return chosen
