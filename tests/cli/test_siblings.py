"""Which cells of a sweep another may take along, and where none may."""

import pytest
from hydra import compose

from faceswap_lab.__main__ import main
from faceswap_lab.cli import job
from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job import run_job
from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.cli.siblings import Siblings, asked_for, check_process
from faceswap_lab.config import ConfigError

CELLS = [
    ["seed=0", "+experiment=baseline", "training.max_steps=6"],
    ["seed=0", "+experiment=two_encoders", "training.max_steps=6"],
    ["seed=1", "+experiment=baseline", "training.max_steps=6"],
    ["seed=1", "+experiment=two_encoders", "training.max_steps=6"],
    ["seed=2", "+experiment=baseline", "training.max_steps=7"],
    ["seed=${oc.env:SEED}", "+experiment=baseline", "training.max_steps=6"],
    ["+experiment=baseline", "training.max_steps=6"],
    ["seed=3", "+experiment=baseline", "training.max_steps=6"],
]


def test_candidates_are_later_cells_of_the_same_arm_with_a_plain_seed():
    siblings = Siblings(CELLS)
    assert [(number, seed) for number, seed, _ in siblings.turn(0, CELLS[0]).candidates()] == [(2, 1), (7, 3)]
    assert [(number, seed) for number, seed, _ in siblings.turn(1, CELLS[1]).candidates()] == [(3, 1)]
    assert list(siblings.turn(7, CELLS[7]).candidates()) == []
    assert list(Siblings().turn(0, CELLS[0]).candidates()) == []  # of a sweeper that is not Hydra's own
    assert next(siblings.turn(0, CELLS[0]).candidates())[2] == CELLS[2]


def test_who_was_taken_along_is_no_candidate_and_knows_how_it_ended():
    siblings, ended = Siblings(CELLS), Outcome("diverged", "there", "alas")
    first = siblings.turn(0, CELLS[0])
    assert siblings.turn(2, CELLS[2]).ended is None
    first.note(2, ended)
    assert first.taken == {2: ended}
    assert siblings.turn(2, CELLS[2]).ended == (ended, 0)
    assert [number for number, *_ in first.candidates()] == [7]


def test_a_cell_in_a_process_of_its_own_refuses_wherever_the_value_comes_from(tmp_path, capsys):
    with composing([conf_dir()]):
        composed = compose("config", ["trainer.seeds_at_once=4", f"runs_dir={tmp_path}"])
    outcome = run_job(composed, [conf_dir()], [], beside=tmp_path)
    assert (outcome.state, outcome.code) == ("refused", 2)
    assert "trainer.seeds_at_once=4: one process trains the seeds together" in capsys.readouterr().err


def test_what_the_command_line_asks_for():
    assert asked_for(["seed=0", "trainer=cpu"]) == "1"
    assert asked_for(["trainer.seeds_at_once=2", "trainer.seeds_at_once=8"]) == "8"
    check_process("1", "joblib")
    with pytest.raises(ConfigError, match=r"seeds_at_once=8.*Leave out hydra/launcher=joblib"):
        check_process("8", "joblib")


def test_a_signal_ends_the_sweep_however_the_cell_ended_that_took_the_others_along(tmp_path, monkeypatch):
    made = []

    def train(prepared, data, differing):
        made.append([p.config.seed for p in prepared])
        first, *others = (str(p.folder.path) for p in prepared)
        ends = [Outcome("diverged", first, "not finite"), *(Outcome("interrupted", f, "stop", 15) for f in others)]
        return [(end, None) for end in ends]

    monkeypatch.setattr(job, "train", train)
    words = ["seed=0,1", "update_order=a_then_b,b_then_a", "trainer.seeds_at_once=2", f"runs_dir={tmp_path}/runs"]
    faces = ["scale=smoke", "data.faces=2", "data.held_out=20", "progress=false", f"cache_dir={tmp_path}/cache"]
    assert main(["-m", *words, *faces]) == 143
    assert made == [[0, 1]]
