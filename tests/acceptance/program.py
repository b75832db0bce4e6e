"""The program as a user runs it, many times over: each run is a process of its own that starts in milliseconds.

Importing torch and Lightning takes seconds of processor time, so the processes are forked from one that has them loaded
(``multiprocessing``'s fork server) and has run nothing: no thread of torch, no signal handler, no Hydra is in it. Each
goes through ``faceswap_lab.__main__.main`` with its arguments, its own session and its own output, and can be killed.
"""

import gc
import importlib
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

FORKED = multiprocessing.get_context("forkserver")
_LAB = ("cli.launch", "cli.job.run", "cli.sweep.sweeper", "training.run", "data.twin_sets", "data.folders")
FORKED.set_forkserver_preload(["pytest", "hydra", *(f"faceswap_lab.{module}" for module in _LAB), __name__])
gc.freeze()  # the last that the fork server imports: its children do not look through it all for garbage, and copy it

TINY = (
    "name=tiny",
    *("scale=smoke", "training.max_steps=60", "training.batch_size=4", "evaluation.preview_faces=1"),
    *("model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4", "model.decoder_widths=[4,4]"),
)
"""A run of two seconds."""

TWINS = ("data.faces=16", "data.held_out=20")

STEP = "faceswap_lab.training.module:FaceswapModule.training_step"
UPDATE = "faceswap_lab.training.step.training_step:TrainingStep._update"


@dataclass(frozen=True)
class At:
    """Something that happens when the program calls one of its functions for the n-th time, before the call.

    Attributes:
        function: "module:name" or "module:Class.method".
        call: 1: the first call.
        action: what happens; sent to the process by pickle.
        about: count only the calls with this text in an argument.
    """

    function: str
    call: int
    action: Callable[[], object]
    about: str = ""

    def __call__(self) -> None:
        owner, name, function = _found(self.function)
        calls = 0

        def watched(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            meant = not self.about or self.about in repr(arguments)
            calls += meant
            if meant and calls == self.call:
                self.action()
            return function(*arguments, **named)

        setattr(owner, name, watched)


def strike(function: str, call: int, number: int = signal.SIGKILL, about: str = "") -> At:
    """Let a signal reach the program at a call of one of its functions."""
    return At(function, call, partial(signal.raise_signal, number), about)


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
        self.data: Sequence[str] = TWINS
        self.started: list[Started] = []

    def run(self, *overrides: str, before: Sequence[Callable[[], object]] = (), seconds: float = 60) -> Ended:
        """Run a tiny training with these overrides to its end."""
        return self.start(*overrides, before=before).ended(seconds)

    def start(self, *overrides: str, before: Sequence[Callable[[], object]] = ()) -> "Started":
        """Start a tiny training; ``before`` is called in its process first."""
        folders = (f"runs_dir={self.runs}", f"cache_dir={self.cache}")
        return self.start_with(*TINY, *self.data, *folders, *overrides, before=before)

    def start_with(self, *arguments: str, before: Sequence[Callable[[], object]] = ()) -> "Started":
        """Start the program with exactly these arguments."""
        said = self.place / f"said-{len(self.started)}"
        process = FORKED.Process(target=_run, args=(arguments, self.place, said, tuple(before)))
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

    @property
    def is_stopped(self) -> bool:
        """Whether SIGSTOP holds it."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

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
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # writing a core of torch's size takes ten seconds
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
