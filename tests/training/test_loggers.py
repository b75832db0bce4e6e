"""The mirrors of metrics.csv: told how their run ended, and left out when they break."""

import pytest

from faceswap_lab.interruption import Interrupted
from faceswap_lab.training import loggers
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.loggers import mirrors

ENDS = {"finished": None, "diverged": Diverged(3, "loss_A", float("nan")), "interrupted": Interrupted(15, 3)}
CALLS = ("opening", "metrics", "picture", "result", "close")


class Watched:
    """Stands for a mirror; breaks at the call it is told to break at."""

    def __init__(self, told, breaks=""):
        self.told, self.breaks = told, breaks
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
def told(monkeypatch):
    """What a mirror of each kind is told."""
    told = {"tensorboard": [], "wandb": []}
    for kind, told_it in told.items():
        monkeypatch.setitem(loggers.MIRRORS, kind, lambda run, told_it=told_it: Watched(told_it))
    return told


@pytest.mark.parametrize("end", ENDS)
def test_a_mirror_is_told_the_truth(end, told):
    raised = None
    try:
        with mirrors(["tensorboard", "wandb"], run=None):
            if ENDS[end]:
                raise ENDS[end]
    except (Diverged, Interrupted) as error:
        raised = error
    assert raised is ENDS[end]
    assert list(told.values()) == [[("opening",), ("close", end != "finished")]] * 2


def test_only_the_mirrors_asked_for_are_opened(told):
    with mirrors(["wandb"], run=None) as made:
        made.log_metrics({"loss_A": 0.5}, step=7)
    assert told == {"tensorboard": [], "wandb": [("opening",), ("metrics", {"loss_A": 0.5}, 7), ("close", False)]}


@pytest.mark.parametrize("breaks", CALLS)
def test_a_broken_mirror_is_named_once_and_costs_nothing(breaks, told, monkeypatch, capsys):
    broken = []
    monkeypatch.setitem(loggers.MIRRORS, "tensorboard", lambda run: Watched(broken, breaks))
    with mirrors(["tensorboard", "wandb"], run=None) as made:
        for step in (10, 20):
            made.log_metrics({"loss_A": 0.5}, step=step)
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


def test_an_interruption_is_not_taken_for_a_broken_mirror(told, monkeypatch):
    def opening(run):
        raise Interrupted(15)

    monkeypatch.setitem(loggers.MIRRORS, "wandb", opening)
    with pytest.raises(Interrupted), mirrors(["wandb"], run=None):
        pass
