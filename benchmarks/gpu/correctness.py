"""Whether a run on the device is the run that it is on the CPU, and whether every option for the device leaves it so.

Small runs through the program's own door, with few steps that move the weights far. An epsilon of 1e-2 keeps Adam's
updates proportional to their gradients: with a small one it makes whole steps out of rounding. TF32 is off.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

import faceswap_lab as lab
from benchmarks.gpu.found import Found
from benchmarks.gpu.scale import TINY, Scale
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.options import Options

ROUNDING, INTERPOLATION, BF16 = 1e-3, 2e-2, 0.05
STEPS = 12
FAR = ("optimizer.lr=1e-2", "optimizer.eps=1e-2", f"training.max_steps={STEPS}", "logger.every_steps=1")


def weights(words: tuple[str, ...], place: Path) -> np.ndarray:
    """Train, and return all weights as one vector."""
    model = lab.train([*TINY, *FAR, *words, f"runs_dir={place}"], quiet=True)
    return np.concatenate(
        [tensor.ravel() for _, tensor in sorted(load_file(model.folder / "weights.safetensors").items())]
    )


def apart(one: np.ndarray, other: np.ndarray, start: np.ndarray) -> float:
    """Return the distance of two models as a share of the way that the first has come."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(one - start))


def compared(what: str, one: np.ndarray, other: np.ndarray, start: np.ndarray, bound: float) -> Found:
    """Return the row of two models that should be one."""
    distance = apart(one, other, start)
    return Found("correctness", what, f"{distance:.1e} of the way", f"at most {bound:.0e}", bool(distance <= bound))


def orders(scale: Scale, place: Path) -> Iterator[Found]:
    """Every update order, on the device and on the CPU."""
    for name in Options([conf_dir()])["update_order"][: scale.orders]:
        yield _on_both(scale, place, f"update_order={name}", "optimizer_state=shared")


def topologies(scale: Scale, place: Path) -> Iterator[Found]:
    """Every topology, on the device and on the CPU; pretrained has the parts of original, and needs another run."""
    names = [name for name in Options([conf_dir()])["topology"] if name != "pretrained"]
    for name in names[-scale.topologies :] if scale.topologies else names:
        yield _on_both(scale, place, f"topology={name}", "encoders=two", "update_order=joint", "optimizer_state=shared")


def _on_both(scale: Scale, place: Path, choice: str, *needed: str) -> Found:
    """Train with a choice on the device and on the CPU; with what it needs beside it, where it is refused alone."""
    words: tuple[str, ...] = (choice,)
    try:
        lab.compose(words)
    except lab.ConfigError:
        words = (choice, *needed)
    cpu = weights((*words, "trainer=cpu"), place / "cpu")
    device = weights((*words, f"trainer={scale.trainer}", "data.sampler=cv2"), place / "device")
    start = weights((*words, "trainer=cpu", "optimizer.lr=1e-12"), place / "start")
    return compared(f"{choice}: {scale.device} against cpu", cpu, device, start, ROUNDING)


def options(scale: Scale, place: Path) -> Iterator[Found]:
    """What changes rounding only, on the device with it and without."""
    on = (f"trainer={scale.trainer}", "data.sampler=cv2")
    start = weights((*on, "optimizer.lr=1e-12"), place / "start")
    plain = weights(on, place / "plain")
    again = weights(on, place / "again")
    yield Found(
        "correctness",
        "the same run twice",
        "equal" if (plain == again).all() else "differ",
        "equal to the bit",
        bool((plain == again).all()),
    )
    sampled = weights((on[0], "data.sampler=device"), place / "sampler")
    yield compared("data.sampler=device against cv2", plain, sampled, start, INTERPOLATION)
    halved = weights((*on, "training.precision=bf16-mixed"), place / "bf16")
    yield compared("training.precision=bf16-mixed against 32", plain, halved, start, BF16)
    yield _resumed(on, plain, place)
    yield from _two_ranks(scale, plain, start, place)


def compiled(scale: Scale, place: Path) -> Iterator[Found]:
    """The compiler, and CUDA graphs, on the device."""
    on = (f"trainer={scale.trainer}", "data.sampler=cv2")
    start, plain = weights((*on, "optimizer.lr=1e-12"), place / "start"), weights(on, place / "plain")
    for way in ("default", *(("cudagraphs",) if scale.device == "cuda" else ())):
        torch.compiler.reset()
        other = weights((*on, f"trainer.compile={way}"), place / way)
        yield compared(f"trainer.compile={way} against none", plain, other, start, ROUNDING)


def _resumed(on: tuple[str, ...], plain: np.ndarray, place: Path) -> Found:
    """Interrupt a run in the middle, by a signal, and go on: it must end as the one that nothing happened to."""
    words = [*TINY, *FAR, *on, f"runs_dir={place / 'resumed'}", "progress=false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gpu.interrupted", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    code = process.wait()
    first = lab.find_runs(place / "resumed")
    stopped = first[0]["step"] if code == 128 + signal.SIGTERM and first else None
    ended = weights(on, place / "resumed")
    equal = bool((ended == plain).all())
    what = f"interrupted at step {stopped} of {STEPS}, and resumed"
    return Found(
        "correctness", what, "equal" if equal else "differs", "equal to the bit", equal and stopped is not None
    )


def _two_ranks(scale: Scale, plain: np.ndarray, start: np.ndarray, place: Path) -> Iterator[Found]:
    there = torch.cuda.device_count() if scale.device == "cuda" else 2
    if there < 2:
        yield Found("correctness", "two ranks (trainer=ddp)", "not run", "there is one GPU", None)
        return
    words = [
        *TINY,
        *FAR,
        "trainer=ddp",
        "trainer.devices=2",
        f"trainer.accelerator={scale.trainer}",
        "data.sampler=cv2",
    ]
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "faceswap_lab", *words, f"runs_dir={place / 'ranks'}"], capture_output=True, text=True
    )
    if ended.returncode:
        yield Found("correctness", "two ranks (trainer=ddp)", ended.stderr.strip()[-200:], "finishes", False)
        return
    model = load_file(Path(lab.results(place / "ranks")[0]["folder"]) / "weights.safetensors")
    both = np.concatenate([tensor.ravel() for _, tensor in sorted(model.items())])
    took = f" ({time.monotonic() - began:.0f} s with its start)"
    yield compared(f"two ranks (trainer=ddp) against one{took}", plain, both, start, ROUNDING)
