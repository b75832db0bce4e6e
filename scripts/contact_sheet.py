"""Draw docs/twins.png: every preset in the same six states.

python scripts/contact_sheet.py [--output docs/twins.png] [--size 150] [--random N]
"""

import argparse
from pathlib import Path

import numpy as np

from faceswap_lab.evaluation.png import write_png
from faceswap_lab.twins import PRESETS, Head, State, identity, render

STATES = (
    State(background=11, background_contrast=0.8),
    State(yaw=0.5, light_azimuth=-0.6, smile=0.9, gaze_x=-0.2, background=12),
    State(yaw=-0.45, pitch=0.1, light_azimuth=1.1, mouth_open=0.7, brow_raise=0.9, eyes_wide=0.5, background=13),
    State(pitch=-0.22, roll=0.1, blink_left=1, blink_right=1, light_elevation=0.9, warmth=0.9, background=14),
    State(
        pitch=0.2, yaw=0.15, frown=0.9, brow_raise=-1, brow_inner=0.3, light_azimuth=-1.1, light_elevation=0.2,
        warmth=-0.9, ambient=0.3, background=15,
    ),
    State(
        yaw=0.25, smile=1.0, mouth_open=0.5, brow_raise=0.6, gaze_x=0.25, light_azimuth=0.2, warmth=0.4, background=16,
    ),
)  # fmt: skip


def draw(names: list[str], size: int) -> np.ndarray:
    """Return one row per person, one column per state."""
    rows = []
    for name in names:
        head = Head(identity(name))
        rows.append(np.concatenate([render(head, state, size, 3).image for state in STATES], 1))
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/twins.png"))
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--random", type=int, default=0, help="draw this many random people instead of the presets")
    parser.add_argument("--only", nargs="*", help="draw these people")
    arguments = parser.parse_args()
    names = arguments.only or [f"random-{k}" for k in range(arguments.random)] or list(PRESETS)
    sheet = draw(names, arguments.size)
    # Every fourth level only: nobody sees it in a picture, and the file becomes half as large.
    levels = np.minimum((sheet.astype(np.uint16) + 2) // 4 * 4, 255).astype(np.uint8)
    write_png(arguments.output, levels, {"Software": "faceswap_lab", "Description": "Synthetic: rendered people"})


if __name__ == "__main__":
    main()
