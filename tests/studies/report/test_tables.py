import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceswap_lab.studies.findings import Cell, Findings
from faceswap_lab.studies.report import tables
from faceswap_lab.studies.report.table_csv import results_csv
from tests.studies.report.example import example
from tests.studies.report.test_digits import read


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


def test_diagnostics_are_mean_and_sd(findings: Findings) -> None:
    key, _, meaning, values = tables.diagnostic_rows(findings)[0]
    numbers = np.array(list(findings.diagnostics[0].values["joint"].values()))
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
    odd = replace(findings, cells=[*findings.cells, Cell("joint", 9, "lost")])
    assert tables.states(odd) == "26 finished, 2 failed, 1 in another state"
    assert [cell.seed for cell in tables.unfinished(odd)] == [5, 6, 9]


def test_provenance_names_the_odd_ones(findings: Findings) -> None:
    assert ("python", "3.11.4") in tables.alike(findings)
    torch = [("2.13.0+cpu", "24 cells, all but those below"), ("2.12.0", "joint/5, joint/6")]
    assert tables.mixed(findings) == [("torch", torch)]


def test_settings_look_like_yaml(findings: Findings) -> None:
    assert [tables.setting(value) for value in (None, True, 0.5, "x", [1, None])] == [
        "null", "true", "0.5", "x", "[1, null]",
    ]  # fmt: skip


def test_the_csv_holds_every_cell_with_all_digits(findings: Findings) -> None:
    odd = Cell('a "b", c', 1, "diverged", metrics={"swap_ssim_AB": math.nan, "x": 1 / 3})
    rows = list(csv.DictReader(io.StringIO(results_csv(replace(findings, cells=[*findings.cells, odd])))))
    assert len(rows) == len(findings.cells) + 1
    for row, cell in zip(rows, findings.cells):
        assert (row["arm"], int(row["seed"]), row["state"]) == (cell.arm, cell.seed, cell.state)
        assert all(float(row[key]) == value for key, value in cell.metrics.items())
    assert rows[-1]["arm"] == 'a "b", c'
    assert rows[-1]["swap_ssim_AB"] == ""
    assert float(rows[-1]["x"]) == 1 / 3


def test_the_csv_without_cells_is_a_header(findings: Findings) -> None:
    assert results_csv(replace(findings, cells=[])) == "arm,seed,state,seconds,folder\n"


def test_paths_in_the_csv_are_names(findings: Findings) -> None:
    cell = Cell("a", 0, "finished", folder=Path("/home/someone/runs/a-s0"))
    assert "/home/someone" not in results_csv(replace(findings, cells=[cell]))
