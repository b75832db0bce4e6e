"""Colours by name: a plot names a role, such as ``@ink`` or ``@arm3``, and a theme says what it looks like.

The arms' colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can tell
apart, darkened for white paper and lightened for a dark screen where the original would stand out too little.
Arms beyond the seventh take the same colours again with a dashed line.
"""

from collections.abc import Sequence

LIGHT = {
    "ink": "#1c1d20", "faint": "#5c6068", "grid": "#e4e5e8", "paper": "#ffffff", "zone": "#e3e8ee",
    "baseline": "#4a4d55",
    "arm0": "#0072b2", "arm1": "#d55e00", "arm2": "#009e73", "arm3": "#b8558c", "arm4": "#c08400", "arm5": "#2f96d0",
    "arm6": "#918500",
}  # fmt: skip
DARK = {
    "ink": "#e8e9ec", "faint": "#a3a7b0", "grid": "#33363d", "paper": "#17181b", "zone": "#2b3038",
    "baseline": "#c3c6cd",
    "arm0": "#4a9fdc", "arm1": "#f07c2c", "arm2": "#1fc496", "arm3": "#dc8fbb", "arm4": "#eeb02b", "arm5": "#84cdf8",
    "arm6": "#f0e442",
}  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}

_HUES = 7
_DASHES: list[list[int]] = [[1, 0], [6, 3], [2, 2]]


def colours(arms: Sequence[str]) -> dict[str, str]:
    """Return each arm's colour role; ``arms`` without the baseline, in the study's order, so that plots agree."""
    return {arm: f"@arm{index % _HUES}" for index, arm in enumerate(arms)}


def dashes(arms: Sequence[str]) -> dict[str, list[int]]:
    """Return each arm's line pattern, as lengths of strokes and gaps in px."""
    return {arm: _DASHES[index // _HUES % len(_DASHES)] for index, arm in enumerate(arms)}
