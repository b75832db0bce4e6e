"""The subjects by name, in the order of the table. Each is a module with ``figures()``, loaded where it is measured."""

from importlib import import_module

from benchmarks.figures import Figure

SUBJECTS = {
    "sampler": "samples per core beside two ways to write it by hand, and how exact they are",
    "step": "a full-size training step beside the plain loop",
    "people": "a training step of many sides beside one of two",
    "optimizer": "the optimizer step alone, full size",
    "lightning": "a run's step at scale=quick beside a bare loop",
    "command_line": "--help and refused configurations",
    "second_cell": "a second cell in the same process",
    "report": "the report of a finished study",
    "sweep": "cells per hour of a study, two launchers",
    "memory": "peak memory of runs at two scales",
}


def figures_of(name: str) -> list[Figure]:
    """Measure one subject in this process."""
    return import_module(f"benchmarks.{name}").figures()
