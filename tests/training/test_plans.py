"""Which samples a step trains on, and what the moves do with them, without a network."""

import itertools
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.orders import ORDERS

batches = st.integers(1, 32).map(lambda half: 2 * half)
any_order = st.sampled_from(sorted(ORDERS))


def samples(order, steps, batch, block=3, seed=0):
    """Return, per side, how often each sample was trained on."""
    seen = {"A": Counter(), "B": Counter()}
    for step in range(steps):
        for side, first, count in ORDERS[order].plan(step, batch=batch, block=block, seed=seed):
            seen[side].update(range(first, first + count))
    return seen


@given(any_order, st.integers(1, 6), batches, st.integers(1, 5), st.integers(0, 2**63))
def test_no_sample_is_skipped_and_none_comes_twice(order, rounds, batch, block, seed):
    steps = 2 * block * rounds
    seen = samples(order, steps, batch, block, seed)
    for side in ("A", "B"):
        trained = order != {"A": "only_b", "B": "only_a"}[side]
        assert seen[side] == Counter(range(steps * batch if trained else 0))


@given(st.integers(0, 10**9), batches, st.integers(1, 50), st.integers(0, 99))
def test_two_blocks_of_alternate_are_as_many_steps_of_a_then_b(rounds, batch, block, seed):
    """Also far into a training: the same samples of each side after every round."""
    first = rounds * 2 * block
    got, due = (
        {
            (portion.side, i)
            for step in range(first, first + 2 * block)
            for portion in ORDERS[order].plan(step, batch=batch, block=block, seed=seed)
            for i in (portion.first, portion.first + portion.samples - 1)
        }
        for order in ("alternate", "a_then_b")
    )
    assert min(i for _, i in got) == min(i for _, i in due)
    assert max(i for _, i in got) == max(i for _, i in due)


@given(st.integers(0, 10**9), st.integers(1, 50))
def test_alternate_trains_one_side_per_block(step, block):
    sides = {p.side for p in ORDERS["alternate"].plan(step, batch=2, block=block, seed=0)}
    assert sides == {"AB"[step // block % 2]}


@given(st.integers(0, 10**9), batches)
def test_halves_partition_a_step(step, batch):
    whole = {p.side: p for p in ORDERS["joint"].plan(step, batch=batch, block=0, seed=0)}
    halves = ORDERS["joint_half"].plan(step, batch=batch, block=0, seed=0)
    assert [p.side for p in halves] == ["A", "B", "A", "B"]
    for side, p in whole.items():
        parts = [range(h.first, h.first + h.samples) for h in halves if h.side == side]
        assert [i for part in parts for i in part] == list(range(p.first, p.first + p.samples))
        assert len(set(map(len, parts))) == 1


def test_random_is_fair_reproducible_and_drawn_per_step():
    def firsts(seed):
        return [ORDERS["random"].plan(step, batch=4, block=0, seed=seed)[0].side for step in range(2000)]

    a = firsts(0)
    assert a == firsts(0)
    assert a != firsts(1)
    assert 900 < a.count("A") < 1100  # 4.5 standard deviations
    repeats = sum(x == y for x, y in itertools.pairwise(a))
    assert 900 < repeats < 1100


class Recorder:
    """A stepper that writes down what it is asked to do. Losses are the portions' own numbers."""

    def __init__(self):
        self.done = []

    def losses(self, portions):
        return [torch.tensor(float(p.loss)) for p in portions]

    def backward(self, loss):
        self.done.append(("backward", loss.item()))

    def update(self, sides):
        self.done.append(("update", "".join(sides)))

    def larger(self, first, second):
        return first.loss > second.loss


def done(order, loss_a, loss_b):
    portions = [SimpleNamespace(side="A", loss=loss_a), SimpleNamespace(side="B", loss=loss_b)]
    recorder = Recorder()
    ORDERS[order].move(recorder, portions)
    return recorder.done


@pytest.mark.parametrize(("a", "b", "first"), [(2, 1, "A"), (1, 2, "B"), (1, 1, "A"), (float("nan"), 1, "A")])
def test_worse_first_takes_the_larger_loss_first(a, b, first):
    updates = [what for kind, what in done("worse_first", a, b) if kind == "update"]
    assert updates == (["A", "B"] if first == "A" else ["B", "A"])
    if a != b and a == a:
        assert done("worse_first", a, b)[0] == ("backward", max(a, b))


def test_moves_step_by_step():
    assert done("a_then_b", 1, 2) == [("backward", 1), ("update", "A"), ("backward", 2), ("update", "B")]
    assert done("joint", 1, 2) == [("backward", 3), ("update", "AB")]
    assert done("accumulate", 1, 2) == [("backward", 1), ("backward", 2), ("update", "AB")]
