import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from faceswap_lab.runs.diff import diff
from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.lock import run_lock
from faceswap_lab.runs.provenance import collect
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session, end_session, note_in_session
from faceswap_lab.runs.show import show
from faceswap_lab.runs.status import write_status
from tests.runs.configs import Optimizer, config


def _told(call: Any, *paths: Path) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=120)
    code = call(*paths, console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


def _run(
    path: Path, lr: float = 5e-5, ssim: float = 0.75, parameters: int = 123, peak: int = 2**29, **provenance: Any
) -> Path:
    folder = RunFolder(path)
    path.mkdir()
    settings = config(optimizer=Optimizer(lr, (128, 256), "adam [bold]"))
    begin_session(folder, collect(["python", "-m", "faceswap_lab"], settings, "abcd", 0) | provenance, 0)
    write_result(
        folder,
        Result(
            digest="0" * 10,
            label="x",
            seed=0,
            steps=240,
            seconds=61.5,
            metrics={"swap_ssim_AB": ssim},
            details={"parameters": {"encoder": parameters}, "peak_memory": {"resident": peak, "since": "run"}},
        ),
    )
    end_session(folder, "finished", 240)
    return path


def test_show_tells_a_finished_run(tmp_path: Path) -> None:
    code, text = _told(show, _run(tmp_path / "run"))
    assert code == 0
    for words in (
        "finished at step 240",
        "parameters.encoder",
        "512 MiB",
        "python -m faceswap_lab",
        "optimizer.lr",
        "5e-05",
        "adam [bold]",  # what looks like markup in a value is a value
        "0 → 240",
        "numpy",
    ):
        assert words in text, words


def test_show_lays_metrics_out_by_direction(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    metrics = {"swap_ssim_AB": 0.75, "swap_ssim_BA": 0.5, "recon_mae_A": 0.125, "odd": 3.0, "AB": 1.0}
    write_result(folder, Result(digest="0" * 10, label="x", seed=0, steps=1, seconds=1.0, metrics=metrics))
    text = _told(show, tmp_path)[1]
    rows = [[cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]] for line in text.splitlines()]
    assert ["metric", "value", "A", "A→B", "B→A"] in rows
    assert ["swap_ssim", "", "", "0.75", "0.5"] in rows
    assert ["recon_mae", "", "0.125", "", ""] in rows
    assert ["odd", "3", "", "", ""] in rows
    assert ["AB", "1", "", "", ""] in rows


def test_show_names_the_latest_preview(tmp_path: Path) -> None:
    folder = RunFolder(_run(tmp_path / "run"))
    folder.previews.mkdir()
    for age, name in enumerate(["final-tiles.png", "final.png", "step-000000300.png"]):
        (folder.previews / name).touch()
        os.utime(folder.previews / name, (1000 - age, 1000 - age))
    assert _told(show, folder.path)[1].endswith("final.png\n")


def test_show_tells_the_events_of_all_sessions(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for number in range(3):  # as of a run that was stopped twice, or went on from a shorter one
        begin_session(folder, collect(["x"], config(), "abcd", 0), 10 * number)
        if number < 2:
            note_in_session(folder, events=[f"step {10 * number + 5}: lower [bold]{number}"])
        end_session(folder, "interrupted", 10 * number + 10)
    text = _told(show, tmp_path)[1]
    assert "step 5: lower [bold]0" in text
    assert "step 15: lower [bold]1" in text


def test_show_tells_a_failed_run_where_to_look(tmp_path: Path) -> None:
    write_status(RunFolder(tmp_path), "failed", 3, error=OSError("[red]disk"))
    code, text = _told(show, tmp_path)
    assert code == 0
    assert "failed at step 3" in text
    assert "OSError: [red]disk" in text
    assert "traceback.txt" in text
    assert "how the run was made is not known" in text


def test_show_tells_who_works_on_a_run(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        write_status(RunFolder(tmp_path), "running", 3)
        assert "worked on by process" in _told(show, tmp_path)[1]


@pytest.mark.parametrize("damaged", ["run.json", "status.json", "result.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1, "sessions": [{}, 3]}'])
def test_show_and_diff_bear_damaged_files(tmp_path: Path, damaged: str, content: str) -> None:
    path = _run(tmp_path / "run")
    (path / damaged).write_text(content)
    assert _told(show, path)[0] == 0
    assert _told(diff, path, path)[0] == 0


def test_show_without_its_last_result_says_why(tmp_path: Path) -> None:
    path = _run(tmp_path / "run")
    (path / "result.json").write_text("{")
    assert "result.json cannot be used" in _told(show, path)[1].replace("\n", " ")


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    assert _told(show, tmp_path / "gone") == (2, _told(show, tmp_path / "gone")[1])
    assert "there is no such folder" in _told(show, tmp_path / "gone")[1].replace("\n", " ")
    assert "holds no run.json" in _told(show, tmp_path)[1].replace("\n", " ")
    for pair in ((run, tmp_path), (tmp_path, run)):
        code, text = _told(diff, *pair)
        assert code == 2
        assert "is no run folder" in text.replace("\n", " ")


def test_equal_runs_do_not_differ(tmp_path: Path) -> None:
    code, text = _told(diff, _run(tmp_path / "a"), _run(tmp_path / "b", peak=2**30))  # memory differs as times do
    assert code == 0
    assert "no differences" in text


def test_diff_tells_what_differs_and_nothing_else(tmp_path: Path) -> None:
    versions = {"versions": {"numpy": "1.0", "torch": "2.13.0"}}
    a = _run(tmp_path / "a", **versions)
    b = _run(tmp_path / "b", 1e-4, 0.5, 5123, versions={"numpy": "2.0", "torch": "2.13.0"}, data_fingerprint="efgh")
    code, text = _told(diff, a, b)
    assert code == 1
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert ["optimizer.lr", "5e-05", "0.0001", "+5e-05"] in rows
    assert ["numpy", "1.0", "2.0", ""] in rows
    assert ["data", "abcd", "efgh", ""] in rows
    assert ["swap_ssim_AB", "0.75", "0.5", "-0.25"] in rows
    assert ["parameters.encoder", "123", "5123", "+5,000"] in rows
    assert len(rows) == 5


def test_diff_tells_what_only_one_has(tmp_path: Path) -> None:
    a, b = _run(tmp_path / "a"), _run(tmp_path / "b", config={})
    (b / "result.json").unlink()
    text = _told(diff, a, b)[1]
    assert "(absent)" in text
    assert "interrupted" in text or "created" in text


def test_flat_and_text() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": [1]}, "e": {}}) == {"a.b.c": 1, "a.d": [1], "e": {}}
    assert [text_of(v) for v in (None, [1, 2], [], 0.1 + 0.2, [{"a": 1}])] == ["-", "1, 2", "none", "0.3", "[{'a': 1}]"]


def test_which_sampler_made_the_samples_is_shown_and_compared(tmp_path: Path) -> None:
    by_cv2, on_device = (_run(tmp_path / sampler, sampler=sampler) for sampler in ("cv2", "device"))
    told = [[cell.strip() for cell in line.split("│")[1:-1]] for line in _told(show, on_device)[1].splitlines()]
    assert ["sampler", "device"] in told
    assert "sampler" not in _told(show, _run(tmp_path / "earlier"))[1]
    code, text = _told(diff, by_cv2, on_device)
    assert code == 1
    assert any(line.split()[1::2][:3] == ["sampler", "cv2", "device"] for line in text.splitlines())


def test_a_session_that_only_judged_leaves_the_sampler_of_the_one_that_trained(tmp_path: Path) -> None:
    whole, judged_later = (_run(tmp_path / name, sampler="cv2") for name in ("whole", "judged_later"))
    folder = RunFolder(judged_later)
    settings = config(optimizer=Optimizer(5e-5, (128, 256), "adam [bold]"))
    begin_session(folder, collect(["python", "-m", "faceswap_lab"], settings, "abcd", 0), 240)
    end_session(folder, "finished", 240)
    code, text = _told(diff, whole, judged_later)
    assert code == 0, text
    told = [[cell.strip() for cell in line.split("│")[1:-1]] for line in _told(show, judged_later)[1].splitlines()]
    assert ["sampler", "cv2"] in told
