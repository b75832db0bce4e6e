import re
from importlib import import_module

import pytest

import benchmarks.__main__ as program
from benchmarks.figures import Figure, Goal
from benchmarks.measure import Spread
from benchmarks.results import load_note, table, verdicts
from benchmarks.subjects import SUBJECTS

HOLDS = Figure("work", "1 s", "plainly: 2 s", Spread(2, 1.9, 2.1), "×", Goal(1.5))
MISSED = Figure("other work", "9 s", "", Spread.of([9.0]), "CPU s", Goal(5, at_least=False), "on a bad day")
ALONE = Figure("memory", "", "", Spread.of([1.5]), "GiB")


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Subjects whose measuring takes no time; return where the results of all of them go."""
    found = {name: [HOLDS] for name in SUBJECTS} | {"step": [MISSED]}
    monkeypatch.setattr(program, "_measured", lambda name: found[name])
    monkeypatch.setattr(program, "RESULTS", tmp_path / "results.md")
    return found, tmp_path / "results.md"


def test_the_table_has_a_row_per_figure_and_says_what_is_missed():
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table([HOLDS, MISSED, ALONE]).splitlines()[2:5]
    ]
    assert rows == [
        ["work", "1 s", "plainly: 2 s", "2.000 × (1.90 to 2.10)", "≥ 1.5", "holds"],
        ["other work [1]", "9 s", "", "9.000 CPU s", "≤ 5", "**missed**"],
        ["memory", "", "", "1.500 GiB", "", ""],
    ]
    assert table([MISSED]).endswith("\n\n[1] on a bad day.")
    assert verdicts([HOLDS, MISSED, ALONE]) == "1 of 2 goals hold; missed: other work (9.00 CPU s, goal ≤ 5)"


def test_a_busy_machine_is_said_to_be_one():
    assert "Busy" not in load_note([0.2, 1.4])
    assert "Busy" in load_note([0.2, 2.9])


def test_every_subject_is_there():
    assert all(callable(import_module(f"benchmarks.{name}").figures) for name in SUBJECTS)


def test_all_subjects_are_written_down_with_what_they_were_made_with(measured, capsys):
    assert program.main([]) == 0  # a missed goal is a result
    text = measured[1].read_text()
    assert text.count("\n| work |") == len(SUBJECTS) - 1
    for what in ("python", "torch", "opencv", "numpy", "albumentations", "lightning", "hydra"):
        assert re.search(rf"\b{what} \d+\.\d+", text), what
    assert re.search(r"\d+ cores", text)
    assert "made by `python -m benchmarks`, 20" in text
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"Written to {measured[1]}.")


def test_a_part_is_shown_and_leaves_the_file_alone(measured, capsys, tmp_path):
    assert program.main(["sampler", "step"]) == 0
    assert not measured[1].exists()
    assert "| other work [1] |" in capsys.readouterr().out
    program.main(["sampler", "--output", str(tmp_path / "part.md")])
    assert "`python -m benchmarks sampler`" in (tmp_path / "part.md").read_text()


def test_what_cannot_be_measured_is_an_error_and_not_a_result(measured, capsys):
    measured[0]["sweep"] = None
    assert program.main([]) == 1
    assert not measured[1].exists()
    assert "could not be measured: sweep" in capsys.readouterr().out


def test_an_unknown_subject_is_refused_by_name(capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["samplers"])
    assert ended.value.code == 2
    assert "samplers" in capsys.readouterr().err
