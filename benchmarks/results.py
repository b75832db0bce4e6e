"""The table, for the terminal and for ``results.md``."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks import machine
from benchmarks.figures import Figure, Goal, quartiles, shown

_HEAD = ("what", "ours", "reference", "figure", "goal", "")
_BUSY = 0.7  # load beside our own process: the caches are shared with somebody


def markdown(figures: Sequence[Figure], command: str, loads: Sequence[float]) -> str:
    """Return the whole of ``results.md``.

    Args:
        figures: the rows.
        command: what made them.
        loads: the machine's load before each subject.
    """
    return f"""# How fast

CPU time, medians (and quartiles) of at least 7 rounds in which ours and the references take turns, one thread, unless a
row says otherwise. A ratio is taken in each round. What is measured, and against what, stands at the head of each
module in `benchmarks/`.

{table(figures)}

- made by `{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {machine.commit()}
- {machine.cpu()}
- {machine.versions()}
- {load_note(loads)}
"""


def table(figures: Sequence[Figure]) -> str:
    """Return the rows as a Markdown table, with the notes below it."""
    notes = list(dict.fromkeys(figure.note for figure in figures if figure.note))
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(figure, notes) for figure in figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    below = [f"[{number}] {note}." for number, note in enumerate(notes, start=1)]
    return "\n".join(lines) + "".join(f"\n\n{note}" for note in below)


def verdicts(figures: Sequence[Figure]) -> str:
    """Return in a few words how many goals hold, and name those that are missed."""
    judged = [figure for figure in figures if figure.goal]
    missed = [
        f"{figure.what} ({shown(figure.value.median)} {figure.unit}, goal {_goal(figure.goal)})"
        for figure in judged
        if figure.verdict == "missed"
    ]
    said = f"{len(judged) - len(missed)} of {len(judged)} goals hold"
    return said + (f"; missed: {'; '.join(missed)}" if missed else "")


def load_note(loads: Sequence[float]) -> str:
    """Say how busy the machine was beside us; our own process before a subject counts for up to 1."""
    span = f"load average before the subjects: {min(loads):.1f} to {max(loads):.1f}"
    if max(loads) - 1 <= _BUSY:
        return span
    return span + ". **Busy**: others shared the caches and the memory bus, which CPU time does not take out"


def _row(figure: Figure, notes: Sequence[str]) -> tuple[str, ...]:
    value = shown(figure.value.median, 4)
    spread = f" ({quartiles(figure.value)})" if figure.value.low != figure.value.high else ""
    mark = f" [{notes.index(figure.note) + 1}]" if figure.note else ""
    goal, verdict = _goal(figure.goal), f"**{figure.verdict}**" if figure.verdict == "missed" else figure.verdict
    return f"{figure.what}{mark}", figure.ours, figure.reference, f"{value} {figure.unit}{spread}", goal, verdict


def _goal(goal: Goal | None) -> str:
    return "" if goal is None else f"{'≥' if goal.at_least else '≤'} {goal.bound:.3g}"
