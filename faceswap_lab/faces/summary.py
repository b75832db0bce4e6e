"""What a set of faces holds, in a few lines: how many, which poses, how even, and what was dropped."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from faceswap_lab.faces.choice import Choice
from faceswap_lab.faces.face_set import Row

_BINS = np.arange(-60, 61, 20)  # degrees of yaw
_SIDEWAYS, _NODDING, _ODD = 15, 12, 0.5  # degrees, degrees, evenness


def summary(rows: Sequence[Row], choice: Choice, looked: int, deleted: int = 0) -> dict[str, Any]:
    """Return what a set holds, as JSON values.

    Args:
        rows: what was measured of its faces.
        choice: which of them it keeps.
        looked: frames that were looked at.
        deleted: further faces, whose pictures somebody has deleted.
    """
    kept = [row for row, reason in zip(rows, choice.reasons) if not reason]
    yaw, pitch = (np.array([getattr(row, name) for row in kept]) for name in ("yaw", "pitch"))
    poses = {
        "left": int((yaw < -_SIDEWAYS).sum()),
        "ahead": int((np.abs(yaw) <= _SIDEWAYS).sum()),
        "right": int((yaw > _SIDEWAYS).sum()),
        "up": int((pitch < -_NODDING).sum()),
        "down": int((pitch > _NODDING).sum()),
    }
    by_hand = {"picture deleted by hand": deleted} if deleted else {}
    return {
        "frames": looked,
        "found": len(rows) + deleted,
        "kept": len(kept),
        "dropped": dict(Counter(reason for reason in choice.reasons if reason).most_common()) | by_hand,
        "people": choice.people,
        "person": choice.chosen + 1,
        "poses": poses,
        "yaw": [round(float(x), 1) for x in np.percentile(yaw, [5, 50, 95])] if kept else [],
        "evenness": round(evenness(yaw), 3) if kept else 0.0,
        "eyes": round(float(np.median([row.eyes for row in kept])), 1) if kept else 0.0,
    }


def evenness(yaw: np.ndarray) -> float:
    """Return how evenly turns in degrees fill six bins from -60 to 60: their entropy by its largest, 0 to 1."""
    counts = np.histogram(np.clip(yaw, -59.9, 59.9), _BINS)[0]
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))) + 0.0


def lines(told: dict[str, Any], folder: str) -> list[str]:
    """Return the summary for a person."""
    poses = told["poses"]
    said = [f"faces       {told['kept']} kept of {told['found']} found in {told['frames']} frames, in {folder}"]
    if told["found"] < told["frames"]:
        said.append("            a frame that looks like one just before it is passed over, and not counted as found")
    said += [f"dropped     {count}: {reason}" for reason, count in told["dropped"].items()]
    if len(told["people"]) > 1:
        counts = ", ".join(map(str, told["people"]))
        said.append(
            f"people      {len(told['people'])} of them, with {counts} faces; this is number {told['person']} "
            "(--like PICTURE chooses)"
        )
    if told["kept"]:
        low, middle, high = told["yaw"]
        said.append(
            f"poses       {poses['left']} left, {poses['ahead']} ahead, {poses['right']} right; {poses['up']} up, "
            f"{poses['down']} down; 90 % turned {low:z.0f}° to {high:z.0f}°, median {middle:z.0f}°"
        )
        if told["evenness"] < _ODD:
            said.append(
                f"            uneven ({told['evenness']:.2f} of 1): a model learns the poses that it sees; film the "
                "others too"
            )
        if told["kept"] < 200:
            said.append(f"            {told['kept']} faces are few: 500 and more make a difference")
    return said
