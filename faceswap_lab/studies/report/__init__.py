"""The report of a study: one HTML page, its Markdown twin, figures, and a table of all cells."""

from faceswap_lab.studies.report.write import write_report

__all__ = ["write_report"]
