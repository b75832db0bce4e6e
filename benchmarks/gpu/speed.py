"""How long a training step takes: of a whole run, as its metrics.csv tells, beside loops in plain torch.

The plain loop (``benchmarks/plain_loop.py``) has its batches on the device beforehand, waits for nothing but its
losses, and is timed by the clock: what a careful person gets without a framework, eager and compiled.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import torch

import faceswap_lab as lab
from benchmarks.gpu.found import Found
from benchmarks.gpu.scale import Scale
from benchmarks.plain_loop import PlainLoop
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.result import read_result

_WARM, _TIMED = 10, 50  # steps of a plain loop


def eager(scale: Scale, place: Path) -> Iterator[Found]:
    """A step of a run as it is by default, in bfloat16, and the plain loop's."""
    for name in scale.sizes:
        yield _of_a_run(scale, name, (), place)
        yield _of_the_plain_loop(scale, name, compiled=False)
        yield _of_a_run(scale, name, ("training.precision=bf16-mixed",), place)


def compiled(scale: Scale, place: Path) -> Iterator[Found]:
    """The same with the compiler: what it costs first is not in a step."""
    for name in scale.sizes:
        yield _of_the_plain_loop(scale, name, compiled=True)
        for way in ("default", *(("cudagraphs",) if scale.device == "cuda" else ())):
            yield _of_a_run(scale, name, (f"trainer.compile={way}",), place)


def _of_a_run(scale: Scale, name: str, words: tuple[str, ...], place: Path) -> Found:
    overrides, steps, predicted = scale.sizes[name]
    rest = ("evaluation.every_steps=null", "evaluation.preview_every_steps=null", "checkpoint.every_seconds=null")
    torch.compiler.reset()  # or it would give up after some eight models
    told = [*overrides, *words, f"trainer={scale.trainer}", f"training.max_steps={steps}", *rest]
    run = RunFolder(lab.train([*told, f"runs_dir={mkdtemp(dir=place)}"], quiet=True).folder)
    rows = [row for row in read_metrics(run.metrics) if "steps_per_second" in row]
    late = rows[len(rows) // 2 :]  # the first half warms up
    ms = 1000 / statistics.median(float(row["steps_per_second"]) for row in late)
    samples = statistics.median(float(row["faces_per_second"]) for row in late)
    result = read_result(run)
    memory = (result.details["peak_memory"] if result else {}).get("gpu")
    held = f", {memory / 2**30:.2f} GiB on the device" if memory else ""
    plan = f"predicted for an H100: {predicted} ms" if predicted and not words else ""
    return Found(
        "speed", f"{name}: a run {' '.join(words)}".strip(), f"{ms:.2f} ms, {samples:,.0f} samples/s{held}", plan
    )


def _of_the_plain_loop(scale: Scale, name: str, compiled: bool) -> Found:
    torch.compiler.reset()
    config = lab.compose([*scale.sizes[name][0]])
    m, o, device = config.model, config.optimizer, torch.device(scale.device)
    loop = PlainLoop(m.encoder_widths, m.code_size, m.bridge_width, m.decoder_widths, o.lr, (o.beta1, o.beta2))
    for module in (loop.encoder, *loop.decoders.values()):
        module.to(device)
        if compiled:
            module.compile()
    shape = (config.training.batch_size, m.resolution, m.resolution, 3)
    batches = {
        side: tuple(torch.randint(0, 256, shape, dtype=torch.uint8, device=device) for _ in range(2)) for side in "AB"
    }
    for _ in range(_WARM):
        loop.step(batches)  # ends by reading its losses, and so waits for the device
    began = time.perf_counter()
    for _ in range(_TIMED):
        loop.step(batches)
    ms = 1000 * (time.perf_counter() - began) / _TIMED
    kind = "compiled" if compiled else "eager"
    return Found(
        "speed",
        f"{name}: a plain loop, {kind}",
        f"{ms:.2f} ms, {2000 * shape[0] / ms:,.0f} samples/s",
        "batches made beforehand",
    )
