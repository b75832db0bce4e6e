"""Forest plots: each arm's paired difference from the baseline with its interval, every seed, and what is too small."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Compared, Findings
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.report import meanings, vega
from faceswap_lab.studies.report.figure import Figure, headline

_LABELS = 180  # px for an arm's name
SHAPES = {"better": "triangle-up", "worse": "triangle-down", "equivalent": "square", "undecided": "circle"}
_SHAPES_SAY = "▲ better, ▼ worse, ■ equivalent, ○ undecided."


def primary_forest(findings: Findings) -> Figure | None:
    """Return the forest plot of the primary metric, or None if no arm has a difference."""
    compared = findings.primary
    rows = _arm_rows(compared)
    if not rows:
        return None
    arms = [arm.name for arm in findings.arms[1:]]
    metric, smallest = compared.metric, compared.metric.smallest_difference
    way = {True: "\n(right of zero is better)", False: "\n(left of zero is better)", None: ""}
    zone = "No smallest difference that matters was declared."
    if smallest is not None:
        zone = f"The shaded zone is ±{smallest:g}, the smallest difference that matters, declared before the runs."
    spec = {
        "height": 34 * len(arms),
        "encoding": _encoding(compared.ranked(), f"difference from {findings.baseline}{way[metric.higher_is_better]}"),
        "layer": _layers(rows, _seed_rows(compared), _zones([compared]), arms),
    }
    return Figure(
        name="forest",
        title=f"{headline(metric.caption)}: difference from {findings.baseline}",
        caption=f"Mean of the paired differences, arm minus {findings.baseline}, with its "
        f"{100 * (1 - findings.alpha):g} % interval; each small tick is one seed. {zone} {_SHAPES_SAY} n is the number "
        "of seeds that both have.",
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
    inner = {
        "height": 20 * len(arms),
        "encoding": _encoding(arms, f"difference from {findings.baseline}"),
        "layer": _layers(None, None, None, arms),
    }
    header = {"labelExpr": "split(datum.value, '\\n')", "labelLineHeight": 15}
    spec = vega.multiples([*_zones(shown), *seeds, *rows], "metric", captions, inner, spacing=22, header=header)
    spec["resolve"] = {"scale": {"x": "independent"}}
    return Figure(
        name="forest-secondary",
        title=f"Secondary metrics: difference from {findings.baseline}",
        caption=f"As above, one panel per metric, each with its own scale. {_SHAPES_SAY} The shaded zone is the "
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
                "difference": vega.short(numbers.difference),
                "low": vega.short(numbers.interval.low) if known else None,
                "high": vega.short(numbers.interval.high) if known else None,
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
        {"kind": "seed", "metric": _label(compared.metric), "arm": arm, "seed": seed, "one": vega.short(difference)}
        for arm, judgement in compared.judgements.items()
        for seed, difference in judgement.comparison.differences.items()
    ]


def _zones(shown: Sequence[Compared]) -> list[dict[str, Any]]:
    return [
        {"kind": "zone", "metric": _label(compared.metric), "from": -smallest, "to": smallest}
        for compared in shown
        if (smallest := compared.metric.smallest_difference) is not None
    ]


def _layers(rows: Any, seeds: Any, zones: Any, arms: Sequence[str]) -> list[vega.Spec]:
    """Return the layers; each has its own data, or filters the shared data of small multiples by kind."""

    def of(kind: str, values: Any, mark: vega.Spec, **encoding: Any) -> vega.Spec:
        if values is not None:
            return vega.layer(mark, values, **encoding)
        return {"transform": [{"filter": f"datum.kind === '{kind}'"}], **vega.layer(mark, **encoding)}

    def x(field: str) -> vega.Spec:
        return {"field": field, "type": "quantitative"}

    colour = vega.arm_colours(arms)
    shape = vega.ranged("verdict", SHAPES, SHAPES.values())
    hollow = {"condition": {"test": "datum.verdict === 'undecided'", "value": "@paper"}, **colour}
    says = vega.tooltip("arm", "interval", "verdict", "p", "wins", "seeds", difference="+.4~g")
    tick = {"type": "tick", "thickness": 1.2, "size": 9, "opacity": 0.55, "yOffset": 7 if rows else 5}
    point = {"type": "point", "size": 95 if rows else 55, "strokeWidth": 2, "opacity": 1}
    layers = [
        of("zone", zones, {"type": "rect", "color": "@zone"}, x=x("from"), x2={"field": "to"}, y=None),
        vega.layer({"type": "rule", "color": "@faint"}, [{"zero": 0}], x=x("zero"), y=None),
        of("seed", seeds, tick, x=x("one"), color=colour, tooltip=vega.tooltip("arm", "seed", "one")),
        of("arm", rows, {"type": "rule", "strokeWidth": 2.4}, x=x("low"), x2={"field": "high"}, color=colour),
        of("arm", rows, point, x=x("difference"), color=colour, fill=hollow, shape=shape, tooltip=says),
    ]
    return vega.with_data(layers)


def _encoding(arms: Sequence[str], title: str) -> vega.Spec:
    axis = {"format": "~g", "tickCount": 5, "labelFlush": False}
    scale = {"zero": True, "nice": True}
    x = {"type": "quantitative", "title": title.split("\n"), "axis": axis, "scale": scale}
    return {"y": vega.names("arm", arms, labelLimit=_LABELS, labelFontSize=12), "x": x}


def _label(metric: Metric) -> str:
    """Return the caption with its direction, in lines that fit above a panel."""
    return "\n".join(textwrap.wrap(metric.caption + meanings.ARROWS[metric.higher_is_better], 27))
