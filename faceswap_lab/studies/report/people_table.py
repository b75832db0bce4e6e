"""Arms over pairs of people: the mean, the next pair, a mark per pair, and what the effect goes with."""

import math
import re
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Findings, People
from faceswap_lab.studies.report import vega
from faceswap_lab.studies.report.figure import Figure
from faceswap_lab.studies.report.tables import decimals_of

_SURE = 0.05
_MOST_SAID = 3

INTRODUCTION = (
    "Each seed brought a pair of people of its own, the same in every arm. The interval is of the mean over people; a "
    "new pair, trained once, should fall within the wider range in 95 of 100 cases."
)


def people_rows(findings: Findings) -> list[list[str]]:
    """Return arm, difference, its interval, where a new pair should fall, and how many pairs go the same way."""
    decimals, rows = decimals_of(findings.primary), []
    for arm, judgement in findings.primary.judgements.items():
        numbers = judgement.comparison
        difference = digits.fixed(numbers.difference, decimals, sign=True)
        ranges = (digits.interval(*ends, decimals, sign=True) for ends in (numbers.interval, numbers.prediction))
        rows.append([arm, difference, *ranges, f"{numbers.same_way} of {numbers.seeds}"])
    return rows


def goes_with(people: People) -> str:
    """Return what the effects go with among all that is known of the pairs, and how much was looked at."""
    looked = people.goes_with
    if not looked:
        return "Whether an effect goes with anything known of the pairs was not asked: too few pairs, or nothing known."
    sure = [one for one in looked if one.p <= _SURE]
    head = f"{len(looked)} rank correlations were looked at (every arm with every number known of the pairs). "
    if not sure:
        one = looked[0]
        return (
            f"{head}None is more than chance after the correction for so many; the nearest is {one.arm} with "
            f"{_words(one.fact)} (ρ {digits.fixed(one.rho, 2, sign=True)}, corrected p {digits.p_value(one.p)})."
        )
    said = [
        f"{one.arm}'s difference goes with {_words(one.fact)} (ρ {digits.fixed(one.rho, 2, sign=True)} over "
        f"{one.pairs} pairs, corrected p {digits.p_value(one.p)})"
        for one in sure[:_MOST_SAID]
    ]
    more = f", and {len(sure) - _MOST_SAID} more" if len(sure) > _MOST_SAID else ""
    return f"{head}{'; '.join(said)}{more}."


def people_figure(findings: Findings) -> Figure | None:
    """Return the plot with a mark per pair of people; None where no arm has a difference."""
    facts = findings.people.facts if findings.people else {}
    compared = {arm: judgement.comparison for arm, judgement in findings.primary.judgements.items()}
    arms = [arm for arm, numbers in compared.items() if numbers.seeds]
    if not arms:
        return None
    marks = [
        {"arm": arm, "pair": pair, "difference": vega.short(value), **_known(facts.get(pair, {}))}
        for arm in arms
        for pair, value in compared[arm].differences.items()
    ]
    ranges = []
    for arm in arms:
        interval, prediction = compared[arm].interval, compared[arm].prediction
        if math.isfinite(prediction.low) and math.isfinite(prediction.high):
            ends = {"low": interval.low, "high": interval.high, "from": prediction.low, "to": prediction.high}
            ranges.append({"arm": arm, **{name: vega.short(end) for name, end in ends.items()}})
    colour, title = vega.arm_colours(arms), f"difference from {findings.baseline}"

    def rule(low: str, high: str, width: float) -> vega.Spec:
        mark = {"type": "rule", "strokeWidth": width, "yOffset": 8}
        return vega.layer(mark, ranges, x=vega.quantity(low, title=title), x2={"field": high}, color=colour)

    says = vega.tooltip(*dict.fromkeys(name for mark in marks for name in mark))
    dot = {"type": "point", "filled": True, "size": 46, "opacity": 0.65, "yOffset": -4}
    layers = [
        vega.zone(findings.primary.metric.smallest_difference, "x", "y"),
        vega.zero("x", "y"),
        rule("from", "to", 1.2),
        rule("low", "high", 4),
        vega.layer(dot, marks, x=vega.quantity("difference", title=title), color=colour, tooltip=says),
    ]
    spec = {"height": 44 * len(arms), "encoding": {"y": vega.names("arm", arms)}, "layer": vega.with_data(layers)}
    return Figure(
        name="people",
        title="One mark per pair of people",
        caption="Each mark is a pair: the arm's run minus the baseline's. Below them, thick: the interval of the mean "
        "over people; thin: where a new pair should fall. The shaded zone is too small to matter. Point at a mark to "
        "see who they are.",
        alt="; ".join(f"{arm}: {numbers.same_way} of {numbers.seeds} pairs" for arm, numbers in compared.items()),
        spec=spec,
        left=0,
    )


def _words(fact: str) -> str:
    """Return a fact's name for a person: "A skin lightness" for ``sides.A.skin_lightness``."""
    return re.sub("^(sides|pair)[.]", "", fact).replace(".", " ").replace("_", " ")


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: vega.short(value) if isinstance(value, float) else value for name, value in facts.items()}
