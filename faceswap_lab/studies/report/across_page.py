"""The page of a question along an axis: a line per arm, its verdict at every level, how its difference changes."""

import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from faceswap_lab.runs.atomic import write_text
from faceswap_lab.studies import digits
from faceswap_lab.studies.across import Across, Interaction, is_too_little
from faceswap_lab.studies.analysis import ALPHA
from faceswap_lab.studies.collecting.sessions import THEN
from faceswap_lab.studies.report import markdown, meanings, page, tables, vega
from faceswap_lab.studies.report.figure import Figure, headline

_SAME_PEOPLE = "Runs are paired by seed."
_OTHER_PEOPLE = (
    "Each {} has people of its own, so that runs of two levels are paired by the number of their seed only: intervals "
    "are right, and wider than they would be with the same people at every level."
)


def write_across_report(found: Across, folder: Path, cache: Path | None = None) -> Path:
    """Write ``report.md`` and ``report.html`` for a question along an axis; return the latter's path."""
    figure, own_figure = _figure(found), _own_figure(found)
    words: dict[str, Any] = {
        "found": found,
        "findings": found.first,
        "levels": [_level(name, found, folder) for name in found.levels],
        "rows": [(arm, found.says[arm], _marks(found, arm)) for arm in found.arms],
        "changes": _changes(found),
        "pairing": _OTHER_PEOPLE.format(found.axis) if found.other_people else _SAME_PEOPLE,
        "own_head": ["arm", *found.levels, *(f"{before} → {level}" for before, level in pairwise(found.levels))],
        "own": _own(found),
        "metric": headline(found.first.primary.metric.caption),
        "figure": figure,
        "own_figure": own_figure,
        "figures": [one for one in (figure, own_figure) if one],
        "marks": meanings.MARKS,
        "verdicts": meanings.VERDICTS,
        "better": meanings.BETTER,
        "confidence": f"{100 * (1 - ALPHA):g} %",
    }
    write_text(folder / "report.md", markdown.render("across.md", words))
    write_text(folder / "report.html", page.render("across.html", words, cache))
    return folder / "report.html"


def across_lines(found: Across, report: Path) -> list[str]:
    """Return what to say on the terminal: whom it is about, a line per arm, and the report's path."""
    lines = [f"\n{found.first.title} along {found.axis}: {', '.join(found.levels)}"]
    scope = [f"{'' if place else 'scope':<11} {line}" for place, line in enumerate(found.scope)]
    return [*lines, *scope, *(f"  {arm} {says}" for arm, says in found.says.items()), f"{'report':<11} {report}"]


def _level(name: str, found: Across, folder: Path) -> dict[str, Any]:
    """Return a level's name, its seeds, its commits, and the link to its page."""
    study = found.levels[name]
    commits = dict.fromkeys(part for known in study.provenance.facts.get("commit", {}) for part in known.split(THEN))
    commit = ", ".join(commit[:7] if len(commit) == 40 else commit for commit in commits)
    made = (found.folders[name] / "report.html").is_file()  # kept evidence has the other alone
    page = "report.html" if made else "report.md"
    link = Path(os.path.relpath(found.folders[name], folder)) / page
    seeds = len(study.seeds)
    return {"name": name, "seeds": seeds, "commit": commit, "link": link.as_posix()}


def _marks(found: Across, arm: str) -> list[tables.Mark]:
    marks = []
    for study in found.levels.values():
        judgement = study.primary.judgements[arm]
        numbers = judgement.comparison
        difference = digits.effect(numbers.difference, *numbers.interval)
        marks.append(tables.Mark(judgement.verdict, meanings.MARKS[judgement.verdict], difference, judgement.reason))
    return marks


def _changes(found: Across) -> list[list[str]]:
    """Return arm, from where to where, the change with its interval, corrected p, whether it is shown, and seeds."""
    first, rows = next(iter(found.levels)), []
    for arm in found.arms:
        rows += [_change(f"{first} → {change.level}", change) for change in found.interactions[arm]]
        if arm in found.trends:
            rows.append(_change(f"trend, {first} to {found.trends[arm].level}", found.trends[arm]))
    return rows


def _change(where: str, change: Interaction) -> list[str]:
    numbers = change.comparison
    p = digits.p_value(change.p_holm) if numbers.seeds else digits.NOT_KNOWN
    amount = digits.effect(numbers.difference, *numbers.interval)
    return [change.arm, where, amount, p, change.says, str(numbers.seeds)]


def _own(found: Across) -> list[list[str]]:
    """Return arm, its mean at every level, and its gain from each level to the next with its interval."""
    decimals = tables.decimals_of(found.first.primary)
    margin = found.first.primary.metric.smallest_difference
    rows = []
    for arm, own in found.own.items():
        gains = [
            digits.effect(gain.difference, *gain.interval) + ", too little to matter" * is_too_little(gain, margin)
            for gain in own.gains.values()
        ]
        rows.append([arm, *(digits.fixed(mean, decimals) for mean in own.means.values()), *gains])
    return rows


def _figure(found: Across) -> Figure | None:
    """Return every arm's difference at every level with its interval; None where no arm has any."""
    rows = []
    for arm in found.arms:
        for level, study in found.levels.items():
            numbers = study.primary.judgements[arm].comparison
            if not math.isfinite(numbers.difference):
                continue
            known = math.isfinite(numbers.interval.low)
            row = {"arm": arm, "level": level, "difference": vega.short(numbers.difference), "seeds": numbers.seeds}
            ends = {"low": vega.short(numbers.interval.low), "high": vega.short(numbers.interval.high)} if known else {}
            rows.append(row | ends | {"verdict": study.primary.judgements[arm].verdict})
    if not rows:
        return None
    arms = list(dict.fromkeys(str(row["arm"]) for row in rows))
    colour = vega.arm_colours(found.arms)
    y, low = (vega.quantity(field, title="difference") for field in ("difference", "low"))
    says = vega.tooltip("arm", "level", "difference", "low", "high", "verdict", "seeds")
    layers = [
        vega.zone(found.first.primary.metric.smallest_difference, "y", "x"),
        vega.zero("y", "x"),
        vega.layer({"type": "line", "strokeWidth": 1.5, "opacity": 0.6}, y=y, color=colour),
        vega.layer({"type": "rule", "strokeWidth": 2.4}, y=low, y2={"field": "high"}, color=colour),
        vega.layer({"type": "point", "filled": True, "size": 70, "opacity": 1}, y=y, color=colour, tooltip=says),
    ]
    x = vega.names("level", list(found.levels), title=found.axis, labelAngle=0, grid=False)
    inner = {"height": 150, "encoding": {"x": x}, "layer": vega.with_data(layers)}
    return Figure(
        name="across",
        title=f"Difference from {found.first.baseline} along {found.axis}",
        caption=f"Mean of the paired differences at every {found.axis}, with its {100 * (1 - ALPHA):g} % interval. The "
        "shaded zone is the smallest difference that matters.",
        alt="; ".join(f"{row['arm']} at {row['level']}: {row['difference']}, {row['verdict']}" for row in rows),
        spec=vega.multiples(rows, "arm", arms, inner),
        least=170,
        most=4,
        left=72,
    )


def _own_figure(found: Across) -> Figure | None:
    """Return every arm's own mean at every level beside the baseline's; None where none is known."""
    rows = [
        {"arm": arm, "level": level, "mean": vega.short(mean)}
        for arm, own in found.own.items()
        for level, mean in own.means.items()
        if math.isfinite(mean)
    ]
    if not rows:
        return None
    metric, colour = found.first.primary.metric, vega.arm_colours(found.arms, found.first.baseline)
    colour = colour | {"legend": {"title": None, "orient": "bottom", "columns": 4, "labelColor": "@ink"}}
    y = vega.quantity("mean", title=metric.key, scale={"zero": False})
    dash = vega.arm_dashes(found.arms, found.first.baseline)
    says = vega.tooltip("arm", "level", "mean")
    layers = [
        vega.layer({"type": "line", "strokeWidth": 1.5}, y=y, color=colour, strokeDash=dash),
        vega.layer({"type": "point", "filled": True, "size": 60, "opacity": 1}, y=y, color=colour, tooltip=says),
    ]
    x = vega.names("level", list(found.levels), title=found.axis, labelAngle=0, grid=False)
    return Figure(
        name="own",
        title=f"{headline(metric.caption)} along {found.axis}",
        caption=f"Each arm's own mean over the seeds at every {found.axis}; {found.first.baseline} in grey.",
        alt="; ".join(f"{row['arm']} at {row['level']}: {row['mean']}" for row in rows),
        spec={"data": {"values": rows}, "height": 220, "encoding": {"x": x}, "layer": layers},
        left=72,
    )
