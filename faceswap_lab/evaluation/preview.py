"""The preview: fixed held-out faces, what the model makes of them, and the truth, with captions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation.held_out import HeldOut, to_pixels
from faceswap_lab.evaluation.metrics import masked_ssim
from faceswap_lab.evaluation.scores import Swapper, key_suffix, reconstructions, swaps

MOST_SHOWN = 4
"""Sides in a preview, the first ones: each is shown as every other, so the picture grows with the square."""

_CELL = 112  # px; small faces are enlarged to this
_CAPTIONS = 148  # px, the width of the left column
_TITLE = 34  # px
_GAP = 12  # px between the two sides' rows
_HAIR = 2  # px between faces
_PAPER, _INK, _FAINT = 255, (24, 24, 24), (105, 105, 105)


@dataclass(frozen=True)
class Row:
    """One line of the preview: its name, a caption, a fainter line under that, and (n, 3, r, r) faces in [0, 1]."""

    name: str
    caption: str
    note: str
    faces: Tensor


def preview_rows(model: Swapper, held_out: HeldOut, indices: Sequence[int]) -> list[list[Row]]:
    """Return what the model makes of a few held-out faces: a group of rows for each side, of the first ``MOST_SHOWN``.

    Each has the input and its reconstruction, then for each other side the swap (one row for each of the model's swap
    paths) and, with pairs, the true swap. The notes give the masked SSIM against the truth, averaged over the faces
    shown.

    Args:
        model: see ``evaluate``.
        held_out: the faces.
        indices: which of them, the same on all sides, as far as a side has so many; keep them fixed over a run, so that
            previews compare.
    """
    sides = held_out.sides[:MOST_SHOWN]
    return [_rows(model, held_out, side, [other for other in sides if other != side], list(indices)) for side in sides]


def tiles(groups: Iterable[Sequence[Row]]) -> tuple[NDArray[np.uint8], list[str]]:
    """Set all faces side by side at their own size, without captions or gaps: for a report to cut up again.

    Returns:
        (rows · r, n · r, 3) uint8 RGB, black where a row has fewer faces than others, and the names of the rows from
        top to bottom: the inputs "A" and "B", "A_recon", "swap_AB", "swap_AB_target_path" (a second path), "B_truth"
        (the true swap of the row "A"), ….
    """
    rows = [row for group in groups for row in group]
    strips = [np.concatenate(list(to_pixels(row.faces)), axis=1) for row in rows]
    return _below_each_other(strips, 0), [row.name for row in rows]


def picture(groups: Iterable[Sequence[Row]], title: str = "") -> NDArray[np.uint8]:
    """Set groups of rows under each other, with captions on the left and a gap between groups.

    Args:
        groups: as ``preview_rows`` made them.
        title: the top line, e.g. the run's name and step.

    Returns:
        (H, W, 3) uint8 RGB; each face is enlarged to 112 px, or as it is if larger.
    """
    parts: list[NDArray[np.uint8]] = []
    for group in groups:
        parts += [_strip(row) for row in group]
        parts.append(np.full((_GAP, 1, 3), _PAPER, np.uint8))
    rows = _below_each_other(parts[:-1], _PAPER)
    if not title:
        return rows
    head = np.full((_TITLE, rows.shape[1], 3), _PAPER, np.uint8)
    return np.concatenate([_write(head, title, 8, 23, 15, _INK), rows])


def _below_each_other(parts: Sequence[NDArray[np.uint8]], filling: int) -> NDArray[np.uint8]:
    """Join pictures that begin at the left, the narrower ones filled up."""
    width = max(part.shape[1] for part in parts)
    missing = [((0, 0), (0, width - part.shape[1]), (0, 0)) for part in parts]
    return np.concatenate([np.pad(part, pad, constant_values=filling) for part, pad in zip(parts, missing)])


def _rows(model: Swapper, held_out: HeldOut, source: Side, targets: list[Side], indices: list[int]) -> list[Row]:
    indices = [index for index in indices if index < len(held_out.images[source])]
    images = held_out.images[source][indices]
    drawn = reconstructions(model, source, images)
    score = _ssim(drawn, images, held_out.masks[source][indices])
    given = "input" if held_out.paired else "input, a real picture"
    rows = [Row(source, source, given, images), Row(f"{source}_recon", f"{source} reconstructed", score, drawn)]
    for target in targets:
        truth = held_out.images[target][indices] if held_out.paired else None
        for path in model.swap_paths:
            drawn = swaps(model, images, source, target, path)
            score = "" if truth is None else _ssim(drawn, truth, held_out.masks[target][indices])
            name = f"swap_{source}{target}{key_suffix(model, path)}"
            note = ", ".join(filter(None, (_path_note(model, path, source, target), score)))
            rows.append(Row(name, f"swap {source} → {target}", note, drawn))
        if truth is not None:
            rows.append(Row(f"{target}_truth", target, f"the truth for {source} → {target}", truth))
    return rows


def _path_note(model: Swapper, path: str, source: Side, target: Side) -> str:
    """Return which way a swap took, where there are several: the encoder's name says more than the path's."""
    if len(model.swap_paths) == 1:
        return ""
    return {"own": f"encoder {source}", "target": f"encoder {target}"}.get(path, path)


def _ssim(drawn: Tensor, truth: Tensor, mask: Tensor) -> str:
    return f"SSIM {float(masked_ssim(drawn, truth, mask).mean()):.2f}"


def _strip(row: Row) -> NDArray[np.uint8]:
    """Set one row: its captions, then its faces side by side."""
    border = ((0, _HAIR), (0, _HAIR), (0, 0))
    faces = [np.pad(_enlarge(face), border, constant_values=_PAPER) for face in to_pixels(row.faces)]
    left = np.full((faces[0].shape[0], _CAPTIONS, 3), _PAPER, np.uint8)
    middle = left.shape[0] // 2 - 2
    _write(left, row.caption, 8, middle - 2, 15, _INK)
    _write(left, row.note, 8, middle + 17, 12, _FAINT)
    return np.concatenate([left, *faces], axis=1)


def _enlarge(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if face.shape[0] >= _CELL:
        return face
    return np.asarray(cv2.resize(face, (_CELL, _CELL), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _write(
    paper: NDArray[np.uint8], text: str, x: int, y: int, size: int, ink: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Write text in OpenCV's own TrueType face onto the paper, its baseline at y; a line that is too long is cut."""
    weight = 400  # named on purpose: without it OpenCV keeps the weight of the text before
    cv2.putText(paper, text, (x, y), ink, cv2.FontFace("sans"), size, weight)
    return paper
