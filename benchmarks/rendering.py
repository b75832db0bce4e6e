"""A rendered face beside the renderer of the commit before there were people, in CPU time, heads made beforehand.

Both run in processes of their own that render the same faces in turns, so that a busy machine slows both alike. What a
run needs per face is the second figure: people are rendered no larger than their crop needs.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Goal, times_faster
from benchmarks.measure import Timed, interleaved

REPOSITORY = Path(__file__).parents[1]
BEFORE = "1582994"
FACES, ROUNDS = 24, 7
PROGRAM = """
import sys, time
import cv2
from faceswap_lab.randomness import stream
from faceswap_lab.twins import Head, identity, render, sample_state
cv2.setNumThreads(1)
heads = [Head(identity(name)) for name in ("ada", "ben", "cleo", "gus", "random-1", "random-2")]
states = [sample_state(stream(0, "benchmark", k)) for k in range({faces})]
for line in sys.stdin:
    start = time.process_time()
    for number, state in enumerate(states):
        render(heads[number % len(heads)], state, int(line))
    print(time.process_time() - start, flush=True)
"""


def figures() -> list[Figure]:
    with TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", BEFORE, "faceswap_lab"], cwd=REPOSITORY, capture_output=True, check=True
        )
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        with renderer(REPOSITORY) as ours, renderer(Path(folder)) as before:
            rivals = {
                f"{name} {size}": at(size) for name, at in (("ours", ours), ("before", before)) for size in (64, 128)
            }
            seconds = interleaved(rivals, ROUNDS)
    what, was = f"rendering {FACES} faces", f"commit {BEFORE}"
    return [
        times_faster(f"{what}, {size} px", {"ours": seconds[f"ours {size}"], was: seconds[f"before {size}"]}, was)
        for size in (64, 128)
    ] + [
        times_faster(
            f"{what} for a network of 32 px: 64 px",
            {"ours": seconds["ours 64"], f"{was}, 128 px": seconds["before 128"]},
            f"{was}, 128 px",
            Goal(2),
        )
    ]


@contextmanager
def renderer(tree: Path) -> Iterator:
    """Yield a function from a size to a rival: the CPU seconds that a tree's renderer takes for all faces."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(faces=FACES)],
        env=os.environ | {"PYTHONPATH": str(tree)},
        cwd=tree,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout

    def at(size: int) -> Timed:
        def call() -> float:
            print(size, file=process.stdin, flush=True)
            return float(process.stdout.readline())

        return call

    try:
        yield at
    finally:
        process.stdin.close()
        process.wait()
