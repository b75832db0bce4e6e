"""A run that is a finished one but longer has the bits of one trained straight, or begins at zero and says why."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from faceswap_lab.cli.job.digest import digest_of
from faceswap_lab.cli.job.longer import go_on_from_shorter
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.run import Run
from faceswap_lab.training.saved.checkpoint import Checkpoint, load, save
from tests.training.configs import config_for, noise_data
from tests.training.test_resume import Killed, assert_equal, left_by

PACE = ("schedule=drops", "schedule.length=5", "training.lr_dropout=0.5", "training.ema=0.9", "loss=adversarial")
EVENTS = (
    "+events.planned={exchange: {step: 3, parts: ['inter_*']}, freeze: {step: 5, parts: [inter_A]}, "
    "again: {kind: reset, step: 7, parts: [encoder]}, warp: {step: 4, strength: 0}}"
)
GOES_ON = "goes on     from step {} of {}, which differs in its length alone\n"


def begun(root, steps, *more, label="tiny"):
    """Begin a run of so many steps in a folder of runs, as the command line does; return it and its folder."""
    settings = ("evaluation.every_steps=4", "optimizer_state=shared", *more)
    config = replace(config_for(f"training.max_steps={steps}", *settings), runs_dir=str(root))
    digest, data = digest_of(config, None), noise_data()
    folder = find_or_create(root, label, config.seed, digest)
    go_on_from_shorter(config, data, folder, digest)
    return Run(config, data, folder, digest, label, ["test"]), folder


def made(root, steps, *more, **named):
    run, folder = begun(root, steps, *more, **named)
    run.train_and_judge()
    return folder


def killed_after(step, root, steps):
    run, _ = begun(root, steps)
    callbacks, kill = run._callbacks, Every(step, None, raise_killed)
    run._callbacks = lambda: [*callbacks(), kill]
    run._end = lambda *rest: None
    with pytest.raises(Killed):
        run.train_and_judge()


def raise_killed(*rest):
    raise Killed


def left_in(folder):
    """Everything a run leaves that must not depend on whether it went on from another."""
    alone = folder.path.parent / "alone"
    shutil.copytree(folder.path, alone / "tiny-s0-0")
    try:
        return left_by(alone)
    finally:
        shutil.rmtree(alone)


def bytes_in(folder):
    return {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with finished runs of 4 and 7 steps, the second gone on from the first; and a straight one of 14."""
    root = tmp_path_factory.mktemp("trained")
    return [made(root, 4), made(root, 7)], made(tmp_path_factory.mktemp("straight"), 14)


@pytest.fixture
def finished(trained, tmp_path):
    """Copies of the runs of 4 and 7 steps, in a folder of the test's own."""
    return [type(run)(shutil.copytree(run.path, tmp_path / run.path.name)) for run in trained[0]]


@pytest.fixture
def straight(trained):
    return left_in(trained[1])


@pytest.mark.parametrize(
    ("short", "long", "settings"),
    [
        (19, 20, ["update_order=a_then_b", "optimizer_state=keras_2018"]),  # of the last two losses one is old
        (8, 15, ["update_order=joint", "topology=liae", EVENTS]),
        (8, 16, ["update_order=alternate", "update_order.block=2", "topology=shared_decoder_end", *PACE]),
        (2, 9, ["update_order=worse_first", "optimizer_state=per_autoencoder"]),  # ended before its first row was due
    ],
)
def test_the_same_bits_as_a_straight_run(short, long, settings, tmp_path, capsys):
    straight = made(tmp_path / "straight", long, *settings)
    assert capsys.readouterr().out == ""
    shorter = made(tmp_path / "runs", short, *settings)
    before = bytes_in(shorter)
    longer = made(tmp_path / "runs", long, *settings)
    assert capsys.readouterr().out == GOES_ON.format(short, shorter.path)
    assert bytes_in(shorter) == before
    assert longer.path.name == straight.path.name
    assert_equal(left_in(longer), left_in(straight))
    assert longer.metrics.read_text().splitlines()[0] == straight.metrics.read_text().splitlines()[0]
    assert len(read_metrics(longer.metrics)) == -(-long // 3) + long // 4
    first, second = read_sessions(longer)
    assert (first["run"], first["last_step"]) == (shorter.path.name, short)
    assert ("run" in second, second["first_step"], second["last_step"]) == (False, short, long)


def test_one_length_after_another(finished, straight, tmp_path, capsys):
    """As a sweep over training.max_steps goes: each goes on from the one before, and knows all of its past."""
    longest = made(tmp_path, 14, label="longest")
    assert capsys.readouterr().out == GOES_ON.format(7, finished[1].path)
    assert_equal(left_in(longest) | {"previews": None}, straight | {"previews": None})  # which bear the run's label
    assert [session.get("run") for session in read_sessions(longest)] == [*(run.path.name for run in finished), None]
    assert [session["first_step"] for session in read_sessions(longest)] == [0, 4, 7]


def test_killed_on_its_way_it_goes_on_from_its_own_checkpoint(finished, straight, tmp_path, capsys):
    killed_after(9, tmp_path, 14)  # saved at 5, 10, …: nothing since it began
    assert capsys.readouterr().out == GOES_ON.format(7, finished[1].path)
    for run in finished:
        shutil.rmtree(run.path)
    killed_after(11, tmp_path, 14)
    longer = made(tmp_path, 14)
    assert capsys.readouterr().out == ""
    assert_equal(left_in(longer), straight)
    assert [session["first_step"] for session in read_sessions(longer)] == [0, 4, 7, 7, 10]


def test_killed_before_its_first_checkpoint_it_begins_as_if_nothing_had_been(finished, straight, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("faceswap_lab.training.saved.longer.save", raise_killed)
        with pytest.raises(Killed):
            begun(tmp_path, 14)
    longer = made(tmp_path, 14)
    assert_equal(left_in(longer), straight)
    assert [session["first_step"] for session in read_sessions(longer)] == [0, 4, 7]


@pytest.mark.parametrize(
    ("steps", "settings"), [(14, ["seed=1"]), (14, ["optimizer.lr=1e-3"]), (3, []), (14, ["force=true"])]
)
def test_nothing_is_said_where_no_finished_run_is_equal_but_shorter(steps, settings, finished, tmp_path, capsys):
    _, folder = begun(tmp_path, steps, *settings)
    assert capsys.readouterr().out == ""
    assert not any(folder.checkpoints.iterdir())


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("update_order=a_then_b_alone", "update_order=a_then_b_alone"),
        ("schedule=cosine", "schedule=cosine"),
        ("events=freeze_encoder", "events.planned.freeze.step=0.5"),
    ],
)
def test_what_knows_the_end_begins_at_zero(setting, told, tmp_path, capsys):
    shorter = made(tmp_path, 2, setting)
    _, longer = begun(tmp_path, 8, setting)
    said = f"not from step 2 of {shorter.path}: with {told} a step depends on their number"
    assert capsys.readouterr().out == f"from zero   {said}\n"
    assert not any(longer.checkpoints.iterdir())


@pytest.mark.parametrize("cadence", ["logger.every_steps=2", "evaluation.every_steps=null"])
def test_rows_at_other_steps_are_not_carried_over(cadence, finished, tmp_path, capsys):
    _, longer = begun(tmp_path, 14, cadence)
    group = cadence.partition("=")[0]
    usual = {"logger.every_steps": 3, "evaluation.every_steps": 4}[group]
    assert capsys.readouterr().out.splitlines() == [
        f"            not from step 7 of {finished[1].path}: its rows were written with {group}={usual}",
        f"            not from step 4 of {finished[0].path}: its rows were written with {group}={usual}",
        "from zero   as no shorter run will do",
    ]
    assert not any(longer.checkpoints.iterdir())


def newest_of(folder):
    return max(folder.checkpoints.iterdir())


def cut_short(folder):
    newest_of(folder).write_bytes(newest_of(folder).read_bytes()[:-10])


def forget_pending(folder):
    """As a version wrote it that kept no losses past the last row."""
    state = torch.load(newest_of(folder), weights_only=True)
    del state["format"]
    newest_of(folder).unlink()
    save(folder.checkpoints, Checkpoint(**state | {"pending": {}}))


def cut_the_table(folder):
    folder.metrics.write_text("".join(folder.metrics.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda folder: shutil.rmtree(folder.checkpoints), "it has no checkpoint any more"),
        (lambda folder: newest_of(folder).unlink(), "its last checkpoint is of step 5"),
        (cut_short, "its last checkpoint is damaged (its content does not match its checksum)"),
        (forget_pending, "step 7 lies between two rows of losses, and it kept none of them"),
        (cut_the_table, "its metrics.csv is not whole"),
        (lambda folder: folder.run.unlink(), "its run.json does not say how it was made"),
        (lambda folder: folder.result.write_text(json.dumps({"steps": 7})), None),  # it is not finished then
    ],
)
def test_a_shorter_run_that_lacks_something_is_left_and_the_next_one_taken(harm, reason, finished, tmp_path, capsys):
    even_shorter, shorter = finished
    harm(shorter)
    before = bytes_in(shorter)
    run, longer = begun(tmp_path, 10)
    why = f"            not from step 7 of {shorter.path}: {reason}\n" if reason else ""
    assert capsys.readouterr().out == why + GOES_ON.format(4, even_shorter.path)
    assert bytes_in(shorter) == before
    assert load(longer.checkpoints, run.digest).step == 4
