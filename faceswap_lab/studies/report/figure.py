"""A plot with all that a page needs to show it: Vega-Lite, drawn by the page with hover."""

from dataclasses import dataclass

from faceswap_lab.studies.report.vega import Spec

FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"

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
        name: of its place in the page, such as ``forest``; letters, digits and hyphens.
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
