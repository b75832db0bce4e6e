"""What Lightning and our framework add to a step at scale=quick: the whole step of a run beside a bare loop.

A run as ``training/fit.py`` makes it, with its CSV table and its ear for signals, but nothing evaluated and nothing
saved. After each portion of steps a callback of this file trains the bare loop for as many, in the same process, so
that start-up counts for neither, and torch's deterministic mode and glibc's memory are the same for both. Faces are
blurred noise: rendering them changes no step.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytorch_lightning as pl
import torch

from benchmarks.bare_loop import BareLoop
from benchmarks.configurations import config_of, smooth_data
from benchmarks.figures import Figure, Goal, times_as_long
from faceswap_lab.config import Config
from faceswap_lab.data.faces import FaceData
from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.training.build import autoencoder_of, module_of, samplers_of
from faceswap_lab.training.fit import fit, prepare_process
from faceswap_lab.training.order_effect.replica import Replica, batches_of

PORTION, ROUNDS, FACES = 10, 81, 512  # short portions: what disturbs one disturbs its neighbours
BARE, REPLICA = "a bare loop", "our stepper without Lightning"


def figures() -> list[Figure]:
    steps = PORTION * (ROUNDS + 1)
    config = config_of("scale=quick", "trainer=cpu", "trainer.threads=1", f"training.max_steps={steps}")
    data = smooth_data(FACES, 4 * config.model.resolution)
    seconds = interleaved_with_a_run(config, data, PORTION)
    what = f"a step of a run at scale=quick, {ROUNDS} × {PORTION} steps"
    of_a_step = {name: [value / PORTION for value in values[1:]] for name, values in seconds.items()}
    return [
        times_as_long(what, of_a_step, BARE, Goal(1.03, at_least=False)),
        times_as_long(what, of_a_step, REPLICA, note="Lightning's part of the difference"),
    ]


def interleaved_with_a_run(config: Config, data: FaceData, portion: int) -> dict[str, list[float]]:
    """Train a run, and its rivals after each portion of its steps; return the CPU seconds of each portion."""
    prepare_process(config)
    with TemporaryDirectory() as place, ExitStack() as stack:
        table = stack.enter_context(open(Path(place) / "bare.csv", "w"))
        bare, ours, batches = bare_loop_of(config, data, table), replica_of(config, data), batches_of(config, data)
        rivals = {BARE: bare.step, REPLICA: lambda: ours.step(next(batches))}
        between = Between(portion, rivals)
        module = module_of(config, autoencoder_of(config, data))
        rows = MetricsCsv(Path(place) / "metrics.csv")
        fit(config, data, module, None, lambda: None, [between], lambda row, step: rows.append({"step": step, **row}))
    return between.seconds


class Between(pl.Callback):
    """Takes the time of each portion of a run's steps, and of as many steps of its rivals in between."""

    def __init__(self, portion: int, rivals: dict[str, Callable[[], object]]):
        self.portion, self.rivals = portion, rivals
        self.seconds = {name: [] for name in ("ours", *rivals)}

    def on_train_start(self, trainer, pl_module):
        self.since = time.process_time()

    def on_train_batch_end(self, trainer, pl_module, *rest):
        if pl_module.steps_done % self.portion:
            return
        self.seconds["ours"].append(time.process_time() - self.since)
        names = list(self.rivals)
        for name in names if (pl_module.steps_done // self.portion) % 2 else names[::-1]:
            start = time.process_time()
            for _ in range(self.portion):
                self.rivals[name]()
            self.seconds[name].append(time.process_time() - start)
        self.since = time.process_time()


def bare_loop_of(config: Config, data: FaceData, file) -> BareLoop:
    o = config.optimizer
    return BareLoop(
        autoencoder_of(config, data),
        samplers_of(config, data),
        config.training.batch_size,
        o.lr,
        o.beta1,
        o.beta2,
        o.eps,
        config.logger.every_steps,
        file,
    )


def replica_of(config: Config, data: FaceData) -> Replica:
    return Replica(config, data, torch.device("cpu"))
