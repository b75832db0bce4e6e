"""The largest resident set of a run: all of scale=quick, and a few steps of scale=original with fewer faces.

Pages of memory-mapped faces count as long as they are resident, though the system may drop them.
"""

from benchmarks.children import LAB, emptied_places, peak_memory
from benchmarks.figures import Figure
from benchmarks.measure import Spread

FEW = ("data.faces=128", "data.held_out=32")
RUNS = {
    "scale=quick": ("scale=quick",),
    "scale=original, 3 steps": ("scale=original", "trainer.threads=1", "training.max_steps=3", *FEW),
}


def figures() -> list[Figure]:
    return [
        Figure(f"peak memory of a run, {name}", "", "", Spread.of([peak(words)]), "GiB", note="one run")
        for name, words in RUNS.items()
    ]


def peak(words: tuple[str, ...]) -> float:
    with emptied_places() as places:
        return peak_memory([*LAB, "trainer=cpu", *words, *places]) / 2**30
