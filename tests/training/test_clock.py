"""Runs that are trained at once share their time out: together they have taken what the clock on the wall says."""

import math
import time

import pytest

from faceswap_lab.training.clock import Clock


@pytest.fixture
def wall(monkeypatch):
    at = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    return at


def test_a_run_alone_has_all_the_time_and_that_of_earlier_sessions(wall):
    clock = Clock(5.0)
    wall[0] += 3
    assert clock.read() == 8


def test_shares_add_up_to_the_whole(wall):
    clocks = [Clock(), Clock(), Clock()]
    for clock in clocks:
        clock.share(3)
    wall[0] += 6
    lost = clocks.pop().read()  # one of them ends here
    for clock in clocks:
        clock.share(2)
    wall[0] += 10
    for clock in clocks:
        clock.share(math.inf)
    wall[0] += 100  # is nobody's
    assert lost == 2
    assert [clock.read() for clock in clocks] == [7, 7]
