"""The parts that plots are made of, in Vega-Lite: scales, layers, the marks that most of them share, and colours.

Colours go by name: a plot names a role, such as ``@ink`` or ``@arm3``, and a theme says what it looks like. The arms'
colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can tell apart, darkened
for white paper and lightened for a dark screen where the original would stand out too little. Arms beyond the seventh
take the same colours again with a dashed line.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

Spec = dict[str, Any]
Row = dict[str, Any]


def quantity(field: str, title: str | None = None, ticks: int = 4, scale: Spec | None = None, **axis: Any) -> Spec:
    """Return the channel of a number, with few ticks and plain figures."""
    made: Spec = {"field": field, "type": "quantitative", "axis": {"tickCount": ticks, "format": "~g", **axis}}
    return made | ({"title": title} if title else {}) | ({"scale": scale} if scale else {})


def names(field: str, order: Sequence[str], **axis: Any) -> Spec:
    """Return the channel of names in an order, all of them whether or not they have a value."""
    shown = {"title": None, "labelColor": "@ink", "ticks": False, "domain": False, **axis}
    return {"field": field, "type": "nominal", "sort": list(order), "scale": {"domain": list(order)}, "axis": shown}


def ranged(field: str, domain: Iterable[str], shown: Iterable[Any]) -> Spec:
    """Return a channel that gives each name its own look, without a legend."""
    scale = {"domain": list(domain), "range": list(shown)}
    return {"field": field, "type": "nominal", "legend": None, "scale": scale}


def arm_colours(arms: Sequence[str], baseline: str | None = None) -> Spec:
    """Return the channel of the arms' colours; ``arms`` without the baseline."""
    first = {} if baseline is None else {baseline: "@baseline"}
    looks = first | colours(arms)
    return ranged("arm", looks, looks.values())


def arm_dashes(arms: Sequence[str], baseline: str) -> Spec:
    """Return the channel of the arms' line patterns; ``arms`` without the baseline."""
    return ranged("arm", [baseline, *arms], [[1, 0], *dashes(arms).values()])


def layer(mark: str | Spec, data: list[Row] | None = None, **encoding: Any) -> Spec:
    """Return a layer; its data are those of the whole plot unless it has its own."""
    made: Spec = {"mark": mark, "encoding": encoding}
    return made if data is None else {"data": {"values": data}, **made}


def zero(channel: str, across: str) -> Spec:
    """Return the line of no difference on the channel ``x`` or ``y``, straight through the other one."""
    return layer({"type": "rule", "color": "@faint"}, [{"zero": 0}], **{channel: quantity("zero"), across: None})


def zone(smallest: float | None, channel: str, across: str) -> Spec:
    """Return the shaded zone of what is too small to matter; nothing to draw where none was declared."""
    rows: list[Row] = [] if smallest is None else [{"from": -smallest, "to": smallest}]
    ends = {channel: quantity("from"), f"{channel}2": {"field": "to"}, across: None}
    return layer({"type": "rect", "color": "@zone"}, rows, **ends)


def with_data(layers: Sequence[Spec]) -> list[Spec]:
    """Return the layers that have something to draw: Vega warns of an empty one on a quantitative axis."""
    return [one for one in layers if one.get("data", {}).get("values", True)]


def multiples(rows: list[Row], by: str, order: Sequence[str], inner: Spec, spacing: int = 18, **more: Any) -> Spec:
    """Return small multiples: one panel for each name, all drawn alike."""
    facet = {"field": by, "type": "nominal", "sort": list(order), "title": None, **more}
    return {"data": {"values": rows}, "facet": facet, "spacing": spacing, "spec": inner}


def tooltip(*fields: str, **formatted: str) -> list[Spec]:
    """Return what the pointer shows: fields by their names, with underscores as spaces, some with a format."""
    plain = [{"field": field.replace(".", "\\."), "title": field.replace("_", " ")} for field in fields]
    return [*plain, *({"field": field, "title": field, "format": shape} for field, shape in formatted.items())]


def short(value: float | None) -> float | None:
    """Return a number with five digits for the page; None for what is not finite."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


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
