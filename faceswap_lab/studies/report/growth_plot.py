"""How the distance between two trainings grows with the steps, one panel per group of weights and one for the swaps."""

import math
from collections.abc import Mapping
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.report import vega
from faceswap_lab.studies.report.figure import Figure

SERIES = {
    "orders": "the other order",
    "draws": "other samples",
    "seeds": "another seed",
    "rounding": "one rounding at the start",
}
_COLOURS = ["@arm1", "@arm0", "@baseline", "@arm2"]
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
_SWAPS = "swaps (mean |difference|)"


def growth_figure(content: Mapping[str, Any]) -> Figure | None:
    """Return the growth of ``order_effect``, or None if it holds fewer than two steps.

    Args:
        content: see ``training.order_effect.measure``.
    """
    rows = [row for entry in content.get("growth") or [] for row in _rows(entry)]
    if len({row["step"] for row in rows}) < 2:
        return None
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    shown = [name for name in SERIES.values() if any(row["series"] == name for row in rows)]
    place = [list(SERIES.values()).index(name) for name in shown]
    steps = sorted({row["step"] for row in rows})
    x = vega.quantity("step", title="training step", scale={"type": "log", "nice": False}, values=steps, grid=False)
    x["axis"]["format"] = "~s"
    colour = vega.ranged("series", shown, [_COLOURS[index] for index in place])
    colour["legend"] = {"columns": 2, "symbolType": "stroke", "symbolStrokeWidth": 3}
    dash = vega.ranged("series", shown, [_DASHES[index] for index in place]) | {"legend": colour["legend"]}
    y = vega.quantity("distance", title="distance (log scale)", scale={"type": "log"})
    point = {"type": "point", "filled": True, "size": 45, "opacity": 1}
    layers = [
        vega.layer({"type": "line", "strokeWidth": 2}, strokeDash=dash),
        vega.layer(point, tooltip=vega.tooltip("series", "step", "says")),
    ]
    spec = vega.multiples(
        rows, "panel", panels, {"height": 150, "encoding": {"x": x, "y": y, "color": colour}, "layer": layers}
    )
    spec["resolve"] = {"scale": {"y": "independent"}}
    last = max(row["step"] for row in rows)
    return Figure(
        name="order-growth",
        title="How far apart two trainings are",
        caption="Distance from the training A then B, both axes logarithmic. Weights: L2 distance as a share of the "
        "way they were trained; swaps: mean absolute difference of the held-out pixels in [0, 1]. A distance of "
        "exactly zero has no point.",
        alt="; ".join(f"{row['panel']}, {row['series']}: {row['says']}" for row in rows if row["step"] == last),
        spec=spec,
        left=72,
        least=140,
        most=2,
        own_axes=True,
    )


def _rows(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for key, series in SERIES.items():
        for group, distance in (entry.get(key) or {}).items():
            found.append(_row(entry["step"], group, series, (distance or {}).get("relative")))
        found.append(_row(entry["step"], _SWAPS, series, (entry.get("outputs") or {}).get(key)))
    return [row for row in found if row is not None]


def _row(step: int, panel: str, series: str, distance: float | None) -> dict[str, Any] | None:
    if distance is None or not math.isfinite(distance) or distance <= 0:
        return None
    says = digits.general(distance)
    return {"step": step, "panel": panel, "series": series, "distance": float(f"{distance:.5g}"), "says": says}
