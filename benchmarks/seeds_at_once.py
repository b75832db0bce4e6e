"""CPU time of a training step of k seeds at once, beside the steps of k separate runs; one thread.

    python -m benchmarks.seeds_at_once

Samples are made before the clock runs: each seed has its own under either way. The rounds are interleaved and medians
are compared. The second ratio is of the number of operations (other than views of memory) that torch is asked for,
which is what a GPU waits for as long as kernels are smaller than the time it takes to launch them.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import statistics
import time
from dataclasses import replace

import numpy as np
import torch
from hydra import compose
from omegaconf import OmegaConf
from torch.utils._python_dispatch import TorchDispatchMode

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir, group_options
from faceswap_lab.config import load
from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.training.replica import Replica, StackedReplica, batches_of

ROUNDS, CPU = 7, torch.device("cpu")
SIZES = {
    "micro": (
        *("scale=smoke", "training.batch_size=4", "model.encoder_widths=[4,4,4]", "model.code_size=8"),
        *("model.bridge_width=4", "model.decoder_widths=[4,4]"),
    ),
    "smoke": ("scale=smoke",),
    "quick": ("scale=quick",),
}
VIEWS = ("view", "permute", "t", "transpose", "expand", "slice", "select", "detach", "alias", "as_strided", "unsqueeze")
VIEWS += ("squeeze", "split", "split_with_sizes", "unbind", "_unsafe_view", "_reshape_alias", "lift_fresh")


def config_of(*overrides):
    folders = [conf_dir()]
    with composing(folders):
        composed = compose("config", [*overrides, "trainer=cpu"])
    return load(OmegaConf.to_container(composed, resolve=True), group_options(folders))


def noise():
    rng = np.random.default_rng(0)

    def faces():
        return Faces(rng.integers(0, 256, (64, 256, 256, 4), np.uint8))

    return FaceData({"A": faces(), "B": faces()}, {"A": faces(), "B": faces()}, paired=False, fingerprint="noise")


def contestants(config, data, seeds):
    """Return two functions that each make one more step of all seeds: at once, and one seed after another."""
    configs = [replace(config, seed=seed) for seed in range(seeds)]
    batches = [next(batches_of(config, data)) for config in configs]
    stacked, singles = StackedReplica(configs, data, CPU), [Replica(config, data, CPU) for config in configs]

    def separately():
        for single, batch in zip(singles, batches):
            single.step(batch)

    return lambda: stacked.step(batches), separately


def ratio_of(config, data, seeds, steps):
    """Return the seconds of CPU of a step of all seeds at once and separately, and the operations of each."""
    rivals = contestants(config, data, seeds)
    operations = [operations_of(rival) for rival in rivals]  # this warms up, too
    seconds = [[], []]
    for _ in range(ROUNDS):
        for rival, times in zip(rivals, seconds):
            start = time.process_time()
            for _ in range(steps):
                rival()
            times.append((time.process_time() - start) / steps)
    return [statistics.median(times) for times in seconds], operations


class Counter(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls += func.overloadpacket.__name__ not in VIEWS
        return func(*args, **(kwargs or {}))


def operations_of(step):
    step()
    with Counter() as counter:
        step()
    return counter.calls


def main():
    torch.set_num_threads(1)
    data = noise()
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, median of {ROUNDS}")
    for name, overrides in SIZES.items():
        config = config_of(*overrides)
        for seeds in (2, 4, 8):
            (together, apart), (few, many) = ratio_of(config, data, seeds, steps=10 if name == "micro" else 2)
            print(
                f"{name} k={seeds}: at once {1e3 * together:6.1f} ms, separately {1e3 * apart:6.1f} ms CPU: "
                f"{apart / together:4.2f}x; operations {few} to {many}: {many / few:4.2f}x",
                flush=True,
            )


if __name__ == "__main__":
    main()
