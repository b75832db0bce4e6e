"""Rendering in processes: the same bytes however many there are, no orphans, no clash with the program's own start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from faceswap_lab.data.parallel import available_cores
from faceswap_lab.data.render_pool import RenderPool
from faceswap_lab.randomness import stream
from faceswap_lab.twins import STATE_FIELDS, Head, State, identity, render, sample_state

REPOSITORY = Path(__file__).parents[2]
SIZE = 32


def states(count: int) -> list[State]:
    rng = stream(0, "test of the pool")
    return [sample_state(rng) for _ in range(count)]


def rows(wanted: list[State]) -> np.ndarray:
    return np.array([[getattr(state, name) for name in STATE_FIELDS] for state in wanted], np.float64)


def gathered(pool: RenderPool, name: str, wanted: list[State]) -> tuple[np.ndarray, np.ndarray]:
    pictures = np.concatenate(list(pool.render(identity(name), rows(wanted), SIZE)))
    return pictures[..., :3], pictures[..., 3]


def test_pictures_do_not_depend_on_the_number_of_processes():
    wanted = states(20)
    with RenderPool(1) as one, RenderPool(2) as two:
        images, masks = gathered(one, "ada", wanted)
        again = gathered(two, "ada", wanted)
        assert len(two._workers) == 2
        np.testing.assert_array_equal(again[0], images)
        np.testing.assert_array_equal(again[1], masks)
        part, _ = gathered(two, "ada", wanted[5:9])  # cut otherwise, in a process that has rendered others before
        np.testing.assert_array_equal(part, images[5:9])
        other, _ = gathered(one, "ben", wanted[:3])
    assert (len(images), images.shape[1:], masks.shape) == (20, (SIZE, SIZE, 3), (20, SIZE, SIZE))
    head = Head(identity("ada"))
    for index in (0, 11, 19):
        direct = render(head, wanted[index], SIZE)
        np.testing.assert_array_equal(direct.image, images[index])
        np.testing.assert_array_equal(direct.mask, masks[index])
    assert np.abs(other.astype(int) - images[:3]).mean() > 2


def test_what_fails_in_a_process_is_told_with_its_traceback():
    of_another_version = np.zeros((1, len(STATE_FIELDS) + 1))
    with RenderPool(1) as pool, pytest.raises(RuntimeError, match=r"rendering faces failed:\n(.*\n)*Traceback"):
        list(pool.render(identity("ada"), of_another_version, SIZE))


def test_a_process_that_is_killed_is_told():
    with RenderPool(1) as pool:
        pictures = pool.render(identity("ada"), rows(states(200)), SIZE)
        next(pictures)
        os.kill(pool._workers[0]._process.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match=r"exit code -9.*fewer processes"):
            list(pictures)


def test_there_is_a_core():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_a_script_without_a_main_guard_and_from_standard_input_can_render():
    script = """
import sys
import numpy  # what the program itself imports is none of its workers' business
from faceswap_lab.data.render_pool import RenderPool
from faceswap_lab.twins import STATE_FIELDS, State, identity
print("started")
row = [getattr(State(), name) for name in STATE_FIELDS]
with RenderPool(1) as pool:
    print(sum(len(p) for p in pool.render(identity("ada"), numpy.array([row] * 9), 16)))
"""
    run = subprocess.run(
        [sys.executable, "-"], input=script, capture_output=True, text=True, cwd=REPOSITORY, timeout=120
    )
    assert (run.stdout, run.returncode) == ("started\n9\n", 0), run.stderr


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but has not been asked for counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_its_parent(end):
    script = """
import numpy
from faceswap_lab.data.render_pool import RenderPool
from faceswap_lab.twins import STATE_FIELDS, State, identity
row = [getattr(State(), name) for name in STATE_FIELDS]
with RenderPool(1) as pool:
    for pictures in pool.render(identity("ada"), numpy.array([row] * 100_000), 16):
        print(*[worker._process.pid for worker in pool._workers], flush=True)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
        start_new_session=True,
    )  # fmt: skip
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(workers) == 1
    assert all(alive(pid) for pid in workers)
    if end == signal.SIGINT:
        os.killpg(parent.pid, end)  # as Ctrl-C on a terminal does: to the workers too
    else:
        parent.kill()
    _, errors = parent.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in workers)
    assert parent.returncode == -end
    assert errors.count("Traceback") <= 1  # the parent's own KeyboardInterrupt, none of the workers
