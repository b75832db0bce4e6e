"""Videos and photos of twins, degraded like a phone's: no real person's face is in any test."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from faceswap_lab.twins import LANDMARK_NAMES, STATE_FIELDS, Head, State, degrade, identity, render, sample_state

WIDTH, HEIGHT, FACE = 480, 270, 220  # px
MESH_POINTS = {  # the mesh point nearest to a landmark of the renderer's
    "right_eye_outer": 33, "right_eye_inner": 133, "left_eye_inner": 362, "left_eye_outer": 263,
    "right_mouth_corner": 61, "left_mouth_corner": 291, "chin": 152,
}  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """A frame and its truth: who is in it, in what state, and where the renderer's landmarks lie, by name."""

    pixels: np.ndarray
    who: str
    state: State
    landmarks: dict[str, np.ndarray]


@cache
def head(who: str) -> Head:
    return Head(identity(who))


def shot(who: str, state: State, seed: int = 0, strength: float = 0.4) -> Shot:
    drawn = render(head(who), state, FACE, supersampling=1)
    x, y = 120 + seed % 7, 30
    frame = np.full((HEIGHT, WIDTH, 3), (90, 110, 100), np.uint8)
    frame[y : y + FACE, x : x + FACE] = drawn.image
    landmarks = {name: point + np.array([x, y]) - 0.5 for name, point in zip(LANDMARK_NAMES, drawn.landmarks)}
    return Shot(degrade(frame, np.random.default_rng(seed), strength), who, state, landmarks)


def film(who: str, frames: int, seed: int, between: int = 12) -> list[Shot]:
    """A person whose state wanders from one drawn state to the next."""
    rng = np.random.default_rng(seed)
    drawn = [sample_state(rng, background=seed) for _ in range(frames // between + 2)]
    values = np.array([[getattr(state, name) for name in STATE_FIELDS] for state in drawn])
    shots = []
    for number in range(frames):
        at, share = divmod(number / between, 1)
        state = State(*(values[int(at)] * (1 - share) + values[int(at) + 1] * share).tolist())
        shots.append(shot(who, replace(state, background=seed), number))
    return shots


def write_video(path: Path, shots: list[Shot]) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (WIDTH, HEIGHT))
    for one in shots:
        writer.write(np.ascontiguousarray(one.pixels[..., ::-1]))
    writer.release()
    return path
