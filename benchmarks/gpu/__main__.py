"""``python -m benchmarks.gpu [--seconds 520] [--output FILE] [--dry]``: what is missing is said at once.

Each stage runs in a process of its own, and the page is written after every row: whatever ends this program, what it
has found is kept. ``--dry`` tries the program out on a CPU with tiny sizes; what it writes says nothing of a GPU.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

RESULTS = Path(__file__).parents[1] / "gpu.md"
ROOT = Path(__file__).parents[2]
NEEDED = (
    "pytorch_lightning",
    "torchmetrics",
    "hydra",
    "albumentations",
    "cv2",
    "safetensors",
    "scipy",
    "rich",
    "joblib",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and return the exit code: 0 done; 1 a check does not hold or a stage failed; 2 something is missing."""
    told = _parser().parse_args(argv)
    lacking = what_is_missing(told.dry)
    if lacking:
        print(lacking, file=sys.stderr)
        return 2
    from benchmarks.gpu.page import page
    from benchmarks.gpu.stages import STAGES, run_stage

    if told.stage:
        run_stage(told.stage, told.place, told.dry)
        return 0
    began, found, missing = time.monotonic(), [], {name: f"{name}: not reached" for name in STAGES}
    machine = described(told.dry)
    print(f"{machine}\nat most {told.seconds} s; {told.output} is written after every row", flush=True)

    def write() -> None:
        told.output.write_text(page(machine, found, list(missing.values()), time.monotonic() - began), encoding="utf-8")

    with TemporaryDirectory(prefix="faceswap-gpu-") as place:
        for name, (_, _, what) in STAGES.items():
            left = told.seconds - (time.monotonic() - began)
            if left < 5:
                break
            print(f"{name}: {what}", flush=True)
            missing[name] = f"{name}: cut short, the time was up"
            reason = _stage(name, Path(place) / name.replace(" ", "-"), told.dry, left, found, write)
            missing[name] = f"{name}: {reason}"
            if not reason:
                del missing[name]
            write()
    wrong = [row for row in found if row.holds is False]
    failed = [line for line in missing.values() if "failed" in line]
    print(f"{len(found)} rows, {len(wrong)} checks do not hold, {len(missing)} stages not whole. {told.output}")
    return 1 if wrong or failed else 0


def _stage(name: str, place: Path, dry: bool, seconds: float, found: list, write) -> str:
    """Run a stage in a process of its own, take its rows as they come, and return why it is not whole, or nothing."""
    from benchmarks.gpu.found import heard
    from benchmarks.gpu.stages import STAGES

    command = [
        sys.executable,
        "-m",
        "benchmarks.gpu",
        "--stage",
        name,
        "--place",
        str(place),
        *(["--dry"] if dry else []),
    ]
    # TF32 rounds to 10 bits: right for training, too coarse to see whether two ways are one
    exact = {"NVIDIA_TF32_OVERRIDE": "0"} if STAGES[name][0] == "correctness" else {}
    environment = os.environ | exact
    place.mkdir(parents=True)
    with (
        (place / "said").open("w+") as said,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        clock = threading.Timer(seconds, process.kill)
        clock.start()
        for line in process.stdout or ():
            row = heard(line)
            if row:
                found.append(row)
                mark = {True: "holds", False: "DOES NOT HOLD", None: ""}[row.holds]
                print(f"  {row.what}: {row.value} {f'({row.beside})' if row.beside else ''} {mark}", flush=True)
                write()
        code, out_of_time = process.wait(), not clock.is_alive()
        clock.cancel()
        said.seek(0)
        errors = said.read().strip()
    if code == 0:
        return ""
    if out_of_time:
        return "cut short, the time was up"
    print(errors[-3000:], file=sys.stderr)
    return f"failed: {(errors.splitlines() or ['no reason is given'])[-1][:300]}"


def what_is_missing(dry: bool) -> str:
    """Return what keeps this machine from measuring, with the command that helps, or nothing."""
    if find_spec("torch") is None:
        return "torch is missing. With a GPU: pip install torch"
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        return f'missing: {", ".join(lacking)}. In this folder: pip install -e ".[parallel]" -c constraints.txt'
    import torch

    if not dry and not torch.cuda.is_available():
        built = torch.version.cuda or torch.version.hip
        why = f"it is built for {built}, but finds none" if built else "it is built for CPUs: pip install torch anew"
        return f"torch {torch.__version__} has no CUDA device here: {why}. (--dry tries the program out on a CPU.)"
    return ""


def described(dry: bool) -> str:
    """Say what is measured on what."""
    import platform

    import torch

    if dry:
        return "**A dry run on a CPU with tiny sizes: it says nothing of a GPU.**"
    gpus = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    versions = f"CUDA {torch.version.cuda}, torch {torch.__version__}, Python {platform.python_version()}"
    return f"{gpus}; {versions}, {os.cpu_count()} cores."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=520, help="when to stop, in all (520)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the page goes (benchmarks/gpu.md)")
    parser.add_argument("--dry", action="store_true", help="on a CPU, with tiny sizes")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
