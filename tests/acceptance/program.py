"""The program as a user runs it, many times over: each run is a process of its own that starts in milliseconds.

Importing torch and Lightning takes seconds of processor time, so the processes are forked from one that has them loaded
(``multiprocessing``'s fork server) and has run nothing: no thread of torch, no signal handler, no Hydra is in it. Each
goes through ``faceswap_lab.__main__.main`` with its arguments, its own session and its own output, and can be killed.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["pytest", "hydra", "faceswap_lab.cli.launch", "faceswap_lab.cli.job", "faceswap_lab.cli.summary"]
    + ["faceswap_lab.training.run", "faceswap_lab.data.twin_sets", "faceswap_lab.data.folders", __name__]
)

TINY = (
    "name=tiny",
    *("scale=smoke", "data.faces=16", "data.held_out=8", "training.max_steps=60", "training.batch_size=4"),
    *("model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4", "model.decoder_widths=[4,4]"),
)
"""A run of two seconds."""

STEP = "faceswap_lab.training.module:FaceswapModule.training_step"
UPDATE = "faceswap_lab.training.stepper:TorchStepper.update"


@dataclass(frozen=True)
class Strike:
    """A signal that reaches the program when it calls one of its functions for the n-th time.

    Attributes:
        function: "module:name" or "module:Class.method".
        call: 1: the first call.
        number: the signal.
    """

    function: str
    call: int
    number: int = signal.SIGKILL

    def __call__(self) -> None:
        owner, name, function = _found(self.function)
        calls = 0

        def struck(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.call:
                os.kill(os.getpid(), self.number)
            return function(*arguments, **named)

        setattr(owner, name, struck)


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


class Program:
    """Starts the program in one runs folder; faces are rendered once for all tests.

    Args:
        place: an empty folder for this test.
        cache: where rendered faces are kept.
    """

    def __init__(self, place: Path, cache: Path) -> None:
        self.place, self.runs, self.cache = place, place / "runs", cache
        self.started: list[Started] = []

    def run(self, *overrides: str, before: Sequence[Callable[[], object]] = (), seconds: float = 60) -> Ended:
        """Run a tiny training with these overrides to its end."""
        return self.start(*overrides, before=before).ended(seconds)

    def start(self, *overrides: str, before: Sequence[Callable[[], object]] = ()) -> "Started":
        """Start a tiny training; ``before`` is called in its process first."""
        folders = (f"runs_dir={self.runs}", f"cache_dir={self.cache}")
        return self.start_with(*TINY, *folders, *overrides, before=before)

    def start_with(self, *arguments: str, before: Sequence[Callable[[], object]] = ()) -> "Started":
        """Start the program with exactly these arguments."""
        said = self.place / f"said-{len(self.started)}"
        process = _FORKED.Process(target=_run, args=(arguments, self.place, said, tuple(before)))
        process.start()
        self.started.append(Started(process, said))
        return self.started[-1]

    @property
    def folder(self) -> Path:
        """The one run folder there is."""
        (folder,) = [path for path in self.runs.iterdir() if path.is_dir()]
        return folder

    def end_all(self) -> None:
        """Kill what still runs."""
        for started in self.started:
            started.process.kill()
            started.process.join()


@dataclass(frozen=True)
class Started:
    """A program that runs."""

    process: ForkServerProcess
    said: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def err(self) -> str:
        """What it has said on its standard error so far."""
        return self.said.with_suffix(".err").read_text() if self.said.with_suffix(".err").exists() else ""

    def ended(self, seconds: float = 60) -> Ended:
        """Wait for its end."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, f"it still runs after {seconds} s:\n{self.err}"
        return Ended(self.process.exitcode, self.said.with_suffix(".out").read_text(), self.err)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition to hold, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def _run(arguments: Sequence[str], place: Path, said: Path, before: Sequence[Callable[[], object]]) -> None:
    os.setsid()
    os.chdir(place)
    for number, suffix in ((1, ".out"), (2, ".err")):
        file = os.open(said.with_suffix(suffix), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
    sys.argv = ["faceswap_lab", *arguments]
    for action in before:
        action()
    from faceswap_lab.__main__ import main

    sys.exit(main(arguments))


def _found(function: str) -> tuple[Any, str, Any]:
    module, _, path = function.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, name, getattr(owner, name)
