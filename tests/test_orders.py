"""Which samples a step trains on, in which updates, without a network."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.data.faces import SIDES, sides_of
from faceswap_lab.orders import ORDERS, Plan

batches = st.integers(1, 32).map(lambda half: 2 * half)
any_order = st.sampled_from(sorted(ORDERS))


def samples(order, steps, batch, block=3, seed=0, sides=SIDES):
    """Return, per side, how often each sample was trained on."""
    seen = {side: Counter() for side in sides}
    for step in range(steps):
        for side, first, count in Plan(order, sides, batch, block, seed).portions(step):
            seen[side].update(range(first, first + count))
    return seen


@given(any_order, st.integers(2, 5), st.integers(1, 4), batches, st.integers(1, 5), st.integers(0, 2**63))
def test_no_sample_is_skipped_and_none_comes_twice(order, people, rounds, batch, block, seed):
    sides = sides_of(people)
    steps = people * block * rounds
    seen = samples(order, steps, batch, block, seed, sides)
    for side in sides:
        trained = ORDERS[order].only in (None, side)
        assert seen[side] == Counter(range(steps * batch if trained else 0))


@given(st.integers(0, 10**9), batches, st.integers(1, 50), st.integers(0, 99))
def test_two_blocks_of_alternate_are_as_many_steps_of_a_then_b(rounds, batch, block, seed):
    """Also far into a training: the same samples of each side after every round."""
    first = rounds * 2 * block
    got, due = (
        {
            (portion.side, i)
            for step in range(first, first + 2 * block)
            for portion in Plan(order, SIDES, batch, block, seed).portions(step)
            for i in (portion.first, portion.first + portion.samples - 1)
        }
        for order in ("alternate", "a_then_b")
    )
    assert min(i for _, i in got) == min(i for _, i in due)
    assert max(i for _, i in got) == max(i for _, i in due)


@given(st.integers(0, 10**9), st.integers(1, 50))
def test_alternate_trains_one_side_per_block(step, block):
    sides = {p.side for p in Plan("alternate", SIDES, 2, block, 0).portions(step)}
    assert sides == {"AB"[step // block % 2]}


@given(st.integers(0, 10**9), batches)
def test_halves_partition_a_step(step, batch):
    whole = {p.side: p for p in Plan("joint", SIDES, batch, 0, 0).portions(step)}
    halves = Plan("joint_half", SIDES, batch, 0, 0).portions(step)
    assert [p.side for p in halves] == ["A", "B", "A", "B"]
    for side, p in whole.items():
        parts = [range(h.first, h.first + h.samples) for h in halves if h.side == side]
        assert [i for part in parts for i in part] == list(range(p.first, p.first + p.samples))
        assert len(set(map(len, parts))) == 1


def test_random_is_fair_reproducible_and_drawn_per_step():
    def firsts(seed):
        return [Plan("random", SIDES, 4, 0, seed).portions(step)[0].side for step in range(2000)]

    a = firsts(0)
    assert a == firsts(0)
    assert a != firsts(1)
    assert 900 < a.count("A") < 1100  # 4.5 standard deviations
    repeats = sum(x == y for x, y in itertools.pairwise(a))
    assert 900 < repeats < 1100


def test_random_has_every_order_of_three_sides_equally_often():
    seen = Counter(
        "".join(portion.side for portion in Plan("random", tuple("ABC"), 4).portions(step)) for step in range(3000)
    )
    assert seen.keys() == set(map("".join, itertools.permutations("ABC")))
    assert all(400 < count < 600 for count in seen.values())  # 4.9 standard deviations


def updates(order, worst_first=None, sides=SIDES):
    asked = {"worst_first": worst_first} if worst_first else {}
    return [
        (" ".join(p.side for p in update.portions), update.summed, update.only_last)
        for update in Plan(order, sides, batch=4, block=3).updates(0, **asked)
    ]


EACH, SUM, LAST = (False, False), (True, False), (False, True)


@pytest.mark.parametrize(
    ("order", "sides", "due"),
    [
        ("a_then_b", "ABC", [("A", *EACH), ("B", *EACH), ("C", *EACH)]),
        ("b_then_a", "ABC", [("C", *EACH), ("B", *EACH), ("A", *EACH)]),
        ("joint", "ABC", [("A B C", *SUM)]),
        ("joint_half", "AB", [("A B", *SUM), ("A B", *SUM)]),
        ("accumulate", "ABC", [("A B C", *EACH)]),
        ("only_a", "ABC", [("A", *EACH)]),
        ("only_b", "ABC", [("B", *EACH)]),
        ("alternate", "ABC", [("A", *EACH)] * 3),
    ],
)
def test_orders_update_by_update(order, sides, due):
    assert updates(order, sides=tuple(sides)) == due


def test_worse_first_asks_for_the_order_and_its_samples_do_not_depend_on_it():
    assert updates("worse_first", lambda portions: portions[::-1]) == [("B", *EACH), ("A", *EACH)]
    assert updates("worse_first") == [("A", *EACH), ("B", *EACH)]


@pytest.mark.parametrize("people", [2, 3, 5])
def test_a_then_the_others_alone_trains_whole_sides_one_after_another(people):
    sides, block = sides_of(people), 4
    plan = Plan("a_then_b_alone", sides, batch=2, block=block)
    for step in range(people * block):
        seen = [(p.side, update.only_last) for update in plan.updates(step) for p in update.portions]
        assert seen == [(sides[step // block], step >= block)] * people


def test_what_reaches_all_sides_at_once():
    reaching = [order for order in ORDERS if Plan(order, SIDES, 4).reaches_all]
    assert reaching == ["joint", "joint_half"]
