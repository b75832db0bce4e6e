"""A sweep outlives its cells: what fails is listed, what is finished is not touched again, a signal ends it."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest
import yaml

from faceswap_lab.cli.job.faces import renderer
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.identity import run_hash
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import STEP, TINY, TWINS, At, Program, strike
from tests.acceptance.test_disk import write_pictures
from tests.cli.judging import judged

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=6", "progress=false")


def finish(run: Path) -> None:
    write_result(RunFolder(run), Result(digest="0123456789", label="run", seed=0, steps=1, seconds=1, metrics={}))


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
    assert "3 cells: 1 finished, 1 interrupted, 1 not begun" in ended.out
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
        "defaults: [override /data: folders, override /loss: mae]\ndata: {a: a, b: b}\n",
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
        found = "folders" in says and background == "plain"  # the pictures are the same: seen before any cell starts
        assert ended.out.count("\ncell ") == (0 if found else 2)
    trained = 2 if "folders" in says else 4  # the pictures have not changed
    assert len(list(program.runs.glob("*/result.json"))) == trained


def test_a_thousand_finished_cells_are_found_without_running_any(program: Program) -> None:
    asked = (*TINY, *TWINS, f"runs_dir={program.runs}", f"cache_dir={program.cache}")
    for config in judged([*asked, "seed=range(0,1000)"], sweep=True):
        place = program.runs / f"any-s{config.seed}-{run_hash(config, renderer())}"
        place.mkdir(parents=True)
        finish(place)
    ended = program.run(
        "-m", "seed=range(0,1000)", before=[At("faceswap_lab.cli.job.run:run_job", 1, fail)], seconds=60
    )
    assert ended.code == 0, ended.err
    assert "1000 cells: 1000 reused" in ended.out


def test_every_cell_is_judged_before_the_first_starts(program: Program) -> None:
    ended = program.run("-m", "update_order=a_then_b,joint", "seed=0,1", *SHORT)
    assert ended.code == 2
    assert ended.err.count("Add optimizer_state=shared") == 1  # once, though it is two cells
    assert "4 cells: 2 finished, 2 refused" in ended.out
    assert ended.out.count("\ncell ") == 2
    again = program.run("-m", "update_order=a_then_b,joint,b_then_aa", "seed=0,1", *SHORT)
    assert (again.code, again.out) == (2, "")  # no combination makes an option out of b_then_aa
    assert "update_order=b_then_aa: no such option. Did you mean 'b_then_a'?" in again.err
    none = program.run("-m", "seed=range(4,4)", *SHORT)
    assert (none.code, none.out) == (2, "")
    assert "seed: no value is given" in none.err


def test_a_sweep_ends_with_its_results_and_they_can_be_put_side_by_side(program: Program) -> None:
    ended = program.run("-m", "update_order=a_then_b,b_then_a", "seed=0,1", *SHORT)
    assert ended.code == 0, ended.err
    values: dict[str, list[float]] = {"a_then_b": [], "b_then_a": []}
    for path in program.runs.glob("*/result.json"):
        order = yaml.safe_load((path.parent / "config.yaml").read_text())["update_order"]["name"]
        values[order].append(json.loads(path.read_text())["metrics"]["swap_score_AB"])
    rows = [line.split()[:3] for line in ended.out.splitlines() if line.startswith("update_order=")]
    assert rows == [[f"update_order={order}", "2", f"{sum(two) / 2:.3f}"] for order, two in values.items()]
    (sweep,) = (program.runs / "sweeps").iterdir()
    assert f"faceswap_lab report {sweep}" in ended.out
    report = program.start_with("report", str(sweep), "experiments_dir=beside").ended()
    assert report.code == 0, report.err
    assert list(program.place.glob("beside/compare-*/report.html"))
