"""Forest plots: each arm's paired difference from the baseline with its interval, every seed, and what is too small."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Compared, Findings, Metric
from faceswap_lab.studies.report import meanings
from faceswap_lab.studies.report.figure import Figure, Spec, headline, without_empty
from faceswap_lab.studies.report.palette import colours

_LABELS = 180  # px for an arm's name
SHAPES = {"better": "triangle-up", "worse": "triangle-down", "equivalent": "square", "undecided": "circle"}


def primary_forest(findings: Findings) -> Figure | None:
    """Return the forest plot of the primary metric, or None if no arm has a difference."""
    compared = findings.primary
    rows = _arm_rows(compared)
    if not rows:
        return None
    arms = [arm.name for arm in findings.arms[1:]]
    metric = compared.metric
    spec = {
        "height": 34 * len(arms),
        "encoding": _encoding(arms, f"difference from {findings.baseline}{_way(metric)}"),
        "layer": _layers(rows, _seed_rows(compared), _zones([compared]), arms),
    }
    return Figure(
        name="forest",
        title=f"{headline(metric.caption)}: difference from {findings.baseline}",
        caption=f"Mean of the paired differences, arm minus {findings.baseline}, with its "
        f"{_confidence(findings)} interval; each small tick is one seed. "
        f"{_zone_words(metric)}{_shape_words()} n is the number of seeds that both have.",
        alt="; ".join(f"{row['arm']}: {row['says']}" for row in rows),
        spec=spec,
        left=0,
    )


def secondary_forests(findings: Findings) -> Figure | None:
    """Return one small forest plot per secondary metric, each with a scale of its own, or None if there is none."""
    shown = [compared for compared in findings.secondary if _arm_rows(compared)]
    if not shown:
        return None
    arms = [arm.name for arm in findings.arms[1:]]
    captions = [_label(compared.metric) for compared in shown]
    rows = [row for compared in shown for row in _arm_rows(compared)]
    seeds = [row for compared in shown for row in _seed_rows(compared)]
    spec: Spec = {
        "data": {"values": [*_zones(shown), *seeds, *rows]},
        "facet": {
            "field": "metric",
            "type": "nominal",
            "sort": captions,
            "title": None,
            "header": {"labelExpr": "split(datum.value, '\\n')", "labelLineHeight": 15},
        },
        "spacing": 22,
        "spec": {
            "height": 20 * len(arms),
            "encoding": _encoding(arms, f"difference from {findings.baseline}"),
            "layer": _layers(None, None, None, arms),
        },
        "resolve": {"scale": {"x": "independent"}},
    }
    return Figure(
        name="forest-secondary",
        title=f"Secondary metrics: difference from {findings.baseline}",
        caption=f"As above, one panel per metric, each with its own scale. {_shape_words()} The shaded zone is the "
        "smallest difference that matters, where one was declared.",
        alt="; ".join(f"{row['metric']}, {row['arm']}: {row['says']}".replace("\n", " ") for row in rows),
        spec=spec,
        left=min(_LABELS, 7 * max(map(len, arms)) + 30),
        least=190,
        most=3,
    )


def _arm_rows(compared: Compared) -> list[dict[str, Any]]:
    """Return what is plotted and shown on hover for every arm that has a difference."""
    rows = []
    for arm, judgement in compared.judgements.items():
        numbers = judgement.comparison
        if not math.isfinite(numbers.difference):
            continue
        known = math.isfinite(numbers.interval.low) and math.isfinite(numbers.interval.high)
        decimals = digits.places((numbers.interval.high - numbers.interval.low) / 2 if known else None)
        difference = digits.fixed(numbers.difference, decimals, sign=True)
        interval = digits.interval(*numbers.interval, decimals, sign=True)
        rows.append(
            {
                "kind": "arm",
                "metric": _label(compared.metric),
                "arm": arm,
                "difference": _round(numbers.difference),
                "low": _round(numbers.interval.low) if known else None,
                "high": _round(numbers.interval.high) if known else None,
                "interval": interval,
                "verdict": judgement.verdict,
                "p": digits.p_value(judgement.p_holm),
                "wins": digits.percent(numbers.wins),
                "seeds": numbers.seeds,
                "says": f"{judgement.verdict}, {difference} ({interval}), n = {numbers.seeds}",
            }
        )
    return rows


def _seed_rows(compared: Compared) -> list[dict[str, Any]]:
    return [
        {"kind": "seed", "metric": _label(compared.metric), "arm": arm, "seed": seed, "one": _round(difference)}
        for arm, judgement in compared.judgements.items()
        for seed, difference in zip(judgement.comparison.pairs.seeds, judgement.comparison.pairs.differences)
    ]


def _zones(shown: Sequence[Compared]) -> list[dict[str, Any]]:
    return [
        {"kind": "zone", "metric": _label(compared.metric), "from": -smallest, "to": smallest}
        for compared in shown
        if (smallest := compared.metric.smallest_difference) is not None
    ]


def _layers(rows: Any, seeds: Any, zones: Any, arms: Sequence[str]) -> list[Spec]:
    """Return the layers; each has its own data, or filters the shared data of small multiples by kind."""

    def source(values: Any, kind: str) -> Spec:
        if values is not None:
            return {"data": {"values": values}}
        return {"transform": [{"filter": f"datum.kind === '{kind}'"}]}

    colour = {
        "field": "arm", "type": "nominal", "legend": None,
        "scale": {"domain": list(arms), "range": list(colours(arms).values())},
    }  # fmt: skip
    tooltip = [
        {"field": "arm", "title": "arm"},
        {"field": "difference", "title": "difference", "format": "+.4~g"},
        {"field": "interval", "title": "interval"},
        {"field": "verdict", "title": "verdict"},
        {"field": "p", "title": "corrected p"},
        {"field": "wins", "title": "wins"},
        {"field": "seeds", "title": "seeds"},
    ]
    shape = {
        "field": "verdict", "type": "nominal", "legend": None,
        "scale": {"domain": list(SHAPES), "range": list(SHAPES.values())},
    }  # fmt: skip
    x = {"field": "difference", "type": "quantitative"}
    hollow = {"condition": {"test": "datum.verdict === 'undecided'", "value": "@paper"}, **colour}
    layers = [
        {
            **source(zones, "zone"),
            "mark": {"type": "rect", "color": "@zone"},
            "encoding": {"x": {"field": "from", "type": "quantitative"}, "x2": {"field": "to"}, "y": None},
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": "@faint", "strokeWidth": 1},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}, "y": None},
        },
        {
            **source(seeds, "seed"),
            "mark": {"type": "tick", "thickness": 1.2, "size": 9, "opacity": 0.55, "yOffset": 7 if rows else 5},
            "encoding": {
                "x": {"field": "one", "type": "quantitative"},
                "color": colour,
                "tooltip": [{"field": "arm"}, {"field": "seed"}, {"field": "one", "title": "difference"}],
            },
        },
        {
            **source(rows, "arm"),
            "mark": {"type": "rule", "strokeWidth": 2.4},
            "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}, "color": colour},
        },
        {
            **source(rows, "arm"),
            "mark": {"type": "point", "size": 95 if rows else 55, "strokeWidth": 2, "opacity": 1},
            "encoding": {"x": x, "color": colour, "fill": hollow, "shape": shape, "tooltip": tooltip},
        },
    ]
    return without_empty(layers)


def _encoding(arms: Sequence[str], title: str) -> Spec:
    axis = {
        "title": None,
        "labelColor": "@ink",
        "labelLimit": _LABELS,
        "domain": False,
        "ticks": False,
        "labelFontSize": 12,
    }
    return {
        "y": {"field": "arm", "type": "nominal", "sort": list(arms), "scale": {"domain": list(arms)}, "axis": axis},
        "x": {
            "type": "quantitative",
            "title": title.split("\n"),
            "axis": {"format": "~g", "tickCount": 5, "labelFlush": False},
            "scale": {"zero": True, "nice": True},
        },
    }


def _label(metric: Metric) -> str:
    """Return the caption with its direction, in lines that fit above a panel."""
    return "\n".join(textwrap.wrap(metric.caption + meanings.ARROWS[metric.higher_is_better], 27))


def _way(metric: Metric) -> str:
    return {True: "\n(right of zero is better)", False: "\n(left of zero is better)", None: ""}[metric.higher_is_better]


def _confidence(findings: Findings) -> str:
    return f"{100 * (1 - findings.alpha):g} %"


def _zone_words(metric: Metric) -> str:
    if metric.smallest_difference is None:
        return "No smallest difference that matters was declared. "
    zone = f"The shaded zone is ±{metric.smallest_difference:g}, the smallest difference that matters, "
    return f"{zone}declared before the runs. "


def _shape_words() -> str:
    return "▲ better, ▼ worse, ■ equivalent, ○ undecided."


def _round(value: float) -> float:
    return float(f"{value:.5g}")
