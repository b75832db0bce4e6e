"""What a run leaves is enough to make it again, to read about it, and to tell it from another."""

import os
import re

import pytest

from tests.acceptance.program import STEP, TINY, TWINS, Program, strike
from tests.acceptance.records import sessions

pytestmark = pytest.mark.acceptance


def at_100_columns() -> None:
    os.environ["COLUMNS"] = "100"


def test_show_and_diff_of_a_resumed_run_and_another(program: Program) -> None:
    often = ("checkpoint.every_seconds=null", "checkpoint.every_steps=10")
    assert program.run(*often, before=[strike(STEP, 25)]).code == -9
    assert program.run(*often).code == 0
    run, program.runs = program.folder, program.place / "others"
    for entry, begun, ended in zip(sessions(run), (0, 20), (None, "finished"), strict=True):
        assert (entry["first_step"], entry["end_state"]) == (begun, ended)
        assert entry["seed"] == 0
        assert re.fullmatch(r"[0-9a-f]{32}", entry["data_fingerprint"])
        assert entry["config"]["model"]["code_size"] == 8
        assert entry["start"].startswith("20")
        assert all(word in entry["command"] for word in ("-m faceswap_lab", *TWINS, *often))
        assert {"python", "torch", "pytorch-lightning", "numpy", "faceswap-lab"} <= entry["versions"].keys()
        assert {"cpu", "cores", "memory", "gpus", "threads", "system", "host"} <= entry["hardware"].keys()
        assert {"commit", "dirty", "diff", "untracked"} <= entry["code"].keys()
    shown = program.start_with("show", str(run), before=[at_100_columns]).ended()
    assert shown.code == 0, shown.err
    for told in ("finished at step 60", "0 → ", "20 → 60", "torch", "data.faces=16", "model.code_size", "swap_ssim"):
        assert told in shown.out
    tables = [line for line in shown.out.splitlines() if not line.startswith(str(program.place))]  # paths are never cut
    assert max(map(len, tables)) <= 100

    assert program.run("update_order=b_then_a", "seed=1").code == 0
    told = program.start_with("diff", str(run), str(program.folder), before=[at_100_columns]).ended()
    assert told.code == 1, told.err  # as diff(1) has it: they differ
    for setting in ("update_order.name", "a_then_b", "b_then_a", "seed", "checkpoint.every_steps", "weights_sha256"):
        assert setting in told.out
    assert "model.code_size" not in told.out  # it is the same
    for name in ("result.json", "run.json"):
        (program.folder / name).write_text("{")
    told = program.start_with("diff", str(run), str(program.folder)).ended()
    assert told.code == 1, told.err
    assert f"{program.folder}/result.json cannot be used: it is not JSON" in told.out
    assert f"{program.folder}/run.json is missing or damaged" in told.out
    assert str(run / "run.json") not in told.out


def test_the_command_in_the_record_finds_the_run(program: Program) -> None:
    assert program.run("training.max_steps=2").code == 0
    (entry,) = sessions(program.folder)
    arguments = entry["command"].split(" -m faceswap_lab ")[1].replace("'", "").split()
    assert set(TINY) <= set(arguments)
    again = program.start_with(*arguments, before=[strike(STEP, 1)]).ended()
    assert again.code == 0, again.err
    assert "finished already" in again.out
