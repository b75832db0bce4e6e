"""The tables of a report as plain rows of text, for the page and its Markdown twin alike."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Arm, Compared, Findings
from faceswap_lab.studies.people import said_of
from faceswap_lab.studies.report import meanings
from faceswap_lab.studies.run import STATES, Run
from faceswap_lab.studies.statistics.verdicts import Judgement

_NAMED = 12  # cells at most, of the value that most cells share
NONE = "–"  # of a number that an arm does not have, such as that of a layer that others have


@dataclass(frozen=True)
class ArmRow:
    """One arm in the main table, every number as text. The baseline has no difference and no verdict."""

    name: str
    says: str
    mean: str
    difference: str
    interval: str
    effect: str
    wins: str
    p: str
    verdict: str
    reason: str
    seeds: str
    parameters: str


@dataclass(frozen=True)
class Mark:
    """A verdict in small: its name (empty: none), its sign, the difference, and the whole sentence."""

    verdict: str
    sign: str
    difference: str
    reason: str


def arm_rows(findings: Findings) -> list[ArmRow]:
    """Return the main table: the baseline, then every arm."""
    decimals = decimals_of(findings.primary)
    return [_arm_row(findings, arm, decimals) for arm in findings.arms]


def ranked(findings: Findings, rows: Sequence[ArmRow]) -> list[ArmRow]:
    """Return the rows of ``arm_rows`` but the baseline's, the best arm first: what the answer shows."""
    by_name = {row.name: row for row in rows}
    return [by_name[arm] for arm in findings.primary.ranked()]


def matrix(findings: Findings) -> list[tuple[str, list[Mark]]]:
    """Return arm by arm the verdicts in all judged metrics, the primary one first."""
    judged = [findings.primary, *findings.secondary]
    places = [decimals_of(compared) for compared in judged]
    return [
        (arm.name, [_mark(compared.judgements.get(arm.name), decimals) for compared, decimals in zip(judged, places)])
        for arm in findings.arms[1:]
    ]


def means(findings: Findings) -> list[list[str]]:
    """Return arm by arm mean ± standard deviation over the seeds in all judged metrics."""
    return [
        [arm.name, *(_mean_sd(compared, arm.name) for compared in (findings.primary, *findings.secondary))]
        for arm in findings.arms
    ]


def diagnostic_rows(findings: Findings) -> list[tuple[str, str, str, list[str]]]:
    """Return diagnostic by diagnostic: key, caption, what it means, and mean ± standard deviation of every arm.

    What several rows in turn mean is said once, at the first of them.
    """
    rows, before = [], ""
    for compared in findings.diagnostics:
        meaning = meanings.diagnostic(compared.metric.key)
        values = [_mean_sd(compared, arm.name) if compared.values.get(arm.name) else NONE for arm in findings.arms]
        rows.append((compared.metric.key, compared.metric.caption, meaning if meaning != before else "", values))
        before = meaning
    return rows


def diagnostic_meanings(findings: Findings) -> dict[str, list[str]]:
    """Return what the diagnostics mean, each with the captions of those that it is true of."""
    found: dict[str, list[str]] = {}
    for compared in findings.diagnostics:
        if meaning := meanings.diagnostic(compared.metric.key):
            found.setdefault(meaning, []).append(compared.metric.caption)
    return found


def change_rows(arm: Arm) -> list[tuple[str, str, str]]:
    """Return the settings in which an arm differs from the baseline: key, baseline's value, its own."""
    return [(key, setting(old), setting(new)) for key, (old, new) in sorted(arm.changes.items())]


def setting(value: Any) -> str:
    """Return a configuration's value as YAML would have it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(setting(item) for item in value)}]"
    return str(value)


def cell_rows(findings: Findings) -> list[tuple[Run, str, str, str]]:
    """Return every cell with the primary metric, its training time and its folder's name as text."""
    decimals = decimals_of(findings.primary)
    key = findings.primary.metric.key
    return [
        (
            cell,
            "" if (value := cell.value(key)) is None else digits.fixed(value, decimals + 1),
            digits.duration(cell.seconds) if cell.seconds is not None else "",
            cell.folder.name if cell.folder else "",
        )
        for cell in findings.cells
    ]


def unfinished(findings: Findings) -> list[Run]:
    """Return the cells without a result."""
    return [cell for cell in findings.cells if cell.state != "finished"]


def states(findings: Findings) -> str:
    """Return how many cells are in which state, such as "88 finished, 2 failed"."""
    counts = {state: sum(cell.state == state for cell in findings.cells) for state in STATES}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none planned"


def alike(findings: Findings) -> list[tuple[str, str]]:
    """Return the facts of provenance that have one value, with it."""
    return [(fact, next(iter(values))) for fact, values in findings.provenance.facts.items() if len(values) == 1]


def mixed(findings: Findings) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the facts that have several values, each value with the cells that share it; many are counted."""
    return [
        (fact, [(value, _cells(cells, most=place == 0)) for place, (value, cells) in enumerate(values.items())])
        for fact, values in findings.provenance.facts.items()
        if len(values) > 1
    ]


def attention(findings: Findings) -> str:
    """Return what needs attention, in a line; empty if nothing does."""
    left, warnings = len(unfinished(findings)), len(findings.provenance.warnings)
    words = [f"{len(findings.cells) - left} of {len(findings.cells)} cells are finished"] if left else []
    words += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    return f"Needs attention: {', '.join(words)}" if words else ""


def counted(findings: Findings) -> str:
    """Return how many seeds the comparisons in the primary metric rest on."""
    counts = sorted({judgement.comparison.seeds for judgement in findings.primary.judgements.values()} or {0})
    return f"n = {' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))}"


def budget_columns(findings: Findings) -> dict[str, list[str]]:
    """Return what each arm took to the baseline's end score, by column; times and operations only where known."""
    made = {
        "arm": [one.arm for one in findings.budgets],
        "reached": [f"{one.reached} of {one.runs}" for one in findings.budgets],
        "steps": [f"{one.steps:,.0f}" if math.isfinite(one.steps) else "never" for one in findings.budgets],
    }
    known: dict[str, tuple[Callable[[float], str], list[float]]] = {
        f"÷ {findings.baseline}": (_hundredths, [one.ratio for one in findings.budgets]),
        "training time": (digits.duration, [one.seconds for one in findings.budgets]),
        "CPU time": (digits.duration, [one.cpu_seconds for one in findings.budgets]),
        f"FLOPs ÷ {findings.baseline}": (_hundredths, [one.flops for one in findings.budgets]),
    }
    shown = {name: (words, values) for name, (words, values) in known.items() if any(map(math.isfinite, values))}
    return made | {
        name: [words(value) if math.isfinite(value) else NONE for value in values]
        for name, (words, values) in shown.items()
    }


def _hundredths(value: float) -> str:
    return digits.fixed(value, 2)


def budget_says(findings: Findings) -> str:
    """Return which arms get to the baseline's end score before it, which after it, and which never do."""
    if not findings.budgets:
        return ""
    _, *others = findings.budgets
    sooner = [f"{one.arm} at {digits.fixed(one.ratio, 2)} of its steps" for one in others if one.ratio < 1]
    later = [
        f"{one.arm} at {digits.fixed(one.ratio, 2)} times its steps" for one in others if 1 <= one.ratio < math.inf
    ]
    never = [one.arm for one in others if not one.ratio < math.inf]
    said = [
        f"Sooner than {findings.baseline}: {', '.join(sooner)}." if sooner else "",
        f"Later or as late: {', '.join(later)}." if later else "",
        f"Not within its own training, in half of the runs or more: {', '.join(never)}." if never else "",
    ]
    return " ".join(
        [
            f"When does an arm first have the {findings.primary.metric.caption} that {findings.baseline} ends with?",
            *filter(None, said),
            "Times are of the machines that trained, whatever else they did.",
        ]
    )


def decimals_of(compared: Compared) -> int:
    """Return the decimal places of one metric's table: two digits of the typical half interval."""
    halves = [
        (judgement.comparison.interval.high - judgement.comparison.interval.low) / 2
        for judgement in compared.judgements.values()
    ]
    halves = [half for half in halves if math.isfinite(half) and half > 0]
    spreads = [sd for values in compared.values.values() if (sd := _sd(values)) is not None and sd > 0]
    known = halves or spreads
    return digits.places(statistics.median(known) if known else compared.metric.smallest_difference)


def _arm_row(findings: Findings, arm: Arm, decimals: int) -> ArmRow:
    values = _finite(findings.primary.values.get(arm.name, {}))
    mean = digits.fixed(statistics.fmean(values) if values else None, decimals)
    parameters = digits.parameters(arm.parameters)
    judgement = findings.primary.judgements.get(arm.name)
    planned = sum(cell.arm == arm.name for cell in findings.cells)  # not all seeds where an arm is a group of them
    if judgement is None:
        verdict = "baseline" if arm.name == findings.baseline else ""
        seeds = f"{len(values)} of {planned}"
        return ArmRow(arm.name, arm.says, mean, "", "", "", "", "", verdict, "", seeds, parameters)
    numbers = judgement.comparison
    return ArmRow(
        name=arm.name,
        says=arm.says,
        mean=mean,
        difference=digits.fixed(numbers.difference, decimals, sign=True),
        interval=digits.interval(*numbers.interval, decimals, sign=True),
        effect=digits.fixed(numbers.effect, 1, sign=True),
        wins=digits.percent(numbers.wins),
        p=digits.p_value(judgement.p_holm) if numbers.seeds else digits.NOT_KNOWN,
        verdict=judgement.verdict,
        reason=f"{judgement.reason}; {said_of(numbers)}" if findings.people and numbers.seeds else judgement.reason,
        seeds=f"{numbers.seeds} of {planned}",
        parameters=parameters,
    )


def _mark(judgement: Judgement | None, decimals: int) -> Mark:
    if judgement is None:
        return Mark("", "", "", "not measured")
    difference = digits.fixed(judgement.comparison.difference, decimals, sign=True)
    return Mark(judgement.verdict, meanings.MARKS[judgement.verdict], difference, judgement.reason)


def _mean_sd(compared: Compared, arm: str) -> str:
    values = _finite(compared.values.get(arm, {}))
    if not values:
        return digits.NOT_KNOWN
    sd = _sd(compared.values[arm])
    mean = statistics.fmean(values)
    if sd is None:
        return digits.general(mean)
    if sd == 0:
        return f"{digits.general(mean)} ± 0"
    if max(abs(mean), sd) < 1e-3:
        return f"{digits.general(mean)} ± {digits.general(sd)}"
    decimals = min(digits.places(sd), 4)
    return f"{digits.fixed(mean, decimals)} ± {digits.fixed(sd, decimals)}"


def _finite(values: Mapping[int, float]) -> list[float]:
    return [value for value in values.values() if math.isfinite(value)]


def _sd(values: Mapping[int, float]) -> float | None:
    finite = _finite(values)
    return statistics.stdev(finite) if len(finite) > 1 else None


def _cells(cells: list[str], most: bool) -> str:
    return f"{len(cells)} cells, all but those below" if most and len(cells) > _NAMED else ", ".join(cells)
