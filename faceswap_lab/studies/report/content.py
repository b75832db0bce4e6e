"""Everything that the page and its Markdown twin show, by the names that their templates know it by."""

from typing import Any

from faceswap_lab.studies.collecting.pictures import origin_of
from faceswap_lab.studies.findings import Findings, kinds_of
from faceswap_lab.studies.report import meanings, tables
from faceswap_lab.studies.report.curve_plots import difference_figure, level_figure
from faceswap_lab.studies.report.forest import primary_forest, secondary_forests
from faceswap_lab.studies.report.people_table import INTRODUCTION, goes_with, people_figure, people_rows
from faceswap_lab.studies.report.pictures_table import picture_rows, picture_sentences
from faceswap_lab.studies.report.prediction_plot import prediction_figure, says
from faceswap_lab.studies.report.sections import sections


def words_of(findings: Findings) -> dict[str, Any]:
    """Return what the templates fill in; ``figures``: all plots, in the order of the page."""
    curves = [(level_figure(findings, curves), difference_figure(findings, curves)) for curves in findings.curves]
    arms = tables.arm_rows(findings)
    extras, budgets = sections(findings.extras), tables.budget_columns(findings)
    forest, forests, prediction = primary_forest(findings), secondary_forests(findings), prediction_figure(findings)
    people = people_figure(findings) if findings.people else None
    judged = [compared.metric for compared in (findings.primary, *findings.secondary)]
    plots = [forest, people, *(one for pair in curves for one in pair), forests, prediction]
    return {
        "findings": findings,
        "arms": arms,
        "ranked": tables.ranked(findings, arms),
        "confidence": f"{100 * (1 - findings.alpha):g} %",
        "n": tables.counted(findings),
        "attention": tables.attention(findings),
        "unfinished": tables.unfinished(findings),
        "states": tables.states(findings),
        "forest": forest,
        "people_says": INTRODUCTION,
        "people_head": ["arm", "difference", "mean for people", "a new pair", "pairs that go the same way"],
        "people_rows": people_rows(findings) if findings.people else [],
        "people_figure": people,
        "goes_with": goes_with(findings.people) if findings.people else "",
        "picture_sentences": picture_sentences(findings.over_pictures) if findings.over_pictures else [],
        "picture_head": ["arm", "difference", "over seeds", "over seeds and pictures"],
        "picture_rows": picture_rows(findings) if findings.over_pictures else [],
        "curves": [pair for pair in curves if pair != (None, None)],
        "budget_columns": list(budgets),
        "budgets": list(zip(*budgets.values())),
        "budget_says": tables.budget_says(findings),
        "judged": judged,
        "matrix": tables.matrix(findings),
        "means": tables.means(findings),
        "forests": forests,
        "prediction": prediction,
        "diagnostics": tables.diagnostic_rows(findings),
        "meanings": tables.diagnostic_meanings(findings),
        "changes": [(arm, tables.change_rows(arm)) for arm in findings.arms[1:]],
        "sections": extras,
        "cells": tables.cell_rows(findings),
        "alike": tables.alike(findings),
        "mixed": tables.mixed(findings),
        "marks": meanings.MARKS,
        "arrows": meanings.ARROWS,
        "better": meanings.BETTER,
        "verdicts": meanings.VERDICTS,
        "says": says,
        "origin": origin_of(findings.grids),
        "kinds": kinds_of(row for grid in findings.grids for row in grid.rows),
        "figures": [figure for figure in (*plots, *(section.figure for section in extras)) if figure],
    }
