"""Cells per hour of +study=smoke, four cells of about ten seconds, beside four processes one after another.

One process after another writes no report; a study's time includes its own. Wall time counts here, and the CPU time
stands beside it. All read their faces from the cache.
"""

import time
from functools import partial

from benchmarks.children import LAB, emptied_places, run
from benchmarks.figures import Figure, duration, shown
from benchmarks.measure import Spread, cpu_of_children, interleaved, ratio

ROUNDS = 3
FRESH, IN_TURN, BESIDE = "four processes, one after another", "+study=smoke", "+study=smoke hydra/launcher=joblib"
CELLS = [(arm, seed) for arm in ("baseline", "two_encoders") for seed in (0, 1)]


def figures() -> list[Figure]:
    fill_the_cache()
    cpu = {name: [] for name in (FRESH, IN_TURN, BESIDE)}
    works = {
        FRESH: fresh,
        IN_TURN: partial(study, "+study=smoke"),
        BESIDE: partial(study, "+study=smoke", "hydra/launcher=joblib"),
    }
    wall = interleaved({name: partial(both, work, cpu[name]) for name, work in works.items()}, ROUNDS, 0)
    return [figure(name, wall, cpu) for name in (IN_TURN, BESIDE)]


def fill_the_cache() -> None:
    with emptied_places() as places:
        run([*LAB, "scale=smoke", "training.max_steps=1", *places])


def figure(name, wall, cpu) -> Figure:
    reference = f"{FRESH}: {rate(wall[FRESH])} cells/h, CPU {duration(Spread.of(cpu[FRESH]))}"
    return Figure(
        f"cells per hour, {name}",
        f"{rate(wall[name])} cells/h, CPU {duration(Spread.of(cpu[name]))}",
        reference,
        ratio(wall[FRESH], wall[name]),
        "× in wall time",
        note=f"{ROUNDS} rounds; × {shown(ratio(cpu[FRESH], cpu[name]).median)} in CPU time",
    )


def rate(seconds) -> str:
    return shown(3600 * len(CELLS) / Spread.of(seconds).median)


def both(work, cpu: list[float]) -> float:
    """Do the work; note its CPU seconds and return its wall seconds."""
    used, start = cpu_of_children(), time.monotonic()
    work()
    cpu.append(cpu_of_children() - used)
    return time.monotonic() - start


def study(*words: str) -> None:
    with emptied_places() as places:
        run([*LAB, *words, *places])


def fresh() -> None:
    with emptied_places() as places:
        for arm, seed in CELLS:
            run([*LAB, "scale=smoke", f"+experiment={arm}", f"seed={seed}", *places])
