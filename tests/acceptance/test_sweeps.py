"""A sweep outlives its cells: what fails is listed, what is finished is not touched again, a signal ends it."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.cli.sweep import Cells
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import write_result
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import STEP, TINY, TWINS, At, Program, strike
from tests.acceptance.test_disk import write_pictures

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=6", "progress=false")


def finish(run: Path) -> None:
    write_result(RunFolder(run), digest="0123456789", label="run", seed=0, steps=1, seconds=1, metrics={})


def fail() -> None:
    raise RuntimeError("the cat sat on the keyboard")


def folders(program: Program) -> dict[str, RunFolder]:
    """Return the run folders by their seed's place in the name."""
    found = [path for path in program.runs.iterdir() if path.is_dir() and (path / "status.json").exists()]
    return {path.name.split("-")[-2]: RunFolder(path) for path in found}


def test_a_failing_cell_stops_no_other_and_is_made_up_for(program: Program) -> None:
    first = program.run("-m", "seed=0,1,2", *SHORT, before=[At(STEP, 1, fail)])
    assert first.code == 1
    assert "3 cells: 1 failed, 2 finished" in first.out
    assert "the cat sat on the keyboard" in first.out
    runs = folders(program)
    assert {name: read_status(run).state for name, run in runs.items()} == {
        "s0": "failed", "s1": "finished", "s2": "finished",
    }  # fmt: skip
    assert "the cat sat on the keyboard" in runs["s0"].traceback.read_text()

    untouched = runs["s1"].result.stat().st_mtime_ns
    second = program.run("-m", "seed=0,1,2", *SHORT)
    assert second.code == 0
    assert "3 cells: 1 finished, 2 reused" in second.out
    assert second.out.count("\ncell ") == 1  # the finished ones were not even composed
    assert runs["s1"].result.stat().st_mtime_ns == untouched
    assert not runs["s0"].traceback.exists()


def test_a_diverging_cell_is_listed_with_its_reason(program: Program) -> None:
    sgd = ("optimizer=sgd", "optimizer_state=per_autoencoder", "decoder_activation=linear", "loss=mse")
    ended = program.run("-m", "optimizer.lr=1e-3,10", *sgd, *SHORT, "training.max_steps=60")
    assert ended.code == 1
    assert "2 cells: 1 diverged, 1 finished" in ended.out


def test_a_signal_ends_the_sweep_and_the_same_command_goes_on(program: Program) -> None:
    second_cell = strike(STEP, 9, signal.SIGTERM)  # six steps a cell
    ended = program.run("-m", "seed=0,1,2", *SHORT, before=[second_cell])
    assert ended.code == 128 + signal.SIGTERM
    assert "2 cells: 1 finished, 1 interrupted" in ended.out
    assert {name: read_status(run).state for name, run in folders(program).items()} == {
        "s0": "finished", "s1": "interrupted",
    }  # fmt: skip
    again = program.run("-m", "seed=0,1,2", *SHORT)
    assert again.code == 0
    assert "3 cells: 2 finished, 1 reused" in again.out


def set_background(name: str) -> None:
    os.environ["BEHIND"] = name


@pytest.mark.parametrize(
    "says",
    [
        "force: true\n",
        "data: {background: '${oc.env:BEHIND}'}\n",
        "defaults: [override /data: folders]\ndata: {a: a, b: b}\n",
    ],
    ids=["force", "a value from outside", "folders"],
)
def test_what_overrides_alone_do_not_decide_is_composed_again(program: Program, says: str) -> None:
    (program.place / "own" / "experiment").mkdir(parents=True)
    (program.place / "own" / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{says}")
    for side in "ab":
        write_pictures(program.place / side, 12)
    program.data = () if "folders" in says else TWINS
    sweep = ("-m", "--config-dir", "own", "+experiment=mine", "seed=0,1", *SHORT)
    for background in ("varied", "plain"):
        ended = program.run(*sweep, before=[partial(set_background, background)])
        assert ended.code == 0, ended.err
        assert ended.out.count("\ncell ") == 2
    trained = 2 if "folders" in says else 4  # the pictures have not changed
    assert len(list(program.runs.glob("*/result.json"))) == trained


def test_a_changed_setting_or_option_file_is_another_cell(tmp_path: Path) -> None:
    (tmp_path / "conf" / "encoders").mkdir(parents=True)
    option = tmp_path / "conf" / "encoders" / "one.yaml"
    option.write_text("count: 1\n")
    finished = tmp_path / "runs" / "run"
    finished.mkdir(parents=True)
    finish(finished)

    def known() -> Cells:
        return Cells(tmp_path / "runs", [tmp_path / "conf"])

    known().note([(["encoders=one", "seed=1"], Outcome("finished", str(finished), by_overrides=True))])
    assert known().finished(["seed=1", "encoders=one"]) == str(finished)
    assert known().finished(["seed=1", "encoders=one", "trainer=gpu"]) == str(finished)
    assert known().finished(["seed=1", "encoders=one", "data.sampler=cv2"]) == str(finished)
    assert known().finished(["seed=1", "encoders=one", "logger=wandb"]) is None  # W&B may not know the run yet
    assert known().finished(["seed=2", "encoders=one"]) is None
    assert known().finished(["seed=1", "encoders=one", "optimizer.lr=1"]) is None
    option.write_text("count: 2\n")
    assert known().finished(["seed=1", "encoders=one"]) is None
    option.write_text("count: 1\n")
    assert known().finished(["seed=1", "encoders=one"]) == str(finished)
    (finished / "result.json").write_text('{"format": 1, "cut')  # damaged: the cell runs, and says so
    assert known().finished(["seed=1", "encoders=one"]) is None
    (finished / "result.json").unlink()
    assert known().finished(["seed=1", "encoders=one"]) is None


def test_a_thousand_finished_cells_are_skipped_without_composing_any(program: Program) -> None:
    place = program.runs / "finished-s0-0123456789"
    place.mkdir(parents=True)
    finish(place)
    told = [*TINY, *TWINS, f"runs_dir={program.runs}", f"cache_dir={program.cache}"]
    cells = [([*told, f"seed={seed}"], Outcome("finished", str(place), by_overrides=True)) for seed in range(1000)]
    Cells(program.runs, [conf_dir()]).note(cells)
    ended = program.run("-m", "seed=range(0,1000)", before=[At("faceswap_lab.cli.job:run_job", 1, fail)], seconds=30)
    assert ended.code == 0, ended.err
    assert "1000 cells: 1000 reused" in ended.out
