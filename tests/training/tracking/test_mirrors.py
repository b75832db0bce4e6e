"""The mirrors of metrics.csv: told how their run ended, and left out when they break."""

import csv
import json
from dataclasses import replace

import pytest

from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.result import Result
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.tracking import mirrors as mirrors_module
from faceswap_lab.training.tracking.mirror import Described
from faceswap_lab.training.tracking.mirrors import Mirrors, show_finished
from tests.training.configs import config_for

ENDS = {"finished": None, "diverged": Diverged(3, "loss_A", float("nan")), "interrupted": Interrupted(15, 3)}
CALLS = ("opening", "metrics", "picture", "result", "close")


class Watched:
    """Stands for a mirror; breaks at the call it is told to break at."""

    place, holds = "watched", -1

    @staticmethod
    def place_of(run):
        return "watched"

    def __init__(self, told, breaks="", holds=-1):
        self.told, self.breaks, self.holds = told, breaks, holds
        self._note("opening")

    def metrics(self, values, step):
        self._note("metrics", values, step)

    def picture(self, name, path, step):
        self._note("picture", name, path, step)

    def result(self, values, step):
        self._note("result", values, step)

    def close(self, failed):
        self._note("close", failed)

    def _note(self, call, *rest):
        if call == self.breaks:
            raise ConnectionError("the cable is out\nand more that nobody reads")
        self.told.append((call, *rest))


@pytest.fixture
def run(tmp_path):
    """A run at its beginning."""
    folder = find_or_create(tmp_path, "baseline", 0, "0" * 10)
    return Described(config_for("logger=tensorboard_and_wandb"), folder, "baseline", [], None, first_step=0)


@pytest.fixture
def told(monkeypatch):
    """What a mirror of each kind is told."""
    told = {"tensorboard": [], "wandb": []}
    for kind, told_it in told.items():
        monkeypatch.setitem(mirrors_module.MIRRORS, kind, lambda run, told_it=told_it: Watched(told_it))
    return told


@pytest.mark.parametrize("end", ENDS)
def test_a_mirror_is_told_the_truth(end, told, run):
    raised = None
    try:
        with Mirrors(["tensorboard", "wandb"], run):
            if ENDS[end]:
                raise ENDS[end]
    except (Diverged, Interrupted) as error:
        raised = error
    assert raised is ENDS[end]
    assert list(told.values()) == [[("opening",), ("close", end != "finished")]] * 2


def test_only_the_mirrors_asked_for_are_opened(told, run):
    with Mirrors(["wandb"], run) as made:
        made.metrics({"loss_A": 0.5}, step=7)
    assert told == {"tensorboard": [], "wandb": [("opening",), ("metrics", {"loss_A": 0.5}, 7), ("close", False)]}


@pytest.mark.parametrize("breaks", CALLS)
def test_a_broken_mirror_is_named_once_and_costs_nothing(breaks, told, run, monkeypatch, capsys):
    broken = []
    monkeypatch.setitem(mirrors_module.MIRRORS, "tensorboard", lambda run: Watched(broken, breaks))
    with Mirrors(["tensorboard", "wandb"], run) as made:
        for step in (10, 20):
            made.metrics({"loss_A": 0.5}, step=step)
            made.picture("preview", "a.png", step)
        made.result({"swap_ssim_AB": 0.6}, 20)
    calls = ["metrics", "picture", "metrics", "picture", "result", "close"]
    assert [call for call, *_ in told["wandb"]] == ["opening", *calls]
    reached = ["opening", *calls]
    expected = reached[: reached.index(breaks)]
    closed = ["close"] if breaks not in ("opening", "close") else []
    assert [call for call, *_ in broken] == expected + closed
    said = capsys.readouterr().err
    assert said.count("tensorboard is left out") == 1
    assert "the cable is out" in said
    assert "nobody reads" not in said
    assert "metrics.csv has it all" in said


def test_an_interruption_is_not_taken_for_a_broken_mirror(told, run, monkeypatch):
    def opening(run):
        raise Interrupted(15)

    monkeypatch.setitem(mirrors_module.MIRRORS, "wandb", opening)
    with pytest.raises(Interrupted), Mirrors(["wandb"], run):
        pass


@pytest.fixture
def past(run):
    """The same run after 8 of its 14 steps, as its folder tells it."""
    with run.folder.metrics.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["step", "loss_A", "recon_ssim_A"])
        rows.writerows([[3, 0.5, ""], [6, 0.25, ""], [6, "", 0.75], [9, 0.125, ""]])
    for name in ("step-000000004", "step-000000004-tiles", "step-000000008", "step-000000014"):
        (run.folder.previews / f"{name}.png").touch()
    return replace(run, first_step=8)


ROWS = [("metrics", {"loss_A": 0.5}, 3), ("metrics", {"loss_A": 0.25}, 6), ("metrics", {"recon_ssim_A": 0.75}, 6)]


@pytest.mark.parametrize("holds", [-1, 3, 6, 8])
def test_a_mirror_is_shown_what_it_does_not_hold_of_a_resumed_run_in_order(holds, told, past, monkeypatch):
    monkeypatch.setitem(mirrors_module.MIRRORS, "wandb", lambda run: Watched(told["wandb"], holds=holds))
    with Mirrors(["wandb"], past):
        pass
    pictures = [("picture", "preview", past.folder.previews / f"step-{step:09d}.png", step) for step in (4, 8)]
    everything = [ROWS[0], pictures[0], *ROWS[1:], pictures[1]]
    assert told["wandb"] == [("opening",), *(call for call in everything if call[-1] > holds), ("close", False)]


def test_a_finished_run_is_shown_once(told, past, monkeypatch):
    for kind in told:
        maker = type(kind, (Watched,), {"__init__": lambda self, run, kind=kind: Watched.__init__(self, told[kind])})
        monkeypatch.setitem(mirrors_module.MIRRORS, kind, maker)
    final = past.folder.previews / "final.png"
    final.touch()
    result = Result("0" * 10, "baseline", 0, 14, 1.0, {"loss_A": 0.0625})
    for _ in range(2):
        show_finished(replace(past, first_step=14), result)
    (calls, others) = told.values()
    assert calls == others
    assert [call[0] for call in calls] == [
        "opening",
        *["metrics", "picture"],
        *["metrics"] * 2,
        "picture",
        "metrics",
        "picture",
        "result",
        "close",
    ]
    assert calls[-3:] == [("picture", "preview", final, 14), ("result", {"loss_A": 0.0625}, 14), ("close", False)]
    assert json.loads((past.folder.path / ".shown.json").read_text()) == ["watched"]


def test_a_finished_run_that_could_not_be_shown_is_tried_again(told, past, monkeypatch, capsys):
    maker = type("Broken", (Watched,), {"__init__": lambda self, run: Watched.__init__(self, told["wandb"], "close")})
    for kind in told:
        monkeypatch.setitem(mirrors_module.MIRRORS, kind, maker)
    result = Result("0" * 10, "baseline", 0, 14, 1.0, {"loss_A": 0.0625})
    for times in (1, 2):
        show_finished(past, result)
        assert told["wandb"].count(("result", {"loss_A": 0.0625}, 14)) == 2 * times
    assert capsys.readouterr().err.count("is left out") == 4
