"""The figures of docs/scaling.md: what a step costs, and how long it should take on an H100.

    python -m benchmarks.scaling                # computed and predicted, some seconds
    python -m benchmarks.scaling --measure      # and seconds per step on this machine's CPU, some minutes

Nothing here runs on a GPU. What is predicted says so.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchmarks.roofline import H100, predicted, reduction_seconds, ridge
from benchmarks.step_cost import StepCost, meta_autoencoder, step_cost
from faceswap_lab.data.faces import sides_of
from faceswap_lab.models.architecture import Architecture, original
from faceswap_lab.models.autoencoder import parameter_counts
from faceswap_lab.topology import ORIGINAL as OF_2018
from faceswap_lab.topology import Sizes, expand

ORIGINAL = original()
SIZES = {  # as conf/scale/ has them: sizes, batch, steps
    "smoke": (Sizes(32, (8, 16, 32), 64, 32, (16, 8)), 16, 280),
    "quick": (Sizes(32, (16, 32, 64), 128, 64, (32, 16)), 16, 800),
    "medium": (Sizes(64, (16, 32, 64, 128), 256, 128, (64, 32, 16)), 16, 2_000),
    "standard": (Sizes(64, (32, 64, 128, 256), 256, 128, (96, 64, 32)), 32, 20_000),
    "original": (Sizes(), 64, 100_000),
}


def built(sizes: Sizes) -> Architecture:
    """Return the architecture of 2018 in these sizes."""
    return Architecture(sizes.resolution, expand(OF_2018, ("A", "B"), sizes))


SCALES = {name: (built(sizes), batch, steps) for name, (sizes, batch, steps) in SIZES.items()}
MOMENTS = 2  # of Adam
FLOAT = 4  # bytes


def family(resolution: int, width: int) -> Sizes:
    """Return scale=quick's sizes at another resolution and base width; quick itself is 32 px and 16."""
    depth = {32: 3, 64: 4, 128: 5}[resolution]
    widths = tuple(width << i for i in range(depth))
    return Sizes(resolution, widths, 8 * width, widths[-1], widths[-2::-1])


def of_family(resolution: int, width: int) -> Architecture:
    """Return the architecture of these sizes."""
    return built(family(resolution, width))


def parameters(architecture: Architecture) -> dict[str, int]:
    return parameter_counts(meta_autoencoder(architecture))


def state_bytes(architecture: Architecture) -> dict[str, int]:
    """Return what stays in memory between two steps: weights, and moments of Adam per autoencoder or shared."""
    counts = parameters(architecture)
    decoder, total = counts[f"decoder_{architecture.sides[0]}"], counts["total"]
    per_side = len(architecture.sides) * (counts["encoder"] + decoder)
    return {"weights": FLOAT * total, "own": MOMENTS * FLOAT * per_side, "shared": MOMENTS * FLOAT * total}


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def number(value: float) -> str:
    """Return a number to three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def scales() -> None:
    rows = []
    for name, (architecture, batch, _) in SCALES.items():
        cost, state = step_cost(architecture, batch), state_bytes(architecture)
        rows.append(
            (
                f"`{name}`",
                f"{parameters(architecture)['total']:,}",
                number(cost.flops / 1e9),
                number(cost.bytes / 1e9),
                number(cost.flops / cost.bytes),
                cost.launches,
                number((state["weights"] + state["own"]) / 1e6),
                number(cost.kept / 1e6),
            )
        )
    head = ("scale", "parameters", "GFLOP", "GB moved", "FLOP/byte", "launches", "MB weights and moments", "MB kept")
    show("One step of each scale", head, rows)


def growth() -> None:
    start = step_cost(of_family(32, 16), 16)
    rows = []
    for what, architecture, batch in (
        ("`quick`", of_family(32, 16), 16),
        ("batch x2", of_family(32, 16), 32),
        ("width x2", of_family(32, 32), 16),
        ("resolution x2", of_family(64, 16), 16),
        ("resolution x4", of_family(128, 16), 16),
    ):
        cost = step_cost(architecture, batch)
        against = (cost.flops / start.flops, cost.bytes / start.bytes, cost.kept / start.kept)
        size = parameters(architecture)["total"] / parameters(of_family(32, 16))["total"]
        rows.append((what, *(f"{ratio:.2g}x" for ratio in (*against, size)), cost.launches))
    show("What grows how", ("change", "FLOP", "bytes moved", "kept", "parameters", "launches"), rows)


def orders() -> None:
    rows = []
    for name in ("a_then_b", "accumulate", "joint", "joint_half", "worse_first", "only_b"):
        cost = step_cost(ORIGINAL, 64, name)
        kept = f"{cost.kept / 1e6:,.0f}"
        rows.append((f"`{name}`", number(cost.flops / 1e9), len(cost.updates), number(cost.bytes / 1e9), kept))
    show("Update orders, full size, batch 64", ("order", "GFLOP", "updates", "GB moved", "MB kept"), rows)


def identities() -> None:
    rows = []
    for n in (2, 4, 8, 16):
        architecture = original(sides=sides_of(n))
        cost, state = step_cost(architecture, 64), state_bytes(architecture)
        own, shared = ((state["weights"] + state[kind]) / 1e9 for kind in ("own", "shared"))
        rows.append(
            (
                n,
                f"{parameters(architecture)['total'] / 1e6:.0f}",
                number(cost.flops / 1e9),
                number(cost.bytes / 1e9),
                number(own),
                number(shared),
            )
        )
    head = (
        "identities",
        "million parameters",
        "GFLOP",
        "GB moved",
        "GB state, own moments",
        "GB state, shared moments",
    )
    show("One shared encoder and n decoders, full size, batch 64 each, updates in turn", head, rows)


def one_h100() -> None:
    rows = []
    for name, (architecture, batch, steps) in SCALES.items():
        cost = step_cost(architecture, batch)
        for precision in H100.shares:
            time = predicted(cost, H100, precision)
            rows.append(
                (
                    f"`{name}`",
                    precision,
                    number(1e3 * time.device),
                    number(1e3 * time.launches),
                    number(1e3 * time.step),
                    time.bound,
                    number(2 * batch / time.step),
                    _duration(steps * time.step),
                )
            )
    head = ("scale", "precision", "device ms", "launches ms", "step ms", "bound by", "samples/s", "all steps")
    show(f"Predicted, one {H100.name}", head, rows)
    ridges = ", ".join(f"{precision} {ridge(H100, precision):.0f}" for precision in H100.shares)
    print(f"\nFLOP per byte from which arithmetic is the bound: {ridges}.")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def several_h100() -> None:
    rows = []
    total = parameters(ORIGINAL)["total"]
    for order, passes in (("a_then_b", 2), ("joint", 1)):
        for n in (1, 2, 4, 8):
            strong, weak = (_on_several(step_cost(ORIGINAL, batch, order), total, passes, n) for batch in (64 // n, 64))
            speeds = (128 / strong, 128 * n / weak)
            rows.append((f"`{order}`", n, number(1e3 * strong), number(1e3 * weak), *(number(s) for s in speeds)))
    head = ("order", "GPUs", "ms, batch 64 in all", "ms, batch 64 on each", "samples/s in all", "samples/s on each")
    show("Predicted, DDP at full size, tf32, exchange not hidden", head, rows)


def _on_several(cost: StepCost, total: int, passes: int, devices: int) -> float:
    exchange = reduction_seconds(total, passes, devices, H100)
    return replace(predicted(cost, H100, "tf32"), reduction=exchange).step


def main(words: Sequence[str]) -> None:
    if set(words) - {"--measure"}:
        raise SystemExit(f"unknown: {' '.join(words)}; the one option is --measure")
    for table in (scales, growth, orders, identities, one_h100, several_h100):
        table()
    if words:
        from benchmarks.scaling_measured import measured

        measured()


if __name__ == "__main__":
    main(sys.argv[1:])
