"""The page: what was found so far, on what machine, and what was not measured."""

from collections.abc import Sequence

from benchmarks.gpu.found import Found

_TABLES = {
    "correctness": ("Correctness", "| what | found | should be | |\n|---|---|---|---|"),
    "speed": ("Speed of a training step", "| what | measured | beside it |\n|---|---|---|"),
    "cells": ("Cells per hour", "| at once | measured | beside it |\n|---|---|---|"),
}


def page(machine: str, found: Sequence[Found], missing: Sequence[str], seconds: float) -> str:
    """Return the page in Markdown.

    Args:
        machine: what it was measured on.
        found: rows so far.
        missing: stages that have not been run to their end, each with the reason.
        seconds: so far.
    """
    wrong = [row for row in found if row.holds is False]
    parts = ["# On a GPU", f"`make gpu`, {seconds:.0f} s. {machine}"]
    parts.append(f"{sum(row.holds is True for row in found)} checks hold, {len(wrong)} do not.")
    parts += [f"**{row.what}**: {row.value}; should be: {row.beside}." for row in wrong]
    for table, (title, head) in _TABLES.items():
        rows = [row for row in found if row.table == table]
        if rows:
            parts.append(f"## {title}\n\n{head}\n" + "\n".join(_line(row) for row in rows))
    if missing:
        parts.append("## Not measured\n\n" + "\n".join(f"- {line}" for line in missing))
    return "\n\n".join(parts) + "\n"


def _line(row: Found) -> str:
    cells = [row.what, row.value, row.beside]
    if row.table == "correctness":
        cells.append({True: "holds", False: "**does not hold**", None: ""}[row.holds])
    return f"| {' | '.join(cells)} |"
