"""What is printed has brackets where a person typed them: to Rich, [ada,ben] would be a style and is swallowed."""

from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.job.summary import print_summary
from faceswap_lab.cli.subcommands.describe import describe
from faceswap_lab.cli.sweep import table
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result


def result(**metrics: float) -> Result:
    return Result("0" * 10, "x", 0, 240, 61.5, metrics, {})


def test_the_title_of_a_description(capsys: pytest.CaptureFixture[str]):
    assert describe(["data.identities=[ada,ben]", "scale=smoke"], [conf_dir()]) == 0
    assert capsys.readouterr().out.startswith("data.identities=[ada,ben] scale=smoke")


def test_the_rows_of_a_sweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(table, "sound_result", lambda folder: result(loss_A=0.1))
    done = JobStatus("finished", "x")
    cells = [([f"data.identities=[ada,{name}]", "scale=smoke"], done) for name in ("ben", "cleo")]
    table.print_sweep(cells, Path("sweep"))
    said = capsys.readouterr().out
    assert "data.identities=[ada,ben] " in said
    assert "data.identities=[ada,cleo] " in said


def test_the_paths_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = RunFolder(tmp_path / "[bold]runs")
    print_summary(folder, result(loss_A=0.1))
    assert f"run folder  {folder.path}\n" in capsys.readouterr().out
