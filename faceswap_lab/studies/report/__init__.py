"""The report of a study: one HTML page, and its words and tables as Markdown."""

from pathlib import Path

from faceswap_lab.runs.atomic import explaining, write_text
from faceswap_lab.studies.findings import Findings


def write_report(findings: Findings, folder: Path, cache: Path | None = None) -> Path:
    """Write ``report.md`` and ``report.html`` (self-contained) into a folder; return the latter's path.

    Args:
        findings: what is said.
        folder: where to; made if it is missing.
        cache: folder in which what every page needs is kept from one to the next; None: it is made anew.

    Raises:
        faceswap_lab.runs.atomic.StorageError: a file cannot be written.
    """
    from faceswap_lab.studies.report.content import content
    from faceswap_lab.studies.report.markdown import markdown
    from faceswap_lab.studies.report.page import page

    shown = content(findings)
    with explaining(folder / "report.html"):
        folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "report.md", markdown(shown))
    write_text(folder / "report.html", page(shown, cache))
    return folder / "report.html"
