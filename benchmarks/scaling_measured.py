"""CPU seconds per step on this machine, one thread, beside the operations counted: does cost follow them?"""

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch

from benchmarks.scaling import family, number, of_family, show
from benchmarks.step_cost import step_cost
from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.config import Config, load
from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.evaluation.held_out import mean_faces
from faceswap_lab.options import Options
from faceswap_lab.topology import Sizes
from faceswap_lab.training.fit import prepare_process
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.order_effect.replica import Replica, batches_of
from faceswap_lab.twins import STATE_FIELDS

_FEWEST, _MOST, _SECONDS = 3, 21, 3.0  # repetitions, and about how long they may take


def measured() -> None:
    """Print the tables. Run it with OMP_NUM_THREADS=1."""
    _steps()
    _around_the_steps()


def _steps() -> None:
    rows, rates = [], []
    for resolution in (32, 64, 128):
        for width in (16, 32):
            for batch in (8, 16, 32):
                sizes = family(resolution, width)
                cost, seconds = step_cost(of_family(resolution, width), batch), _seconds_of_step(sizes, batch)
                rates.append(cost.flops / seconds / 1e9)
                rows.append((resolution, width, batch, number(cost.flops / 1e9), number(seconds), number(rates[-1])))
    head = ("px", "base width", "batch", "GFLOP", "CPU s per step", "GFLOP/s")
    show("Measured: one step on this CPU, one thread (`a_then_b`, Adam, without sampling)", head, rows)
    print(f"\nGFLOP/s: {min(rates):.0f} to {max(rates):.0f}, median {statistics.median(rates):.0f}.")


def _around_the_steps() -> None:
    quick = _config("scale=quick")
    data = _faces(128, 96)
    replica, batch = Replica(quick, data, torch.device("cpu")), next(batches_of(quick, data))
    step = _median(lambda: replica.step(batch))
    samples = batches_of(quick, data)
    judge = Judge(quick, data, "measured")
    rows = [
        ("host's part of a step (a model of width 1, batch 1)", 1e3 * _seconds_of_step(family(32, 1), 1), "ms"),
        ("a step of `quick`, without its samples", 1e3 * step, "ms"),
        ("the samples of a step of `quick`", 1e3 * _median(lambda: next(samples)), "ms"),
        (
            "an evaluation of `quick` on the way, 96 faces",
            1e3 * _median(lambda: judge.on_the_way(replica.autoencoder)),
            "ms",
        ),
        ("mean of 1,000 stored faces of 256 px, cut to 64 px", 1e3 * _mean_of_a_thousand(), "ms"),
    ]
    show("Measured: what is around the steps", ("what", "CPU time", ""), [(a, number(b), c) for a, b, c in rows])


def _seconds_of_step(model: Sizes, batch: int) -> float:
    sizes = {f"model.{name}": list(size) if isinstance(size, tuple) else size for name, size in vars(model).items()}
    sizes["training.batch_size"] = batch
    config = _config("scale=quick", *(f"{name}={str(value).replace(' ', '')}" for name, value in sizes.items()))
    data = _faces(4 * model.resolution, 2)
    replica, portions = Replica(config, data, torch.device("cpu")), next(batches_of(config, data))
    return _median(lambda: replica.step(portions))


def _mean_of_a_thousand() -> float:
    faces = _faces(256, 2, train=250)
    return 2 * _median(lambda: mean_faces(faces.train, 64, 160 / 256))  # of both sides' 250


def _median(work: Callable[[], object]) -> float:
    """Return the median CPU time of some calls, after one to warm up."""
    work()
    seconds: list[float] = []
    while len(seconds) < _FEWEST or (sum(seconds) < _SECONDS and len(seconds) < _MOST):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def _config(*overrides: str) -> Config:
    from hydra import compose
    from omegaconf import OmegaConf

    folders = [conf_dir()]
    with composing(folders):
        composed = compose("config", ["trainer=cpu", "trainer.threads=1", "progress=false", *overrides])
    config = load(OmegaConf.to_container(composed, resolve=True), Options(folders))
    prepare_process(config)
    cv2.setNumThreads(0)
    return config


def _faces(size: int, held_out: int, train: int = 32) -> FaceData:
    """Return blurred noise with a mask in its middle, paired as twins are."""
    rng = np.random.default_rng(0)

    def some(count: int) -> Faces:
        coarse = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
        images = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_CUBIC) for face in coarse])
        masks = np.zeros((count, size, size), np.uint8)
        masks[:, size // 4 : -size // 4, size // 4 : -size // 4] = 255
        return Faces.joined(images, masks, np.zeros((count, len(STATE_FIELDS)), np.float32))

    sides = ("A", "B")
    return FaceData({s: some(train) for s in sides}, {s: some(held_out) for s in sides}, paired=True, fingerprint="")
