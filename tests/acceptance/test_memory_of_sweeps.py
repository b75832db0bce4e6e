"""A sweep in one process holds no more after many cells than after a few."""

import gc
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.program import At, Program

pytestmark = pytest.mark.acceptance

FIRST, LAST = 4, 9  # cells; what is loaded once is there by then


def note(path: Path) -> None:
    gc.collect()
    path.write_text(str(len(gc.get_objects())))


def test_cells_leave_nothing_behind(program: Program) -> None:
    looks = [
        At("faceswap_lab.cli.job.run:run_job", cell, partial(note, program.place / f"objects-{cell}"))
        for cell in (FIRST, LAST)
    ]
    short = ("training.max_steps=2", "evaluation.every_steps=null", "evaluation.preview_every_steps=null")
    ended = program.run("-m", f"seed=range(0,{LAST})", *short, "progress=false", before=looks, seconds=150)
    assert ended.code == 0, ended.err
    before, after = (int((program.place / f"objects-{cell}").read_text()) for cell in (FIRST, LAST))
    assert after - before < 100 * (LAST - FIRST)  # Hydra alone keeps some 1,200 a cell
