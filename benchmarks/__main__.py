"""``python -m benchmarks [NAME ...] [--output FILE]``: measure, print the table, and write it down.

Every subject runs in a new process, so that none finds another's memory or settings. A missed goal is a result and ends
with exit code 0; a subject that cannot be measured ends with 1, after the others.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import machine
from benchmarks.figures import Figure
from benchmarks.results import markdown, verdicts
from benchmarks.subjects import SUBJECTS, figures_of

RESULTS = Path(__file__).with_name("results.md")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the subjects named on the command line, or all of them; return the exit code."""
    told = _parser().parse_args(argv)
    unknown = [name for name in told.names if name not in SUBJECTS]
    if unknown:
        _parser().error(f"{unknown[0]}: no such subject. Choose from: {', '.join(SUBJECTS)}.")
    os.environ.update(ONE_THREAD)
    names = told.names or list(SUBJECTS)
    loads, figures, failed = [], [], []
    for name in names:
        loads.append(machine.load())
        measured = _measured(name)
        figures += measured or []
        failed += [name] if measured is None else []
    text = markdown(figures, " ".join(["python -m benchmarks", *told.names]), loads)
    print(f"\n{text}")
    output = told.output or (None if told.names or failed else RESULTS)
    if output:
        output.write_text(text, encoding="utf-8")
    broken = f"; could not be measured: {', '.join(failed)}" if failed else ""
    print(f"{verdicts(figures)}{broken}. {f'Written to {output}.' if output else 'Nothing written (see --help).'}")
    return 1 if failed else 0


def _measured(name: str) -> list[Figure] | None:
    """Measure a subject in a process of its own and say how long it took; None: it failed, and why was said."""
    print(f"{name:13s}{SUBJECTS[name]} …", end="", flush=True)
    start = time.monotonic()
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            figures = process.submit(figures_of, name).result()
    except Exception:
        print(" failed", flush=True)
        traceback.print_exc()
        return None
    print(f" {time.monotonic() - start:.0f} s", flush=True)
    return figures


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:13s}{what}" for name, what in SUBJECTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Our figures beside named references, as ratios of CPU time. All of them: some 15 minutes.",
        epilog=f"subjects:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="subjects to measure; none: all")
    kept = f"where the table goes; by default {RESULTS.name} beside this program if all were measured, else nowhere"
    parser.add_argument("--output", type=Path, metavar="FILE", help=kept)
    return parser


if __name__ == "__main__":
    sys.exit(main())
