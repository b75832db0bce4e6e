"""A plot with all that a page needs to show it: Vega-Lite, drawn by the page with hover, and beforehand as SVG."""

import json
import re
from dataclasses import dataclass
from typing import Any

from faceswap_lab.studies.report.palette import LIGHT, paint

STATIC_WIDTH = 860  # px, of the SVG files
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"

_STATIC_FONT = "Arial, Helvetica, Liberation Sans, sans-serif"  # as wide wherever it is read as where it was laid out

Spec = dict[str, Any]

CONFIG: Spec = {
    "background": "@paper",
    "font": FONT,
    "aria": False,
    "padding": 4,
    "axis": {
        "labelColor": "@faint", "titleColor": "@ink", "titleFontWeight": "normal", "titleFontSize": 12,
        "labelFontSize": 11, "gridColor": "@grid", "domainColor": "@grid", "tickColor": "@grid", "titlePadding": 6,
    },
    "header": {
        "labelColor": "@ink", "labelFontSize": 12, "labelFontWeight": 600, "labelAnchor": "start", "labelOrient": "top",
        "labelPadding": 4, "title": None,
    },
    "legend": {
        "labelColor": "@ink", "titleColor": "@ink", "orient": "top", "title": None, "labelFontSize": 11,
        "symbolStrokeColor": "@ink",
    },
    "view": {"stroke": None},
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One plot.

    Attributes:
        name: of its file and its place in the page, such as ``forest``; letters, digits and hyphens.
        title: a few words.
        caption: what it shows, what bands and marks mean, n. Plain text.
        alt: for who cannot see it, the main numbers in a sentence.
        spec: Vega-Lite with colour roles, without width. Small multiples have ``facet``, ``spec`` and no ``columns``.
        left: px left of the panels, for the labels of the y axis.
        least: px, the narrowest useful panel: decides how many stand beside each other.
        most: how many panels stand beside each other at most.
        own_axes: every panel has a y axis of its own, ``left`` px wide.
    """

    name: str
    title: str
    caption: str
    alt: str
    spec: Spec
    left: int = 62
    least: int = 124
    most: int = 4
    own_axes: bool = False


def headline(caption: str) -> str:
    """Return a caption with a capital at its start, unless it is a name such as loss_A."""
    return caption[:1].upper() + caption[1:] if "_" not in caption.split(" ")[0] else caption


def for_page(figure: Figure) -> Spec:
    """Return the plot as the page's script wants it: what to draw and how to fit it to the width it finds."""
    return {
        "spec": {"config": CONFIG, **figure.spec},
        "left": figure.left,
        "least": figure.least,
        "most": figure.most,
        "own_axes": figure.own_axes,
    }


def svg(figure: Figure) -> str:
    """Return the plot as an SVG document of fixed width on white paper."""
    import vl_convert  # here: 0.1 s that only a report needs

    config = {**CONFIG, "font": _STATIC_FONT, "padding": 8}
    spec = paint(_fitted({"config": config, **_still(figure.spec)}, figure, STATIC_WIDTH), LIGHT)
    return _renumbered(str(vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])))


def _renumbered(drawn: str) -> str:
    """Return an SVG whose clip paths count from 0: Vega counts on over all plots, and equal plots should be equal."""
    places = {old: place for place, old in enumerate(dict.fromkeys(re.findall(r'id="clip(\d+)"', drawn)))}
    return re.sub(r'(id="clip|url\(#clip)(\d+)', lambda found: f"{found[1]}{places.get(found[2], found[2])}", drawn)


def without_empty(layers: list[Spec]) -> list[Spec]:
    """Return the layers that have something to draw: Vega warns of an empty one on a quantitative axis."""
    return [layer for layer in layers if layer.get("data", {}).get("values", True)]


def _still(spec: Spec) -> Spec:
    """Return the plot without the layers that only answer a pointer: they are most of the file."""
    if "facet" in spec:
        return {**spec, "spec": _still(spec["spec"])}
    return {**spec, "layer": [layer for layer in spec["layer"] if "params" not in layer]}


def _fitted(spec: Spec, figure: Figure, width: int) -> Spec:
    """Return the plot at a width in px. ``page.js`` does the same with the width that a window leaves."""
    if "facet" not in spec:
        return {**spec, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    between = spec["spacing"] + (figure.left if figure.own_axes else 0)
    room = width - figure.left + between
    columns = max(1, min(figure.most, len(spec["facet"]["sort"]), room // (figure.least + between)))
    panel = room // columns - between - 8
    facet = {**spec["facet"], "header": {**spec["facet"].get("header", {}), "labelLimit": panel}}
    return {**spec, "columns": columns, "facet": facet, "spec": {**spec["spec"], "width": panel}}
