import math
from dataclasses import replace

import numpy as np
import pytest

from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.report import tables
from faceswap_lab.studies.report.forest import primary_forest
from faceswap_lab.studies.run import Run
from tests.studies.report.example import example
from tests.studies.test_digits import read


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return example(tmp_path_factory.mktemp("runs"), arms=4, seeds=7)


def test_the_main_table_holds_the_numbers(findings: Findings) -> None:
    rows = {row.name: row for row in tables.arm_rows(findings)}
    values = findings.primary.values
    for name in ("two_encoders", "joint"):
        ours, base = (np.array([values[arm][seed] for seed in range(7)]) for arm in (name, "baseline"))
        row, difference = rows[name], ours - base
        half = 2.446912 * difference.std(ddof=1) / math.sqrt(7)  # Student's t, 6 degrees of freedom, from a table
        low, high = map(read, row.interval.split(" to "))
        assert read(row.mean) == pytest.approx(ours.mean(), abs=1e-4)
        assert read(row.difference) == pytest.approx(difference.mean(), abs=1e-4)
        assert (low, high) == pytest.approx((difference.mean() - half, difference.mean() + half), abs=1e-4)
        assert read(row.effect) == pytest.approx(difference.mean() / base.std(ddof=1), abs=0.06)
        assert row.seeds == "7 of 7"
    assert rows["baseline"].difference == ""
    assert rows["baseline"].verdict == "baseline"
    assert rows["b_then_a"].seeds == "5 of 7"  # the last two failed


def test_the_answer_and_its_plot_show_the_best_arm_first(findings: Findings) -> None:
    best_first = ["joint", "b_then_a", "two_encoders"]  # shifted by 0.018, 0.004, −0.09
    forest = primary_forest(findings)
    assert forest is not None
    assert [row.name for row in tables.ranked(findings, tables.arm_rows(findings))] == best_first
    assert forest.spec["encoding"]["y"]["sort"] == best_first


def test_diagnostics_are_mean_and_sd(findings: Findings) -> None:
    compared = next(one for one in findings.diagnostics if one.metric.key == "grad_cosine")
    ((key, _, meaning, values),) = tables.diagnostic_rows(replace(findings, diagnostics=[compared]))
    numbers = np.array(list(compared.values["joint"].values()))
    mean, sd = map(read, values[3].split(" ± "))
    assert key == "grad_cosine"
    assert meaning
    assert (mean, sd) == pytest.approx((numbers.mean(), numbers.std(ddof=1)), abs=1e-3)


def test_what_an_arm_has_not_is_a_dash_and_a_meaning_is_said_once(findings: Findings) -> None:
    dead = [c for c in findings.diagnostics if c.metric.key.startswith("dead")]
    odd = [replace(dead[0], values={**dead[0].values, "joint": {}}), dead[1]]
    rows = tables.diagnostic_rows(replace(findings, diagnostics=odd))
    assert rows[0][3][3] == "–"
    assert rows[0][2] != ""
    assert rows[1][2] == ""


def test_states_count_every_cell(findings: Findings) -> None:
    assert tables.states(findings) == "26 finished, 2 failed"
    odd = replace(findings, cells=[*findings.cells, Run("joint", 9, "missing")])
    assert tables.states(odd) == "26 finished, 2 failed, 1 missing"
    assert [cell.seed for cell in tables.unfinished(odd)] == [5, 6, 9]


def test_provenance_names_the_odd_ones(findings: Findings) -> None:
    assert ("python", "3.11.9") in tables.alike(findings)
    torch = [("2.13.0", "26 cells, all but those below"), ("2.12.0", "joint/5, joint/6")]
    assert tables.mixed(findings) == [("torch", torch)]


def test_settings_look_like_yaml(findings: Findings) -> None:
    assert [tables.setting(value) for value in (None, True, 0.5, "x", [1, None])] == [
        "null", "true", "0.5", "x", "[1, null]",
    ]  # fmt: skip
