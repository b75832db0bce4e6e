"""The stages in the order in which they are worth having, should the time run out."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.gpu.found import Found, say
from benchmarks.gpu.scale import CUDA, DRY, Scale

STAGES = {
    "orders": ("correctness", "orders", "every update order, on the device and on the CPU"),
    "eager": ("speed", "eager", "a step at quick, 64 px and original, beside a plain loop"),
    "options": ("correctness", "options", "bf16, samples made on the device, resuming, two ranks"),
    "topologies": ("correctness", "topologies", "every topology, on the device and on the CPU"),
    "cells": ("cells", "cells", "cells per hour with one process and with several"),
    "compiled": ("correctness", "compiled", "the compiler and CUDA graphs: the same weights?"),
    "compiled speed": ("speed", "compiled", "the compiler and CUDA graphs: a step"),
}


def run_stage(name: str, place: Path, dry: bool) -> None:
    """Run a stage in this process, and say each row as it comes."""
    module, function, _ = STAGES[name]
    stage: Callable[[Scale, Path], Iterator[Found]] = getattr(import_module(f"benchmarks.gpu.{module}"), function)
    for found in stage(DRY if dry else CUDA, place):
        say(found)
