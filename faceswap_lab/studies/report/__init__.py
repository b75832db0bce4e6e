"""The report of a study: one HTML page, and its words and tables as Markdown."""

from pathlib import Path

from faceswap_lab.runs.atomic import make_folder, write_text
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
    from faceswap_lab.studies.report import markdown, page
    from faceswap_lab.studies.report.content import words_of

    words = words_of(findings)
    make_folder(folder, of=folder / "report.html")
    write_text(folder / "report.md", markdown.render("report.md", words))
    write_text(folder / "report.html", page.render("report.html", words, cache))
    return folder / "report.html"
