"""A folder of evidence says what the runs said, without them."""

import base64
import csv
import io
import json
import math
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.analysis import analyse, compared, evidence_of
from faceswap_lab.studies.evidence import (
    STUDY,
    _difference,
    _nested,
    other_question,
    read_evidence,
    results_csv,
    write_evidence,
)
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.run import Run
from tests.studies.fake_runs import FakeArm, fake_study

ARMS = {
    "baseline": FakeArm(says="The baseline."),
    "two": FakeArm(shift=-0.4, two_paths=True, changes={"encoders.count": 2, "encoders.start": "equal"}),
    "a_slow": FakeArm(shift=0.01, changes={"training.max_steps": 900}, without=("loss_B",)),
}
STATES = {("two", 3): "diverged", ("a_slow", 5): "missing", ("baseline", 6): "damaged"}
OTHER = {("two", 1): {"hardware": {"cpu": "Another CPU"}}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Findings, Path]:
    """What the runs said, and the folder of evidence; the runs are gone."""
    root = tmp_path_factory.mktemp("evidence")
    plan = fake_study(root / "runs", ARMS, range(7), states=STATES, provenance=OTHER, settings=["scale=smoke"])
    (root / "runs").joinpath(f"two-s2-{plan.cells[9].digest}", "run.json").unlink()
    found = replace(evidence_of(plan), extras={"order_effect": {"says": "It does."}})
    findings = analyse(found)
    write_evidence(found, root / "kept")
    (root / "kept" / "order_effect.json").write_text('{"says": "It does."}')
    shutil.rmtree(root / "runs")
    return findings, root / "kept"


def near(one: object, other: object) -> bool:
    """Whether two findings are alike: numbers to the digits that curves keep; of runs, what is kept of each."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-5)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(near, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            near(getattr(one, field.name), getattr(other, field.name))
            for field in fields(one)  # type: ignore[arg-type]
            if field.name not in ("folder", "pixels", "history", "drawing")
        )
    return one == other


def test_the_findings_are_the_same_without_the_runs(kept: tuple[Findings, Path]) -> None:
    findings, folder = kept
    again = analyse(read_evidence(folder))
    for field in fields(Findings):
        assert near(getattr(findings, field.name), getattr(again, field.name)), field.name
    names = [(cell.folder.name if cell.folder else None) for cell in findings.cells]
    assert [(str(cell.folder) if cell.folder else None) for cell in again.cells] == names
    assert again.provenance.warnings  # of the diverged, the missing, the damaged, the unknown and the other machine


def test_it_is_small_and_written_the_same_again(kept: tuple[Findings, Path], tmp_path: Path) -> None:
    _, folder = kept
    assert {path.name for path in folder.iterdir()} == {
        "study.json", "results.csv", "curves.npz", "faces.webp", "order_effect.json", "topology_1.svg",
        "topology_2.svg",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in folder.iterdir()) < 150_000
    write_evidence(read_evidence(folder), tmp_path)
    for name in ("study.json", "results.csv", "curves.npz", "topology_1.svg", "topology_2.svg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_every_topology_is_kept_once_with_the_arms_that_have_it(kept: tuple[Findings, Path], tmp_path: Path) -> None:
    findings = analyse(read_evidence(kept[1]))
    assert [drawing.arms for drawing in findings.drawings] == [["baseline", "a_slow"], ["two"]]
    assert ["an encoder per side" in drawing.svg for drawing in findings.drawings] == [False, True]
    page = write_report(findings, tmp_path).read_text(encoding="utf-8")
    assert base64.b64encode(findings.drawings[1].svg.encode()).decode() in page
    assert "![Parts and routes of two](topology_2.svg)" in (tmp_path / "report.md").read_text(encoding="utf-8")


TREES = st.recursive(
    st.none() | st.integers(0, 3) | st.just([]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), TREES), st.dictionaries(st.sampled_from("abc"), TREES))
@example({"swaps": {}}, {"swaps": {"own": "e > d"}})
@example({"swaps": {"own": "e > d"}, "parts": {"e": {"kind": "encoder"}}}, {"swaps": {}, "parts": None})
@example({"load": None}, {})
def test_an_arms_configuration_comes_back_from_its_difference(base: dict[str, Any], arm: dict[str, Any]) -> None:
    told = json.loads(json.dumps(_difference(base, arm)))
    assert _nested(base, told["changes"], told["lacks"]) == arm


def test_runs_put_side_by_side_are_evidence_too(tmp_path: Path) -> None:
    plan = fake_study(tmp_path / "runs", {"baseline": FakeArm(), "other": FakeArm(shift=-0.1)}, range(2))
    found = compared(sorted(path for path in plan.runs_dir.iterdir() if path.is_dir()))
    write_evidence(found, tmp_path / "kept")
    again = analyse(read_evidence(tmp_path / "kept"))
    assert again.answer == analyse(found).answer
    assert not read_evidence(tmp_path / "kept").plan.declared
    table = tmp_path / "kept" / "results.csv"
    head, *rows = table.read_text().splitlines(keepends=True)
    table.write_text("".join([head, *reversed(rows)]))
    with pytest.raises(ConfigError, match="rows were put in another order"):
        read_evidence(tmp_path / "kept")


@pytest.mark.parametrize(
    "damage",
    ["nothing", "cut", "newer", "no table", "not json", "half the curves", "empty curves", "more rows than curves"],
)
def test_what_cannot_be_read_is_named_with_a_remedy(kept: tuple[Findings, Path], tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "kept"
    shutil.copytree(kept[1], folder)
    told = json.loads((folder / STUDY).read_text())
    if damage == "nothing":
        (folder / STUDY).unlink()
    elif damage == "cut":
        (folder / STUDY).write_text(json.dumps({"format": 1}))
    elif damage == "newer":
        (folder / STUDY).write_text(json.dumps(told | {"format": 2}))
    elif damage == "no table":
        (folder / "results.csv").unlink()
    elif damage == "half the curves":
        (folder / "curves.npz").write_bytes((folder / "curves.npz").read_bytes()[:200])
    elif damage == "empty curves":
        (folder / "curves.npz").write_bytes(b"")
    elif damage == "more rows than curves":
        table = (folder / "results.csv").read_text()
        (folder / "results.csv").write_text(table + table.splitlines()[-1] + "\n")
    else:
        (folder / STUDY).write_text("{")
    with pytest.raises(ConfigError, match=r"no evidence|cannot be read") as refused:
        read_evidence(folder)
    assert str(folder) in str(refused.value)


def test_the_table_holds_every_cell_with_all_digits() -> None:
    odd = Run('a "b", c', 1, "diverged", metrics={"swap_ssim_AB": math.nan, "x": 1 / 3})
    run = Run("a", 0, "finished", folder=Path("/home/someone/runs/a-s0"), seconds=2.5, cpu_seconds=4.5, steps=800)
    run = replace(run, flops_per_step=2.5e9)
    first, second = csv.DictReader(io.StringIO(results_csv([run, odd])))
    assert (first["arm"], first["steps"], first["seconds"], first["folder"]) == ("a", "800", "2.5", "a-s0")
    assert (first["cpu_seconds"], second["cpu_seconds"]) == ("4.5", "")
    assert (first["flops_per_step"], second["flops_per_step"]) == ("2500000000.0", "")
    assert second["arm"] == 'a "b", c'
    assert second["swap_ssim_AB"] == ""
    assert float(second["x"]) == 1 / 3
    assert results_csv([]) == "arm,seed,state,seconds,cpu_seconds,steps,parameters,flops_per_step,folder,message\n"


def test_another_metric_or_setting_of_the_baseline_is_another_question_and_more_seeds_and_arms_are_not(tmp_path: Path):
    first = fake_study(tmp_path / "runs", {"baseline": FakeArm(), "two": FakeArm(shift=-0.4)}, range(3), tiles=False)
    folder = tmp_path / "kept"
    assert other_question(first, folder) == []  # nothing lies there
    write_evidence(evidence_of(first), folder)
    more = {"baseline": FakeArm(), "three": FakeArm(changes={"encoders.count": 2})}
    assert other_question(fake_study(tmp_path / "more", more, range(1, 5), tiles=False), folder) == []
    longer = {"baseline": FakeArm(changes={"training.max_steps": 900})}
    plan = fake_study(tmp_path / "longer", longer, range(3), tiles=False, metric="swap_yaw_AB")
    asked = first.cells[0].config["training"]["max_steps"]
    assert other_question(plan, folder) == [
        f"metric {first.metric!r}, not 'swap_yaw_AB'",
        f"training.max_steps {asked}, not 900",
    ]
    assert other_question(plan, folder, {"training.max_steps"}) == [f"metric {first.metric!r}, not 'swap_yaw_AB'"]
    named = {"baseline": FakeArm(changes={"loss.name": None, "training.ema": 0.9})}  # one more setting, and one less
    assert other_question(fake_study(tmp_path / "named", named, range(3), tiles=False), folder) == [
        "loss.name 'mae', not None",
        "training.ema None, not 0.9",
    ]
    (folder / STUDY).write_text("[]")  # there is nothing to lose
    assert other_question(plan, folder) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda rows: rows[: len(rows) // 2], "10 rows, and the study has 21 cells"),
        (lambda rows: rows[:1], "0 rows"),
        (lambda rows: [], "0 rows"),
        (lambda rows: [*rows[:-1], rows[-2]], "21 rows, and the study has 21 cells"),
        (lambda rows: [rows[0], *reversed(rows[1:])], "rows were put in another order, and curves belong to rows"),
        (lambda rows: [*rows[:-1], rows[-1][:20]], "line 22: a row that is cut"),
        (lambda rows: [*rows[:-1], rows[-1] + ",1"], "line 22: a row that is cut"),
        (lambda rows: [*rows[:-1], rows[-1].replace("finished", "finishd")], "of an unknown state"),
    ],
)
def test_a_table_that_lost_or_changed_rows_is_no_evidence(kept: tuple[Findings, Path], tmp_path: Path, damage, told):
    """A study that seems to have been asked with fewer pairs would say something else, and look whole."""
    folder = tmp_path / "kept"
    shutil.copytree(kept[1], folder)
    rows = (folder / "results.csv").read_text().splitlines()
    (folder / "results.csv").write_text("".join(f"{row}\n" for row in damage(rows)))
    with pytest.raises(ConfigError, match=f"its evidence cannot be read .*{told}"):
        read_evidence(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("metric", None), ("metric", []), ("smallest_difference", "x"), ("smallest_difference", -3), ("seeds", -3),
     ("seeds", ["0"]), ("title", {}), ("secondary", "swap_ssim_AB"), ("smallest_difference", float("nan"))],
)  # fmt: skip
def test_a_declaration_of_wrong_types_is_no_evidence(kept: tuple[Findings, Path], tmp_path: Path, key: str, value: Any):
    folder = tmp_path / "kept"
    shutil.copytree(kept[1], folder)
    told = json.loads((folder / STUDY).read_text())
    told["study"][key] = value
    (folder / STUDY).write_text(json.dumps(told))
    with pytest.raises(ConfigError, match=rf"its evidence cannot be read .*the study's {key} is "):
        read_evidence(folder)
