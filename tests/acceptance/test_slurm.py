"""A study through a real SLURM's sbatch, on two nodes of this machine: nothing stands for anything here."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import Program, Started, until
from tests.acceptance.records import metrics, sessions, study
from tests.acceptance.slurm import SLURM, cluster, jobs, slurm
from tests.plugins.in_docs import write_plugin

pytestmark = pytest.mark.acceptance

LONG = (
    *("checkpoint.every_steps=20", "checkpoint.every_seconds=null", "progress=false"),
    *("evaluation.every_steps=null", "evaluation.preview_every_steps=null"),
)


@pytest.fixture(scope="module", autouse=True)
def real_slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with cluster(tmp_path_factory.mktemp("slurm"), seconds=1800):
        yield


@pytest.fixture(autouse=True)
def no_job_is_left() -> Iterator[None]:
    yield
    subprocess.run(["scancel", "--me"], check=False)
    until(settled, 60)


def on_slurm(program: Program, *words: str) -> Started:
    """Start a sweep there. The fork server was started before the cluster, and knows nothing of it."""
    told = {name: os.environ[name] for name in ("SLURM_CONF", "PATH")}
    return program.start("-m", *words, *SLURM, before=[partial(set_in_environment, told)])


def set_in_environment(values: dict[str, str]) -> None:
    os.environ.update(values)


def runs(program: Program) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in sorted(program.runs.glob("*/status.json"))]


def until_under_way(program: Program, started: Started, count: int) -> None:
    """Wait for so many runs to have a checkpoint."""

    def begun() -> bool:
        return sum(read_status(run).step >= 20 for run in runs(program)) >= count

    until(lambda: begun() or not started.process.is_alive(), 150)
    assert started.process.is_alive(), started.err


@pytest.mark.parametrize("seeds", ["0", pytest.param("0,1", marks=pytest.mark.minutes)])
def test_a_study_is_an_array_and_all_it_leaves_is_that_of_a_local_one(
    program: Program, faces: Path, seeds: str
) -> None:
    """With an activation of the user's own, which lies beside the command and is not installed."""
    plugged = ("encoder_activation=sine", "plugins=[my_sine]")
    asked = ("+study=smoke", f"seed={seeds}", *plugged, "name=null", "training.max_steps=6", "progress=false")
    write_plugin("my_sine", program.place)
    before = jobs()
    ended = on_slurm(program, *asked).ended(200)
    assert ended.code == 0, ended.err
    cells = 2 * len(seeds.split(","))
    assert f"sweep       {cells} cells: {cells} finished" in ended.out
    assert "two_encoders  " in ended.out[ended.out.index("differences from baseline") :]
    assert "sacct" not in ended.err
    until(settled)
    ours = {job: told for job, told in jobs().items() if job not in before}
    assert set(ours.values()) == {("COMPLETED", "n1"), ("COMPLETED", "n2")}
    assert (len(ours), len({job.split("_")[0] for job in ours})) == (cells, 1)  # one array

    (program.place / "other").mkdir()
    local = Program(program.place / "other", faces)
    write_plugin("my_sine", local.place)
    ended = local.run("-m", *asked)
    assert ended.code == 0, ended.err
    assert study(local.place) == study(program.place)
    assert [run.path.name for run in runs(local)] == [run.path.name for run in runs(program)]
    for here, there in zip(runs(local), runs(program)):
        assert here.weights.read_bytes() == there.weights.read_bytes()
        assert metrics(here.path) == metrics(there.path)


def states(program: Program) -> list[str]:
    return sorted(read_status(run).state for run in runs(program))


def settled() -> bool:
    return not [state for state, _ in jobs().values() if state in ("RUNNING", "COMPLETING", "PENDING")]


@pytest.mark.minutes
@pytest.mark.timeout(900)
def test_a_job_whose_time_is_up_is_saved_queued_again_and_finished(program: Program) -> None:
    limit = ("hydra.launcher.timeout_min=2", "hydra.launcher.signal_delay_s=30")  # SLURM may be a minute early
    rare = (*LONG, "checkpoint.every_steps=500")
    assert program.run("training.max_steps=400", *rare).code == 0
    speed = max(float(row.get("steps_per_second", 0)) for row in read_metrics(program.folder / "metrics.csv"))
    shutil.rmtree(program.folder)
    started = on_slurm(program, f"training.max_steps={int(100 * speed)}", *rare, *limit)  # 100 s: more than the limit
    until(lambda: [read_status(run).state for run in runs(program)] == ["interrupted"], 200)
    until(lambda: [state for state, _ in jobs().values() if state == "PENDING"], 60)
    for job, (state, _) in jobs().items():
        if state == "PENDING":  # SLURM lets two minutes pass; one time is enough
            slurm("scontrol", "update", f"JobId={job}", "TimeLimit=15")
    ended = started.ended(600)
    assert "1 cells: 1 finished" in ended.out, ended.err
    (run,) = runs(program)
    *stopped, last = sessions(run.path)
    assert stopped
    assert {session["end_state"] for session in stopped} == {"interrupted"}
    assert last["end_state"] == "finished"
    for before, after in zip(stopped, [*stopped[1:], last]):
        assert before["last_step"] == after["first_step"] > 0  # not one step is made twice


@pytest.mark.minutes
@pytest.mark.timeout(600)
def test_a_cell_that_is_cancelled_is_saved_and_the_same_command_goes_on(program: Program) -> None:
    sweep = ("seed=0,1", "training.max_steps=1500", *LONG)
    started = on_slurm(program, *sweep)
    until_under_way(program, started, 2)
    slurm("scancel", next(job for job, (state, _) in jobs().items() if state == "RUNNING"))
    ended = started.ended(200)
    assert "Traceback" not in ended.err
    assert ended.code != 0
    until(settled, 120)
    assert states(program) == ["finished", "interrupted"]
    ended = on_slurm(program, *sweep).ended(200)
    assert "2 cells: 1 finished, 1 reused" in ended.out, ended.err
    (again,) = [sessions(run.path) for run in runs(program) if len(sessions(run.path)) == 2]
    assert again[0]["last_step"] == again[1]["first_step"] >= 20


@pytest.mark.minutes
@pytest.mark.timeout(600)
def test_a_cell_that_is_cancelled_before_its_turn_is_not_waited_for(program: Program) -> None:
    sweep = ("seed=0,1,2", "training.max_steps=1000", *LONG)
    started = on_slurm(program, *sweep)
    until_under_way(program, started, 2)
    (waiting,) = [job for job, (state, _) in jobs().items() if state == "PENDING"]
    slurm("scancel", waiting)
    ended = started.ended(200)
    assert ended.code == 1
    assert "gave up" in ended.err
    assert "Traceback" not in ended.err
    assert "sacct" not in ended.err
    assert states(program) == ["finished", "finished"]
    ended = on_slurm(program, *sweep).ended(200)
    assert "3 cells: 1 finished, 2 reused" in ended.out, ended.err


@pytest.mark.minutes
@pytest.mark.timeout(600)
def test_jobs_outlive_the_process_that_launched_them(program: Program) -> None:
    sweep = ("seed=0,1", "training.max_steps=1500", *LONG)
    started = on_slurm(program, *sweep)
    until_under_way(program, started, 2)
    os.kill(started.pid, signal.SIGKILL)
    until(lambda: states(program) == ["finished", "finished"], 200)
    ended = on_slurm(program, *sweep).ended(100)
    assert "2 cells: 2 reused" in ended.out, ended.err


@pytest.mark.minutes
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fate", ["drain", "down"])
def test_what_a_lost_node_had_to_do_is_done_by_the_other(fate: str, program: Program) -> None:
    sweep = ("seed=0,1,2", "training.max_steps=1000", *LONG)
    started = on_slurm(program, *sweep)
    until_under_way(program, started, 2)
    slurm("scontrol", "update", "nodename=n2", f"state={fate}", "reason=test")
    try:
        ended = started.ended(400)
        assert "Traceback" not in ended.err
        if fate == "drain":  # what runs there may end there
            assert "3 cells: 3 finished" in ended.out, ended.err
        until(settled, 200)  # what was lost with a node has been saved, and SLURM queues it again
        ended = on_slurm(program, *sweep).ended(400)
        assert ended.code == 0, ended.err
        assert states(program) == ["finished"] * 3
        parts = sorted([sessions(run.path) for run in runs(program)], key=len)
        assert [len(part) for part in parts] == ([1, 1, 1] if fate == "drain" else [1, 1, 2])
        assert all(part[0]["last_step"] == part[-1]["first_step"] for part in parts if len(part) == 2)
    finally:
        subprocess.run(
            ["scontrol", "update", "nodename=n2", "state=resume"], check=False
        )  # it may have come back itself
