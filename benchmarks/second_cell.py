"""What a second cell in the same process saves, against a process of its own: two tiny cells as a sweep, and one alone.

The saving is twice the CPU time of one cell's process less that of one process with two cells. The goal is from a
machine on which importing everything took 11 CPU s; so the saving is also told as a share of that import here.
"""

from statistics import median

from benchmarks.children import LAB, emptied_places, run
from benchmarks.command_line import EVERYTHING, importing
from benchmarks.figures import Figure, Goal, duration
from benchmarks.measure import Spread, Timed, cpu_of_children, interleaved, timed

TINY = (
    "scale=smoke",
    *("training.max_steps=4", "training.batch_size=4", "evaluation.preview_faces=1"),
    *("model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4", "model.decoder_widths=[4,4]"),
    *("data.faces=16", "data.held_out=20"),
)
GOAL, IMPORT_THERE = 8.0, 11.0


def figures() -> list[Figure]:
    rivals = {"one": cells("seed=0"), "two": cells("-m", "seed=0,1"), EVERYTHING: importing()}
    seconds = interleaved(rivals)
    saved = [2 * one - two for one, two in zip(seconds["one"], seconds["two"])]
    share = [saving / whole for saving, whole in zip(saved, seconds[EVERYTHING])]
    one, two, whole = (duration(Spread.of(seconds[name])) for name in rivals)
    small = "a tiny cell's whole process takes less than the goal here" if median(seconds["one"]) < GOAL else ""
    what, ours = "a second cell in the same process: saves", f"two cells, one process: {two}"
    return [
        Figure(what, ours, f"one cell's process: {one}", Spread.of(saved), "CPU s", Goal(GOAL), small),
        Figure(
            f"{what}, as a share of {EVERYTHING}",
            ours,
            f"{EVERYTHING}: {whole}",
            Spread.of(share),
            "of it",
            Goal(GOAL / IMPORT_THERE),
            f"the goal is {GOAL:g} s where that import took {IMPORT_THERE:g} s",
        ),
    ]


def cells(*words: str) -> Timed:
    """Return tiny cells trained anew by one process, which returns its CPU seconds."""

    def work() -> None:
        with emptied_places() as places:
            run([*LAB, *words, *TINY, *places])

    return timed(work, cpu_of_children)
