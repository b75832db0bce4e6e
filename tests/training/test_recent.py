"""The losses in a result: of the last tenth of the steps, whatever is logged, however often the run was interrupted."""

import json
from functools import cache
from string import ascii_uppercase

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.training.callbacks import Resume
from faceswap_lab.training.recent import RecentLosses
from faceswap_lab.training.saved.checkpoint import load, restore_outcome, save, taken_of
from tests.training.test_resume import killed_after, left_by, run_in
from tests.training.tiny import module_for, samples_for, trained, trainer_for

STEPS = 20  # whose last tenth is two steps


class Seen(pl.Callback):
    """Writes down, per training step, each side's portions' losses."""

    def __init__(self):
        self.steps = []

    def on_train_batch_end(self, trainer, module, *rest):
        portions = [(portion.side, loss) for portion, loss in module.step.seen.items()]
        self.steps.append({side: [x.item() for s, x in portions if s == side] for side in {s for s, _ in portions}})


@cache
def finished(order):
    seen = Seen()
    return trained(order, "shared", STEPS, callbacks=[seen]), seen.steps


@pytest.mark.parametrize("order", ORDERS)
def test_the_mean_of_the_last_tenth_of_the_steps_that_train_a_side(order):
    (module, steps), expected = finished(order), {}
    for side in "AB":
        of_steps = [sum(step[side]) / len(step[side]) for step in steps if side in step]
        if of_steps:
            expected[f"loss_{side}"] = pytest.approx(sum(of_steps[-2:]) / 2, rel=1e-6)
    assert module.recent.means() == expected
    assert len(expected) == (1 if order in ("only_a", "only_b") else 2)


@pytest.mark.parametrize(("steps", "window"), [(1, 1), (9, 1), (19, 1), (20, 2)])
def test_a_short_training_has_at_least_one(steps, window):
    seen = Seen()
    module = trained("a_then_b", "shared", steps, callbacks=[seen])
    last = [step["B"][0] for step in seen.steps[-window:]]
    assert module.recent.means()["loss_B"] == pytest.approx(sum(last) / window, rel=1e-6)


@pytest.mark.parametrize(("order", "cut"), [*((order, 19) for order in ORDERS), ("random", 3), ("joint_half", STEPS)])
def test_a_resumed_training_has_the_same_to_the_last_bit(order, cut, tmp_path):
    (whole, _), first = finished(order), module_for(order, "shared", last_step=STEPS)
    trainer_for(order=order).fit(first, samples_for(order, cut))
    save(tmp_path, taken_of(first, "d", 1.0))
    checkpoint, resumed = load(tmp_path, "d"), module_for(order, "shared", last_step=STEPS)
    if cut < STEPS:
        trainer_for([Resume(checkpoint)], order=order).fit(resumed, samples_for(order, STEPS, cut))
    else:
        restore_outcome(resumed, checkpoint)
    assert resumed.recent.means() == whole.recent.means()
    assert resumed.steps_done == STEPS


def test_neither_logging_nor_a_kill_changes_a_result(tmp_path, monkeypatch):
    """Of ``alternate``, whose last tenth of steps (26, 27) is B's alone."""
    results, length = {}, "training.max_steps=28"
    for every in (1, 20):
        run_in(tmp_path / str(every), "alternate", length, f"logger.every_steps={every}").train_and_judge()
        results[every] = left_by(tmp_path / str(every))["result"]
    for step in (12, 27, 28):  # the last when only judging is left
        killed_after(tmp_path / "killed", "alternate", step, monkeypatch, length, "checkpoint.every_steps=1")
    run_in(tmp_path / "killed", "alternate", length).train_and_judge()
    results["killed"] = left_by(tmp_path / "killed")["result"]
    assert json.dumps(results[1]) == json.dumps(results[20]) == json.dumps(results["killed"])
    assert {"loss_A", "loss_B"} <= results[1].keys()


@given(st.integers(2, 26), st.integers(1, 3), st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=30)
def test_a_shorter_training_keeps_enough_for_a_longer_one(people, block, rounds, more):
    """Under ``alternate``, where a side has a loss in one step of so many as there are people."""
    sides = tuple(ascii_uppercase[:people])
    plan, short = Plan("alternate", sides, 1, block), rounds * people * block
    long = short + more * people * block

    def seen(recent, first, last):
        for step in range(first, last):
            recent.add((portion.side, torch.tensor(float(step))) for portion in plan.portions(step)[:1])
        return recent

    gone_on = RecentLosses(long)
    gone_on.load(seen(RecentLosses(short), 0, short).state(), torch.device("cpu"))
    assert seen(gone_on, short, long).state() == seen(RecentLosses(long), 0, long).state()
