"""Curves over training steps as small multiples: one panel per arm, the baseline in grey in each."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Curve, Curves, Findings
from faceswap_lab.studies.report import vega
from faceswap_lab.studies.report.figure import Figure, headline
from faceswap_lab.studies.statistics.curves import CurveDifference

_HEIGHT = 120
_NARROWEST, _NAME = 124, 230  # px, of a panel; a name that needs more is cut
_WIDEST = 4  # times the largest difference shown: wider bands are cut
_NO_DIFFERENCE = 0.001  # the axis where arms are exactly equal


def level_figure(findings: Findings, curves: Curves) -> Figure | None:
    """Return each arm's curve beside the baseline's, or None if no arm has one."""
    baseline = curves.arms.get(findings.baseline)
    others = [arm.name for arm in findings.arms[1:] if arm.name in curves.arms]
    shown = others or ([findings.baseline] if baseline else [])
    if not shown:
        return None
    rows = [row for name in shown for row in _level_rows(name, curves.arms[name], baseline)]
    grey = _level_rows(findings.baseline, baseline, None) if baseline and others else []
    colour, dash = _looks(findings)
    log = _is_log(curves)
    scale: vega.Spec = {"type": "log", "nice": False} if log else {"zero": False}
    axis = curves.metric.key + (" (log scale)" if log else "")
    y, low = (vega.quantity(field, title=axis, scale=scale) for field in ("mean", "low"))
    band = {"type": "area", "opacity": 0.2, "line": False}
    layers = [
        vega.layer({**band, "color": "@baseline", "opacity": 0.16}, grey, y=low, y2={"field": "high"}),
        vega.layer(band, y=low, y2={"field": "high"}, color=colour),
        vega.layer({"type": "line", "color": "@baseline", "strokeWidth": 1.5}, grey, y=y),
        vega.layer({"type": "line", "strokeWidth": 2}, y=y, color=colour, strokeDash=dash),
        _hover(y, colour, vega.tooltip("arm", "step", "seeds", mean=".4~g", low=".4~g", high=".4~g", baseline=".4~g")),
    ]
    absent = [arm.name for arm in findings.arms if arm.name not in curves.arms]
    return Figure(
        name=f"curve-{_file(curves)}",
        title=headline(curves.metric.caption),
        caption=f"{headline(curves.metric.caption)} over training steps: mean over the seeds "
        f"({_counted(curves.arms[name].seeds for name in shown)}), band from the lowest to the highest seed"
        + (f"; grey, in every panel: {findings.baseline}" if others else "")
        + "."
        + (" The axis is logarithmic." if log else "")
        + (f" No curve: {', '.join(absent)}." if absent else ""),
        alt=_last({name: curves.arms[name].mean for name in shown}),
        spec=_over_steps(rows, shown, layers),
        least=_least(shown),
    )


def difference_figure(findings: Findings, curves: Curves) -> Figure | None:
    """Return each arm's paired difference from the baseline over steps, with bands, or None if there is none."""
    found = {arm.name: curves.differences[arm.name] for arm in findings.arms[1:] if arm.name in curves.differences}
    if not found:
        return None
    shown = list(found)
    rows = [row for name in shown for row in _difference_rows(name, found[name])]
    smallest = curves.metric.smallest_difference
    domain, cut = _difference_domain(list(found.values()), smallest)
    colour, dash = _looks(findings)
    y = vega.quantity("difference", title="difference", scale={"domain": domain, "nice": False})
    layers = [
        vega.zone(smallest, "y", "x"),
        vega.zero("y", "x"),
        _band(y, "band_low", "band_high", 0.16, colour),
        _band(y, "low", "high", 0.3, colour),
        vega.layer({"type": "line", "strokeWidth": 2}, y=y, color=colour, strokeDash=dash),
        _hover(y, colour, vega.tooltip("arm", "step", "interval", "band", "seeds", difference="+.4~g")),
    ]
    confidence = f"{100 * (1 - findings.alpha):g} %"
    zone_words = f" Shaded: ±{smallest:g}, the smallest difference that matters." if smallest is not None else ""
    clear = [f"{name} from step {step:,}" for name, one in found.items() if (step := leaves_zero(one)) is not None]
    when = f"The outer band stays clear of zero to the end: {'; '.join(clear)}."
    return Figure(
        name=f"difference-{_file(curves)}",
        title=f"{headline(curves.metric.caption)}: difference from {findings.baseline}",
        caption=f"Mean of the paired differences, arm minus {findings.baseline} "
        f"({_counted(len(one.seeds) for one in found.values())}). Inner band: {confidence} interval at each step "
        f"alone; outer band: {confidence} for the whole curve at once, the one that tells when two arms differ."
        f"{zone_words}{cut} {when if clear else 'No outer band is clear of zero at the end.'}",
        alt=_last({name: one.difference for name, one in found.items()}),
        spec=_over_steps(rows, shown, layers),
        least=_least(shown),
        left=72,
    )


def leaves_zero(difference: CurveDifference) -> int | None:
    """Return the first step from which the band for the whole curve stays clear of zero to the end, or None."""
    touching = np.flatnonzero((difference.band_low <= 0) & (difference.band_high >= 0))
    first = int(touching[-1]) + 1 if len(touching) else 0
    return int(difference.steps[first]) if first < len(difference.steps) else None


def _difference_domain(shown: list[CurveDifference], smallest: float | None) -> tuple[list[float], str]:
    """Return the range of the y axis, and a sentence if bands reach beyond it: with few seeds they dwarf the curves."""
    curves = np.concatenate([found.difference for found in shown])
    bands = np.concatenate([np.concatenate([found.band_low, found.band_high]) for found in shown])
    bands = bands[np.isfinite(bands)]
    zone = 1.05 * (smallest or 0.0)
    largest = max(float(np.abs(curves).max()), zone) or _NO_DIFFERENCE
    everything = np.concatenate([curves, bands, [-zone, zone]])
    low, high = max(float(everything.min()), -_WIDEST * largest), min(float(everything.max()), _WIDEST * largest)
    if low == high:
        low, high = -largest, largest
    is_cut = bool(((bands < low) | (bands > high)).any())
    return [float(f"{low:.5g}"), float(f"{high:.5g}")], " Bands are cut at the panel's edge." if is_cut else ""


def _least(arms: list[str]) -> int:
    """Return the px that a panel needs for its arm's name."""
    return min(max(_NARROWEST, 7 * max(map(len, arms))), _NAME)


def _over_steps(rows: list[vega.Row], arms: list[str], layers: list[vega.Spec]) -> vega.Spec:
    x = vega.quantity("step", title="training step", ticks=4, grid=False, labelOverlap="greedy", labelSeparation=6)
    x["axis"]["format"] = "~s"
    return vega.multiples(
        rows, "arm", arms, {"height": _HEIGHT, "encoding": {"x": x}, "layer": vega.with_data(layers)}, spacing=14
    )


def _looks(findings: Findings) -> tuple[vega.Spec, vega.Spec]:
    """Return the channels of the arms' colours and line patterns."""
    arms = [arm.name for arm in findings.arms[1:]]
    return vega.arm_colours(arms, findings.baseline), vega.arm_dashes(arms, findings.baseline)


def _hover(y: vega.Spec, colour: vega.Spec, says: list[vega.Spec]) -> vega.Spec:
    """Return the layer that answers the pointer: the nearest step of the arm under it."""
    select = {"type": "point", "fields": ["step"], "on": "pointerover", "nearest": True, "clear": "pointerout"}
    opacity = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    point = vega.layer({"type": "point", "filled": True, "size": 42}, y=y, color=colour, opacity=opacity, tooltip=says)
    return {"params": [{"name": "near", "select": select}], **point}


def _band(y: vega.Spec, low: str, high: str, opacity: float, colour: vega.Spec) -> vega.Spec:
    area = vega.layer(
        {"type": "area", "opacity": opacity, "clip": True}, y={**y, "field": low}, y2={"field": high}, color=colour
    )
    return {"transform": [{"filter": f"isValid(datum.{low})"}], **area}


def _level_rows(name: str, curve: Curve, baseline: Curve | None) -> list[vega.Row]:
    other = dict(zip(baseline.steps.tolist(), baseline.mean.tolist())) if baseline else {}
    return [
        {
            "arm": name,
            "step": int(step),
            "mean": vega.short(mean),
            "low": vega.short(low),
            "high": vega.short(high),
            "baseline": vega.short(other.get(int(step))),
            "seeds": curve.seeds,
        }
        for step, mean, low, high in zip(curve.steps, curve.mean, curve.low, curve.high)
    ]


def _difference_rows(name: str, found: CurveDifference) -> list[vega.Row]:
    columns = zip(found.steps, found.difference, found.low, found.high, found.band_low, found.band_high)
    return [
        {
            "arm": name,
            "step": int(step),
            "difference": vega.short(difference),
            "low": vega.short(low),
            "high": vega.short(high),
            "band_low": vega.short(band_low),
            "band_high": vega.short(band_high),
            "interval": _ends(low, high),
            "band": _ends(band_low, band_high),
            "seeds": len(found.seeds),
        }
        for step, difference, low, high, band_low, band_high in columns
    ]


def _ends(low: float, high: float) -> str:
    known = math.isfinite(low) and math.isfinite(high)
    return f"{digits.general(low)} to {digits.general(high)}" if known else digits.NOT_KNOWN


def _is_log(curves: Curves) -> bool:
    """Whether the curve is a loss that falls over a wide range: a logarithmic axis shows its end as well."""
    lowest = min(float(curve.low.min()) for curve in curves.arms.values())
    highest = max(float(curve.high.max()) for curve in curves.arms.values())
    return curves.metric.higher_is_better is False and lowest > 0 and highest > 3 * lowest


def _counted(seeds: Iterable[int]) -> str:
    counts = sorted(set(seeds))
    return f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"


def _last(curves: Mapping[str, NDArray[np.float64]]) -> str:
    return "last step: " + "; ".join(f"{name} {digits.general(values[-1])}" for name, values in curves.items())


def _file(curves: Curves) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in curves.metric.key)
