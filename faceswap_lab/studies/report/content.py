"""Everything that page and Markdown twin show, made once from the findings."""

from dataclasses import dataclass
from typing import Any

from faceswap_lab.studies.collecting.pictures import origin_of
from faceswap_lab.studies.findings import Arm, Cell, Findings, Metric, kinds_of
from faceswap_lab.studies.report import meanings, sections, tables
from faceswap_lab.studies.report.curve_plots import difference_figure, level_figure
from faceswap_lab.studies.report.figure import Figure
from faceswap_lab.studies.report.forest import primary_forest, secondary_forests
from faceswap_lab.studies.report.people_table import PeopleTable, people_table
from faceswap_lab.studies.report.pictures_table import PicturesTable, pictures_table
from faceswap_lab.studies.report.prediction_plot import prediction_figure, says


@dataclass(frozen=True)
class Content:
    """What the templates fill in.

    Attributes:
        findings: as they came.
        arms: rows of the main table, the baseline first.
        judged: the metrics that have verdicts, the primary one first.
        matrix: arm → verdict in small per judged metric.
        means: arm → mean ± sd per judged metric.
        forest: of the primary metric.
        forests: of the secondary metrics.
        curves: per metric the levels and the differences from the baseline, where they are known.
        prediction: of the swap error by the losses.
        diagnostics: rows of key, caption, meaning, and one value per arm.
        changes: arm → rows of key, baseline's value, its own; arms that change something.
        cells: rows of cell, primary metric, training time, folder.
        unfinished: cells without a result.
        states: how many cells are in which state.
        alike: facts of provenance that are the same in all cells that tell them, with their values.
        mixed: the other facts → values with the cells that share them.
        sections: made from extras.
        people: rows over pairs of people; None where all runs are of one pair.
        pictures: rows over seeds and pictures; None where all people are rendered.
        budgets: a row for each arm, under ``budget_columns``.
    """

    findings: Findings
    arms: list[tables.ArmRow]
    judged: list[Metric]
    matrix: list[tuple[str, list[tables.Mark]]]
    means: list[tuple[str, list[str]]]
    forest: Figure | None
    forests: Figure | None
    curves: list[tuple[Figure | None, Figure | None]]
    prediction: Figure | None
    diagnostics: list[tuple[str, str, str, list[str]]]
    changes: list[tuple[Arm, list[tuple[str, str, str]]]]
    cells: list[tuple[Cell, str, str, str]]
    unfinished: list[Cell]
    states: str
    alike: list[tuple[str, str]]
    mixed: list[tuple[str, list[tuple[str, str]]]]
    sections: list[sections.Section]
    people: PeopleTable | None
    pictures: PicturesTable | None
    budgets: list[list[str]]

    @property
    def attention(self) -> str:
        """What needs attention, in a line; empty if nothing does."""
        done, all_cells = len(self.cells) - len(self.unfinished), len(self.cells)
        warnings = len(self.findings.provenance.warnings)
        words = [f"{done} of {all_cells} cells are finished"] if self.unfinished else []
        words += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
        return f"Needs attention: {', '.join(words)}" if words else ""

    @property
    def budget_columns(self) -> list[str]:
        """What the columns of ``budgets`` are."""
        return tables.budget_columns(self.findings)

    @property
    def budget_says(self) -> str:
        """Which arms get to the baseline's end score, and how soon."""
        return tables.budget_says(self.findings)

    @property
    def n(self) -> str:
        """How many seeds the comparisons in the primary metric rest on."""
        counts = {judgement.comparison.seeds for judgement in self.findings.primary.judgements.values()}
        return "n = " + (" to ".join(str(count) for count in sorted({min(counts), max(counts)})) if counts else "0")

    @property
    def meanings(self) -> dict[str, list[str]]:
        """What the diagnostics mean → the captions of those that it is true of."""
        found: dict[str, list[str]] = {}
        for compared in self.findings.diagnostics:
            if meaning := meanings.diagnostic(compared.metric.key):
                found.setdefault(meaning, []).append(compared.metric.caption)
        return found

    @property
    def figures(self) -> list[Figure]:
        """All plots, in the order of the page."""
        pairs = [figure for pair in self.curves for figure in pair]
        extra = [section.figure for section in self.sections]
        people = self.people.figure if self.people else None
        shown = (self.forest, people, *pairs, self.forests, self.prediction, *extra)
        return [figure for figure in shown if figure is not None]


def content(findings: Findings) -> Content:
    """Return what the templates fill in."""
    curves = [(level_figure(findings, curves), difference_figure(findings, curves)) for curves in findings.curves]
    return Content(
        findings=findings,
        arms=tables.arm_rows(findings),
        judged=[compared.metric for compared in (findings.primary, *findings.secondary)],
        matrix=tables.matrix(findings),
        means=tables.means(findings),
        forest=primary_forest(findings),
        forests=secondary_forests(findings),
        curves=[pair for pair in curves if pair != (None, None)],
        prediction=prediction_figure(findings),
        diagnostics=tables.diagnostic_rows(findings),
        changes=[(arm, tables.change_rows(arm)) for arm in findings.arms[1:]],
        cells=tables.cell_rows(findings),
        unfinished=tables.unfinished(findings),
        states=tables.states(findings),
        alike=tables.alike(findings),
        mixed=tables.mixed(findings),
        sections=sections.sections(findings.extras),
        people=people_table(findings) if findings.people else None,
        pictures=pictures_table(findings) if findings.over_pictures else None,
        budgets=tables.budget_rows(findings),
    )


def words_of(content: Content) -> dict[str, Any]:
    """Return what the templates of the page and of its Markdown twin both know by name."""
    return {
        "content": content,
        "findings": content.findings,
        "marks": meanings.MARKS,
        "arrows": meanings.ARROWS,
        "better": meanings.BETTER,
        "verdicts": meanings.VERDICTS,
        "says": says,
        "origin": origin_of(content.findings.grids),
        "kinds": kinds_of(row for grid in content.findings.grids for row in grid.rows),
    }
