import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies.findings import Curves, Findings
from faceswap_lab.studies.report.curve_plots import difference_figure, leaves_zero, level_figure
from faceswap_lab.studies.report.figure import for_page
from faceswap_lab.studies.report.forest import primary_forest
from faceswap_lab.studies.report.sections import sections
from faceswap_lab.studies.statistics.curves import CurveDifference
from tests.studies.report.example import ORDER_EFFECT, example


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return example(tmp_path_factory.mktemp("runs"), arms=4, seeds=6)


def rows_of(spec: Any) -> list[dict[str, Any]]:
    """All rows of data in a plot."""
    if isinstance(spec, dict):
        found = list(spec["data"]["values"]) if "data" in spec else []
        return found + [row for value in spec.values() for row in rows_of(value)]
    return [row for value in spec for row in rows_of(value)] if isinstance(spec, list) else []


def band(low: list[float], high: list[float]) -> CurveDifference:
    steps = np.arange(1, len(low) + 1) * 10
    ends = np.array(low, dtype=float), np.array(high, dtype=float)
    return CurveDifference((0, 1), steps, (ends[0] + ends[1]) / 2, *ends, *ends)


@given(st.lists(st.tuples(st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 1.0]), st.floats(0, 2)), max_size=8))
def test_when_a_band_leaves_zero(ends: list[tuple[float, float]]) -> None:
    low, high = [end for end, _ in ends], [end + width for end, width in ends]
    clear = [a > 0 or b < 0 for a, b in zip(low, high)]
    slow = next((10 * (k + 1) for k in range(len(ends)) if all(clear[k:])), None)
    assert leaves_zero(band(low, high)) == slow


def test_a_forest_shows_every_difference(findings: Findings) -> None:
    figure = primary_forest(findings)
    assert figure is not None
    rows = rows_of(figure.spec)
    for arm, judgement in findings.primary.judgements.items():
        row = next(row for row in rows if row.get("arm") == arm and "low" in row)
        numbers = judgement.comparison
        assert (row["difference"], row["low"], row["high"]) == pytest.approx(
            (numbers.difference, *numbers.interval), rel=1e-4
        )
        seeds = [row["one"] for row in rows if row.get("arm") == arm and "one" in row]
        assert seeds == pytest.approx(list(numbers.differences.values()), rel=1e-4)
        assert arm in figure.alt
    assert {"kind": "zone", "from": -0.02, "to": 0.02}.items() <= next(r for r in rows if "to" in r).items()


def test_curves_show_arm_and_baseline(findings: Findings) -> None:
    curves = findings.curves[2]
    figure = level_figure(findings, curves)
    assert figure is not None
    rows = rows_of(figure.spec)
    for arm in findings.arms:
        shown = {row["step"]: row["mean"] for row in rows if row["arm"] == arm.name}
        assert shown == pytest.approx(dict(zip(curves.arms[arm.name].steps, curves.arms[arm.name].mean)), rel=1e-4)


def test_nothing_infinite_reaches_a_plot(findings: Findings) -> None:
    curves = findings.curves[2]
    endless = {
        name: replace(found, band_low=np.full_like(found.low, -np.inf), band_high=np.full_like(found.low, np.inf))
        for name, found in curves.differences.items()
    }
    figure = difference_figure(findings, replace(curves, differences=endless))
    assert figure is not None
    json.dumps(figure.spec, allow_nan=False)
    assert "No outer band" in figure.caption
    assert "Bands are cut" not in figure.caption  # there are none


def test_wide_bands_are_cut_and_that_is_said(findings: Findings) -> None:
    curves = findings.curves[2]
    largest = max(0.02, *(float(np.abs(found.difference).max()) for found in curves.differences.values()))
    wide = {
        name: replace(found, band_low=found.difference - 50, band_high=found.difference + 50)
        for name, found in curves.differences.items()
    }
    for differences, cut in ((curves.differences, False), (wide, True)):
        figure = difference_figure(findings, replace(curves, differences=differences))
        assert figure is not None
        assert ("Bands are cut" in figure.caption) == cut
        low, high = figure.spec["spec"]["layer"][-1]["encoding"]["y"]["scale"]["domain"]
        assert -4.001 * largest <= low < high <= 4.001 * largest
        assert all(low <= value <= high for found in curves.differences.values() for value in found.difference)


def test_curves_of_nobody_are_no_figure(findings: Findings) -> None:
    nobody = Curves(findings.curves[0].metric, {}, {})
    assert level_figure(findings, nobody) is None
    assert difference_figure(findings, nobody) is None


def test_an_arm_without_a_curve_is_named(findings: Findings) -> None:
    curves = findings.curves[0]
    others = {arm: curve for arm, curve in curves.arms.items() if arm != "joint"}
    figure = level_figure(findings, replace(curves, arms=others))
    assert figure is not None
    assert "No curve: joint." in figure.caption


def test_a_plot_becomes_an_svg_with_its_marks(findings: Findings) -> None:
    figure = primary_forest(findings)
    assert figure is not None
    drawn = vl_convert.vegalite_to_svg(for_page(figure)["spec"], allowed_base_urls=[])
    assert drawn.startswith("<svg")
    assert "two_encoders" in drawn
    assert drawn.count("translate") > 3 * 6  # arms times seeds


def test_order_effect_has_tables_and_a_plot() -> None:
    (section,) = sections({"order_effect": ORDER_EFFECT | {"says": ["decoder_A is bit for bit equal."]}})
    assert section.sentences == ["decoder_A is bit for bit equal."]
    assert section.tables[0].rows[1] == ["decoder_A", "0", "5.00 × 10⁻⁵", "0"]
    assert section.figure is not None
    shown = [
        row for row in rows_of(section.figure.spec) if row["panel"] == "encoder" and row["series"] == "the other order"
    ]
    assert [row["step"] for row in shown] == [1, 10, 100, 1000]


@pytest.mark.parametrize(
    "content",
    [
        {"a_b": 1, "share": 0.25, "list": [{"x": 1, "y": None}], "inner": {"k": True}, "plain": [1, 2]},
        [1, {"x": [2]}],
        "words",
        {"one_step": {}, "growth": []},
    ],
)
def test_unknown_extras_become_tables(content: Any) -> None:
    for name in ("something_new", "order_effect", "false_alarms"):
        for section in sections({name: content}):
            assert all(len(row) == len(table.head) for table in section.tables for row in table.rows)


def test_false_alarms_are_shares_of_splits() -> None:
    row = {"metric": "SSIM", "runs": 32, "better_or_worse": 0.0305, "equivalent": 0.9, "undecided": math.nan}
    content = {"says": "Few.", "group": 8, "splits": 2000, "level": 0.05, "metrics": [row]}
    (section,) = sections({"false_alarms": content})
    assert section.sentences == ["Few."]
    assert section.tables[0].caption == "Verdicts in 2,000 splits into two groups of 8"
    assert section.tables[0].rows == [["SSIM", "32", "3.0 %", "90.0 %", "not known"]]


def test_empty_extras_are_no_section() -> None:
    assert sections({"order_effect": None, "false_alarms": {}}) == []
