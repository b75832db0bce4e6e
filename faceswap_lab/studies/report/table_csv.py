"""One row per cell: arm, seed, state, every metric."""

import csv
import io
import math

from faceswap_lab.studies.findings import Findings


def results_csv(findings: Findings) -> str:
    """Return the table of all cells as CSV. Numbers have all their digits; what is not known is empty."""
    keys = sorted({key for cell in findings.cells for key in cell.metrics})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["arm", "seed", "state", "seconds", "folder", *keys])
    for cell in findings.cells:
        folder = cell.folder.name if cell.folder else ""
        values = [_plain(cell.metrics.get(key)) for key in keys]
        writer.writerow([cell.arm, cell.seed, cell.state, _plain(cell.seconds), folder, *values])
    return text.getvalue()


def _plain(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))
