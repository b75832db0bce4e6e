"""Writing the report: each file whole or not at all, and nothing left of an older one."""

from pathlib import Path

from faceswap_lab.runs.atomic import explaining, write_bytes, write_text
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.report import faces, figure
from faceswap_lab.studies.report.content import Content, content
from faceswap_lab.studies.report.markdown import markdown
from faceswap_lab.studies.report.page import page
from faceswap_lab.studies.report.table_csv import results_csv


def write_report(findings: Findings, folder: Path, cache: Path | None = None) -> Path:
    """Write the report of a study.

    Args:
        findings: what is said.
        folder: where to; made if it is missing. It then holds ``report.html`` (self-contained), ``report.md`` with
            ``figures/``, and ``results.csv`` (a row per cell). Pictures of an older report in ``figures/`` that this
            one has no use for are removed.
        cache: folder in which what every report needs is kept from one to the next; None: it is made anew.

    Returns:
        The path of ``report.html``, which is written last.

    Raises:
        faceswap_lab.runs.atomic.StorageError: a file cannot be written.
    """
    shown = content(findings)
    pictures = _pictures(shown)
    with explaining(folder / "report.html"):
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        write_bytes(folder / "figures" / name, data)
    write_text(folder / "results.csv", results_csv(findings))
    write_text(folder / "report.md", markdown(shown))
    write_text(folder / "report.html", page(shown, cache))
    for old in (folder / "figures").iterdir():
        if old.suffix in (".svg", ".png") and old.name not in pictures:
            old.unlink()
    return folder / "report.html"


def _pictures(shown: Content) -> dict[str, bytes]:
    """Return the files in ``figures/`` by name."""
    plots = {f"{plot.name}.svg": figure.svg(plot).encode() for plot in shown.figures}
    rows = {row.name: faces.png(row.pixels) for grid in shown.grids for row in grid.rows}
    return plots | rows
