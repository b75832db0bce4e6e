"""A training step of k seeds at once beside the steps of k separate runs.

Samples are made before the clock runs: each seed has its own under either way. Beside the time stands how many
operations (other than views of memory) torch is asked for, which is what a GPU waits for as long as kernels are smaller
than the time it takes to launch them.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.configurations import config_of, smooth_data
from benchmarks.figures import Figure, shown, times_faster
from benchmarks.measure import Work, interleaved, timed
from faceswap_lab.config import Config
from faceswap_lab.data.faces import FaceData
from faceswap_lab.training.replica import Replica, StackedReplica, batches_of

CPU, SEEDS = torch.device("cpu"), (2, 4, 8)
SEPARATE = "separately"
SIZES = {
    "micro": (
        *("scale=smoke", "training.batch_size=4", "model.encoder_widths=[4,4,4]", "model.code_size=8"),
        *("model.bridge_width=4", "model.decoder_widths=[4,4]"),
    ),
    "scale=smoke": ("scale=smoke",),
    "scale=quick": ("scale=quick",),
}
VIEWS = ("view", "permute", "t", "transpose", "expand", "slice", "select", "detach", "alias", "as_strided", "unsqueeze")
VIEWS += ("squeeze", "split", "split_with_sizes", "unbind", "_unsafe_view", "_reshape_alias", "lift_fresh")


def figures() -> list[Figure]:
    torch.set_num_threads(1)
    data = smooth_data(64, 128)
    configs = {name: config_of(*overrides, "trainer=cpu") for name, overrides in SIZES.items()}
    return [of(f"{k} seeds at once, {name}", config, data, k) for name, config in configs.items() for k in SEEDS]


def of(what: str, config: Config, data: FaceData, seeds: int) -> Figure:
    steps = 10 if config.training.batch_size == 4 else 2
    works = rivals(config, data, seeds)
    operations = {name: operations_of(work) for name, work in works.items()}  # this warms up, too
    seconds = interleaved({name: timed(repeated(work, steps)) for name, work in works.items()})
    of_a_step = {name: [value / steps for value in values] for name, values in seconds.items()}
    return times_faster(
        f"{what} (× {shown(operations[SEPARATE] / operations['ours'])} fewer operations)", of_a_step, SEPARATE
    )


def rivals(config: Config, data: FaceData, seeds: int) -> dict[str, Work]:
    """Return two functions that each make one more step of all seeds: at once, and one seed after another."""
    configs = [replace(config, seed=seed) for seed in range(seeds)]
    batches = [next(batches_of(config, data)) for config in configs]
    stacked, singles = StackedReplica(configs, data, CPU), [Replica(config, data, CPU) for config in configs]
    return {
        "ours": lambda: stacked.step(batches),
        SEPARATE: lambda: [single.step(batch) for single, batch in zip(singles, batches)],
    }


def repeated(work: Work, times: int) -> Callable[[], None]:
    def call() -> None:
        for _ in range(times):
            work()

    return call


class Counter(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls += func.overloadpacket.__name__ not in VIEWS
        return func(*args, **(kwargs or {}))


def operations_of(work: Work) -> int:
    """Return how many operations torch is asked for, once the work has been done before."""
    work()
    with Counter() as counter:
        work()
    return counter.calls
