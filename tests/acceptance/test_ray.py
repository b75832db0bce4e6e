"""A study on a Ray cluster of two nodes on this machine, of which one is killed in the middle."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import Program, Started, until
from tests.acceptance.records import metrics, sessions, study
from tests.plugins.in_docs import write_plugin

pytestmark = [pytest.mark.acceptance, pytest.mark.minutes, pytest.mark.timeout(2000)]

LONG = (
    *("training.max_steps=1000", "checkpoint.every_steps=50", "checkpoint.every_seconds=null", "progress=false"),
    *("evaluation.every_steps=null", "evaluation.preview_every_steps=null"),
)
QUIETLY = {"RAY_USAGE_STATS_ENABLED": "0"}
RAY = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]


@contextmanager
def node(home: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A node of one core, on loopback, with a process group of its own and a clock that ends it."""
    limits = ("--num-cpus=1", "--disable-usage-stats", "--block")
    command = ["timeout", "--kill-after=10", "1400", *RAY, "start", *limits, *arguments]
    environment = os.environ | {"HOME": str(home)} | QUIETLY
    log = (home / f"ray-{len(list(home.glob('ray-*')))}").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True) as process:
        try:
            yield process
        finally:
            end(process)


def at_home(place: Path) -> None:
    os.environ.update({"HOME": str(place)} | QUIETLY)  # Ray leaves a token in the home


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a node with all its processes, as a machine that loses its power."""
    for child in children_of(process.pid):
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def children_of(pid: int) -> list[int]:
    """A process and all below it: Ray's have sessions of their own."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in told.splitlines()]
    found = [pid]
    for one in found:
        found += [child for child, parent in pairs if parent == one]
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def runs(program: Program) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in sorted(program.runs.glob("*/status.json"))]


def test_a_study_runs_on_both_nodes_and_goes_on_when_one_is_lost(program: Program, faces: Path) -> None:
    """With an activation of the user's own, which lies beside the command and is not installed."""
    asked = ("+study=smoke", "encoder_activation=sine", "plugins=[my_sine]", "name=null", *LONG)
    write_plugin("my_sine", program.place)
    address = f"127.0.0.2:{free_port()}"  # Ray takes 127.0.0.1 for a mistake, and listens on the network instead
    launcher = ("hydra/launcher=ray", f"hydra.launcher.ray.init.address={address}")

    def start() -> Started:
        return program.start(*asked, *launcher, before=[partial(at_home, program.place)])

    head = (
        "--head",
        f"--port={address.rpartition(':')[2]}",
        "--include-dashboard=false",
        "--node-ip-address=127.0.0.2",
    )
    with (
        node(program.place, *head),
        node(program.place, f"--address={address}", "--node-ip-address=127.0.0.3") as second,
    ):
        until(lambda: all("Ray runtime started" in log.read_text() for log in program.place.glob("ray-*")), 120)
        started = start()  # each node has room for one cell

        def both_train() -> bool:
            found = [read_status(run) for run in runs(program)]
            return [status.state for status in found if status.step >= 20] == ["running", "running"]

        until(lambda: both_train() or not started.process.is_alive(), 200)
        assert started.process.is_alive(), started.err
        end(second)
        ended = started.ended(120)
        assert ended.code == 1
        assert "gave up" in ended.err
        assert "Traceback" not in ended.err
        assert "interrupted" in {read_status(run).state for run in runs(program)}
        ended = start().ended(800)
        assert ended.code == 0, ended.err
        assert [read_status(run).state for run in runs(program)] == ["finished"] * 4
        assert "two_encoders  " in ended.out[ended.out.index("differences from baseline") :]
        assert max(len(sessions(run.path)) for run in runs(program)) == 2

    (program.place / "other").mkdir()
    local = Program(program.place / "other", faces)
    write_plugin("my_sine", local.place)
    assert local.run(*asked, seconds=800).code == 0
    assert study(local.place) == study(program.place)
    for here, there in zip(runs(local), runs(program), strict=True):
        assert here.weights.read_bytes() == there.weights.read_bytes()
        assert metrics(here.path) == metrics(there.path)
