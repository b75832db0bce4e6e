"""What a person waits for at the terminal: help, and a configuration that is refused, beside importing everything."""

import sys
from functools import partial

from benchmarks.children import LAB, run
from benchmarks.figures import Figure, Goal, duration
from benchmarks.measure import Spread, Timed, cpu_of_children, interleaved, timed

EVERYTHING = "importing everything first"
IMPORTS = (sys.executable, "-c", "import torch, pytorch_lightning, hydra, albumentations, wandb, cv2")
HELP, VALUE, RULE = "--help", "seed=x, refused", "update_order=joint, refused by a rule"
LIMITS = {HELP: 1.0, VALUE: 1.2, RULE: 1.2}


def figures() -> list[Figure]:
    rivals = {
        HELP: of(*LAB, "--help"),
        VALUE: of(*LAB, "seed=x", code=2),
        RULE: of(*LAB, "update_order=joint", code=2),
        EVERYTHING: importing(),
    }
    seconds = {name: Spread.of(values) for name, values in interleaved(rivals).items()}
    reference = f"{EVERYTHING}: {duration(seconds[EVERYTHING])}"
    return [
        Figure(name, duration(seconds[name]), reference, seconds[name], "CPU s", Goal(limit, at_least=False))
        for name, limit in LIMITS.items()
    ]


def importing() -> Timed:
    """Return the reference: the heavy libraries imported by a process of their own."""
    return of(*IMPORTS)


def of(*command: str, code: int = 0) -> Timed:
    """Return a command that returns its CPU seconds, those of its own children with them."""
    return timed(partial(run, command, code), cpu_of_children)
