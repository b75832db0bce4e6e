"""The findings as lines for a terminal, as Markdown, and as a page to filter and sort."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faceswap_lab.runs.atomic import write_text
from faceswap_lab.studies.overview.table import Overview, Row
from faceswap_lab.studies.report import markdown, meanings, page


def lines(found: Overview) -> list[str]:
    """Return the findings question by question, then what they say of one another and what is open."""
    said: list[str] = []
    width = max((len(row.arm) for row in found.rows), default=0)
    for study, rows in _by_study(found.rows).items():
        said += ["", f"{study}: {rows[0].plan.question or rows[0].plan.title}", f"  {rows[0].where}"]
        for row in rows:
            ahead = f"; a new pair {row.prediction}" if row.prediction else ""
            seeds = f"{row.numbers.seeds} {'pairs' if row.general else 'seeds'}"
            said.append(f"  {row.arm:<{width}}  {row.verdict:<10}  {row.effect}, {seeds}{ahead}, {row.commit}")
    if found.agreements:
        said += ["", "asked more than once"]
        said += [f"  {arm} {says}: {listed}" for arm, says, listed in found.agreements]
    if found.open_questions:
        said += ["", "not asked yet", *(f"  {one}" for one in found.open_questions)]
    return said[1:]


def write_overview(found: Overview, root: Path) -> list[Path]:
    """Write ``README.md`` and ``findings.html`` (one file, no network) into the folder of evidence."""
    words: dict[str, Any] = {"found": found, "studies": _by_study(found.rows), "marks": meanings.MARKS}
    write_text(root / "README.md", markdown.render("findings.md", words))
    write_text(root / "findings.html", page.render("findings.html", words))
    return [root / "README.md", root / "findings.html"]


def _by_study(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.study, []).append(row)
    return found
