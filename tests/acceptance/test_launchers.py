"""Every launcher that can run on one machine does what the default one does: cells recorded, stopped, gone on with."""

import os
import signal
import stat
from functools import partial
from pathlib import Path

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import Program, Started, until
from tests.acceptance.records import sessions

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=6", "progress=false")
LONG = (
    *("training.max_steps=400", "checkpoint.every_steps=20", "checkpoint.every_seconds=null"),
    *("evaluation.every_steps=null", "evaluation.preview_every_steps=null"),
)
ALONE = (
    "hydra.launcher.ray.init.address=local",  # whatever cluster there is, or was
    "hydra.launcher.ray.init.num_cpus=2",
    "hydra.launcher.ray.init.include_dashboard=false",
)
LOOPBACK = "+hydra.launcher.ray.init._node_ip_address=127.0.0.1"


def runs(program: Program) -> dict[str, RunFolder]:
    """Return the run folders by their seed's place in the name."""
    return {path.parent.name.split("-")[-2]: RunFolder(path.parent) for path in program.runs.glob("*/status.json")}


def in_the_middle(program: Program, seeds: int) -> bool:
    found = runs(program).values()
    return len(found) == seeds and all(read_status(run).step >= 20 for run in found)


def wait_until_in_the_middle(program: Program, started: Started, seeds: int) -> None:
    until(lambda: in_the_middle(program, seeds) or not started.process.is_alive(), 150)
    assert started.process.is_alive(), started.err


def test_joblib_trains_the_same_runs_and_a_cell_that_fails_stops_no_other(program: Program, faces: Path) -> None:
    sgd = ("optimizer=sgd", "optimizer_state=per_autoencoder", "decoder_activation=linear", "loss=mse")
    sweep = ("-m", "optimizer.lr=1e-3,10", *sgd, "progress=false")
    ended = program.run(*sweep, "hydra/launcher=joblib", seconds=120)
    assert ended.code == 1
    assert "2 cells: 1 diverged, 1 finished" in ended.out, ended.err
    (finished,) = program.runs.glob("*/result.json")

    again = program.run(*sweep)  # by the default launcher, which finds what joblib has done
    assert again.code == 1
    assert "2 cells: 1 diverged, 1 reused" in again.out
    (program.place / "other").mkdir()
    one_by_one = Program(program.place / "other", faces)
    assert one_by_one.run(*[word.replace(",10", "") for word in sweep if word != "-m"]).code == 0
    same = one_by_one.folder / "weights.safetensors"
    assert same.read_bytes() == (finished.parent / "weights.safetensors").read_bytes()
    commands = [session["command"] for session in sessions(finished.parent)]
    assert all("hydra/launcher=joblib" in command for command in commands)


def test_ctrl_c_stops_joblibs_cells_where_they_are_saved_and_the_same_command_goes_on(program: Program) -> None:
    started = program.start("-m", "seed=0,1", *LONG, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    wait_until_in_the_middle(program, started, 2)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: to the launching process and its workers
    ended = started.ended(90)
    assert ended.code == 128 + signal.SIGINT
    assert "2 cells: 2 interrupted" in ended.out
    assert "Traceback" not in ended.err
    stopped = {name: read_status(run) for name, run in runs(program).items()}
    assert {status.state for status in stopped.values()} == {"interrupted"}

    again = program.run("-m", "seed=0,1", *LONG, "progress=false", seconds=120)
    assert "2 cells: 2 finished" in again.out, again.err
    for name, status in stopped.items():  # not one step is made twice
        assert [session["first_step"] for session in sessions(runs(program)[name].path)] == [0, status.step]


def test_a_submitit_job_whose_time_is_up_saves_and_is_queued_again(program: Program) -> None:
    started = program.start("-m", "seed=0", *LONG, "hydra/launcher=submitit_local")
    wait_until_in_the_middle(program, started, 1)
    (run,) = runs(program).values()
    os.kill(int((run.path / ".holder.json").read_text().split('"pid": ')[1].split(",")[0]), signal.SIGUSR1)
    ended = started.ended(90)
    assert ended.code == 0, ended.err
    assert "1 cells: 1 finished" in ended.out
    first, second = sessions(run.path)
    assert (first["end_state"], second["end_state"]) == ("interrupted", "finished")
    assert first["last_step"] == second["first_step"] > 0


SBATCH = """#!/bin/sh
# Stands for SLURM's sbatch: keeps the file, and runs its array here. As SLURM does, it runs its own copy:
# submitit moves the file away as soon as this has ended.
cp "$1" submitted.sh
export SLURM_ARRAY_JOB_ID=77 SLURM_JOB_NUM_NODES=1 SLURM_NTASKS=1 SLURM_NODEID=0 SLURM_PROCID=0 SLURM_LOCALID=0
for task in 0 1; do
    export SLURM_JOB_ID=$((77 + task)) SLURM_ARRAY_TASK_ID=$task
    { sh submitted.sh; touch "task-$task.ended"; } >"task-$task.log" 2>&1 &
done
echo "Submitted batch job 77"
"""
SACCT = """#!/bin/sh
# Stands for the sacct of a cluster that keeps no accounts.
exit 1
"""
SQUEUE = """#!/bin/sh
# Stands for SLURM's squeue: a task that has died is told as ended, so that nobody waits for its result.
for task in 0 1; do
    if [ -e task-$task.ended ]; then echo "77_$task|COMPLETED|here"; else echo "77_$task|RUNNING|here"; fi
done
"""
SRUN = """#!/bin/sh
# Stands for SLURM's srun: leaves its options away.
while [ "${1#-}" != "$1" ]; do
    case $1 in --output|--error) shift ;; esac
    shift
done
exec "$@"
"""


def pretend_slurm(tools: Path) -> None:
    tools.mkdir()
    for name, script in (("sbatch", SBATCH), ("sacct", SACCT), ("squeue", SQUEUE), ("srun", SRUN)):
        (tools / name).write_text(script)
        (tools / name).chmod(stat.S_IRWXU)
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"


def test_slurm_gets_an_array_of_jobs_with_what_each_needs(program: Program) -> None:
    ended = program.run(
        *("-m", "seed=0,1", *SHORT, "hydra/launcher=submitit_slurm"),
        *("hydra.launcher.partition=faces", "hydra.launcher.gpus_per_node=1", "hydra.launcher.timeout_min=90"),
        before=[partial(pretend_slurm, program.place / "tools")],
        seconds=120,
    )
    logs = "".join(path.read_text() for path in program.place.glob("task-*.log"))
    assert ended.code == 0, ended.err + logs
    assert "2 cells: 2 finished" in ended.out
    asked = {line.removeprefix("#SBATCH --") for line in (program.place / "submitted.sh").read_text().splitlines()}
    wanted = {"partition=faces", "gpus-per-node=1", "time=90", "signal=USR1@120", "array=0-1%2", "cpus-per-task=1"}
    assert wanted <= asked, asked


def home_in(place: Path) -> None:
    os.environ["HOME"] = str(place)  # Ray leaves a token there


def test_ray_runs_the_cells_and_leaves_nothing_behind(program: Program) -> None:
    sweep = ("-m", "seed=0,1", *SHORT, "hydra/launcher=ray", *ALONE, LOOPBACK)
    ended = program.run(*sweep, before=[partial(home_in, program.place)], seconds=150)
    assert ended.code == 0, ended.err
    assert "2 cells: 2 finished" in ended.out
    assert {read_status(run).state for run in runs(program).values()} == {"finished"}
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(program.place) in _read(path)]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
