"""What a study says on the terminal: the plan before it starts, the verdicts when it has ended."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.cli.study.plan import StudyJob
from faceswap_lab.cli.study.time import Known, cells_at_once, in_words, remaining
from faceswap_lab.studies.analysis import ALPHA
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.statistics.p_values import fewest_seeds

_WIDTH = 110


def plan_lines(job: StudyJob, known: Known, launcher: str, jobs: int | None) -> list[str]:
    """Return what will run, how much of it is finished, how long the rest takes, and where the report goes."""
    plan = job.plan
    left = len(plan.cells) - len(known.finished)
    arms = f"{len(plan.arms)} arm{'s' * (len(plan.arms) > 1)}"
    seeds = f"{len(plan.seeds)} seed{'s' * (len(plan.seeds) > 1)}"
    lines = [*_entry("study", f"{plan.name}: {plan.question}"), *_entry("arms", ", ".join(plan.arms))]
    fewest = fewest_seeds(ALPHA, max(len(plan.arms) - 1, 1))
    if plan.group_seeds is None and len(plan.seeds) < fewest:
        lines += _entry(
            "too few", f"{seeds} can show no arm better or worse. It takes {fewest}: seed=range(0,{fewest})"
        )
    lines += _entry(
        "cells", f"{arms} x {seeds} = {len(plan.cells)}: {len(known.finished)} finished already, {left} to run"
    )
    for same in plan.alike:
        lines += _entry("same run", f"{', '.join(same)}: they differ in nothing here, so nothing can be told of them")
    if left:
        at_once = cells_at_once(launcher, jobs)
        lines += _entry("time", _time(remaining(job, known), at_once and min(at_once, left)))
        lines += _entry("launcher", _launcher(launcher, at_once))
    return [*lines, f"{'report':<11} {job.folder / 'report.html'}"]


def result_lines(findings: Findings, report: Path) -> list[str]:
    """Return whom it is about, one line per arm with its verdict, the answer, and the report's path."""
    primary = findings.primary
    width = max(len(arm.name) for arm in findings.arms)
    scope = _entry("scope", findings.scope) if findings.scope else []
    lines = ["", *scope, f"{primary.metric.caption} ({primary.metric.key}), differences from {findings.baseline}"]
    for arm in findings.arms:
        values = list(primary.values.get(arm.name, {}).values())
        mean = f"{sum(values) / len(values):8.4f}" if values else f"{'':8}"
        lines.append(f"  {arm.name:<{width}} {mean}  {_verdict(findings, arm.name, len(values))}".rstrip())
    answer = _entry("answer", findings.answer) if findings.answer else []
    return [*lines, "", *answer, f"{'report':<11} {report}"]


def _verdict(findings: Findings, arm: str, seeds: int) -> str:
    if arm == findings.baseline:
        return f"baseline, {seeds} seed{'s' * (seeds != 1)}"
    judgement = findings.primary.judgements.get(arm)
    if judgement is None:
        return ""
    comparison = judgement.comparison
    if not math.isfinite(comparison.difference):
        return f"{judgement.verdict:<10} {_missing(judgement.reason)}"
    low, high = comparison.interval
    interval = f" [{low:+.4f}, {high:+.4f}]" if math.isfinite(low) and math.isfinite(high) else ""
    seeds = comparison.seeds
    return f"{judgement.verdict:<10} {comparison.difference:+.4f}{interval}, {seeds} seed{'s' * (seeds != 1)}"


def _missing(reason: str) -> str:
    return reason if reason.startswith("not measured") else "no seed in common with the baseline"


def _time(seconds: float | None, at_once: int | None) -> str:
    if seconds is None:
        return "not known: no run of these arms is finished yet at this size. The first cell will tell."
    if at_once is None:
        return f"about {in_words(seconds)} of training in all, by the runs that are finished"
    return f"about {in_words(seconds / at_once)}, by the training time of the runs that are finished"


def _launcher(launcher: str, at_once: int | None) -> str:
    if at_once == 1:
        return f"{launcher}: one cell after another"
    return f"{launcher}: {at_once} cells at a time" if at_once else f"{launcher}: as many cells at a time as it gives"


def _entry(name: str, text: str) -> Sequence[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{name:<11} ", subsequent_indent=" " * 12, break_on_hyphens=False
    )
