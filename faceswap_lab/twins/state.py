"""The state of a rendered face: everything but who it is."""

from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Turn = Literal["any", "left", "right"]


@dataclass(frozen=True)
class State:
    """Pose, expression, gaze, light and background of one picture. The defaults are a neutral frontal portrait.

    "Right" and "left" of pose, gaze and light are the picture's; the blinking eyes are the person's own.

    Attributes:
        yaw: turn of the head in radians, > 0 towards the right of the picture. Heads are made to be seen from the
            front and the sides, up to about ±1.3: their textures meet in a seam at the back.
        pitch: nod in radians, > 0 downwards.
        roll: tilt in radians, > 0 counter-clockwise in the picture.
        shift_x: move to the right, in decimetres (the picture is 2.84 wide).
        shift_y: move upwards, in decimetres.
        zoom: magnification, 1 is none.
        mouth_open: 0 closed … 1 wide open.
        smile: 0 … 1.1.
        frown: mouth corners down, 0 … 1.
        purse: lips forward, 0 … 1.
        blink_left: the person's left eye, 0 open … 1 closed.
        blink_right: the person's right eye, 0 open … 1 closed.
        eyes_wide: 0 … 1.
        brow_raise: -1 lowered … 1.2 raised.
        brow_inner: inner ends raised, 0 … 1.
        gaze_x: radians, > 0 towards the right of the picture.
        gaze_y: radians, > 0 upwards.
        light_azimuth: where the key light stands, radians, > 0 right of the viewer.
        light_elevation: radians above the horizon.
        key_light: its strength, about 1.
        ambient: strength of the light from everywhere, about 0.45.
        warmth: -1 cold … 1 warm.
        background: seed of the background.
        background_contrast: 0 plain grey … 1.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    zoom: float = 1.0
    mouth_open: float = 0.0
    smile: float = 0.0
    frown: float = 0.0
    purse: float = 0.0
    blink_left: float = 0.0
    blink_right: float = 0.0
    eyes_wide: float = 0.0
    brow_raise: float = 0.0
    brow_inner: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    light_azimuth: float = 0.5
    light_elevation: float = 0.6
    key_light: float = 1.0
    ambient: float = 0.45
    warmth: float = 0.0
    background: int = 0
    background_contrast: float = 0.5


STATE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(State))


def state_vector(state: State) -> NDArray[np.float32]:
    """Return the state's numbers, (P,) float32 in the order of ``STATE_FIELDS``."""
    return np.array([getattr(state, name) for name in STATE_FIELDS], np.float32)


def state_of(row: NDArray[np.floating]) -> State:
    """Return the state whose numbers are ``row``, in the order of ``STATE_FIELDS``."""
    state = State(*row.tolist())
    return replace(state, background=int(state.background))


def sample_state(
    rng: np.random.Generator,
    *,
    pose: Turn = "any",
    light: Turn = "any",
    background: Literal["varied"] | int = "varied",
) -> State:
    """Draw a state such as a lively video would hold: mostly frontal, mostly calm, lit from anywhere in front.

    The options take no draws of their own, so the same generator gives the same state but for what they ask:
    ``pose="left"`` mirrors the yaws that would go right, and ``light`` does the same with the light.

    Args:
        rng: drawn from; the number of draws does not depend on the options.
        pose: "left" or "right" keeps the head turned to that side of the picture; two people with disjoint poses.
        light: "left" or "right" keeps the key light on that side of the picture.
        background: "varied" for a new one in each picture, or a seed for one room.

    Returns:
        A state whose face stays inside the central 160/256 of the picture.
    """
    normal, uniform = rng.normal, rng.uniform

    def clipped(mean: float, spread: float, low: float, high: float) -> float:
        return float(min(max(normal(mean, spread), low), high))  # np.clip takes five times as long for one number

    yaw = clipped(0, 0.3, -0.7, 0.7)
    azimuth = float(uniform(-1, 1))
    blinks, one_eyed, closed = rng.random() < 0.35, rng.random() > 0.85, clipped(0, 0.5, 0, 1)
    seed = int(rng.integers(1 << 24))  # below 2**24 a seed is exact in the float32 of ``state_vector``
    return State(
        yaw=_turned(yaw, pose, "pose"),
        pitch=clipped(0, 0.13, -0.3, 0.3),
        roll=float(normal(0, 0.05)),
        shift_x=float(normal(0, 0.02)),
        shift_y=float(normal(0, 0.02)),
        zoom=float(uniform(0.97, 1.03)),
        mouth_open=clipped(0.1, 0.35, 0, 1),
        smile=clipped(0.15, 0.5, 0, 1.1),
        frown=clipped(-0.3, 0.4, 0, 1),
        purse=clipped(-0.4, 0.4, 0, 1),
        blink_left=closed if blinks else 0.0,
        blink_right=closed if blinks and not one_eyed else 0.0,
        eyes_wide=clipped(-0.2, 0.5, 0, 1),
        brow_raise=clipped(0.15, 0.45, -0.8, 1.2),
        brow_inner=clipped(-0.2, 0.5, 0, 1),
        gaze_x=clipped(0, 0.2, -0.45, 0.45),
        gaze_y=clipped(0, 0.1, -0.25, 0.25),
        light_azimuth=_turned(azimuth, light, "light"),
        light_elevation=float(uniform(0.1, 1.0)),
        key_light=float(uniform(0.85, 1.15)),
        ambient=float(uniform(0.33, 0.57)),
        warmth=float(uniform(-0.7, 0.7)),
        background=seed if background == "varied" else int(background),
    )


def _turned(angle: float, turn: Turn, option: str) -> float:
    if turn == "any":
        return angle
    if turn in ("left", "right"):
        return abs(angle) if turn == "right" else -abs(angle)
    raise ValueError(f"{option}={turn!r}: must be one of 'any', 'left', 'right'")
