import os
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import Spread, apart, cpu_of_children, interleaved, ratio, timed
from tests.benchmarks.makers import note_in, refuse

seconds = st.lists(st.floats(0.001, 1000), min_size=1, max_size=20)


@given(seconds)
def test_a_spread_is_median_and_quartiles(values):
    spread = Spread.of(values)
    np.testing.assert_allclose((spread.low, spread.median, spread.high), np.percentile(values, (25, 50, 75)))


def test_rivals_take_turns_and_each_round_begins_with_the_next():
    calls = []

    def rival(name):
        return lambda: calls.append(name) or len(calls)

    found = interleaved({name: rival(name) for name in "abc"}, rounds=3, warm_up=1)
    assert "".join(calls) == "abc" + "bca" + "cab" + "abc"
    assert found == {"a": [6, 8, 10], "b": [4, 9, 11], "c": [5, 7, 12]}


def test_a_ratio_is_taken_by_round():
    # the machine is ten times slower in the last round, for both of them
    assert ratio([2.0, 2.2, 20.0], [1.0, 1.0, 10.0]) == Spread(2.0, 2.0, 2.1)


def test_only_the_work_is_timed():
    clock = iter([5.0, 7.5, 100.0, 101.0])
    call = timed(lambda: None, clock=lambda: next(clock))
    assert (call(), call()) == (2.5, 1.0)


def test_childrens_time_counts_theirs_and_not_ours():
    burn = "import time\nwhile time.process_time() < {}: pass"
    before = cpu_of_children()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert cpu_of_children() == before
    child = burn.format(0.2) + f"\nimport subprocess; subprocess.run([{sys.executable!r}, '-c', {burn.format(0.2)!r}])"
    subprocess.run([sys.executable, "-c", child], check=True)
    assert cpu_of_children() - before >= 0.4


def test_rivals_apart_live_in_a_process_each_and_stay_there(tmp_path):
    file = tmp_path / "said"
    with apart({name: partial(note_in, file, name) for name in "ab"}) as rivals:
        found = interleaved(rivals, rounds=2, warm_up=1)
    assert {name: len(values) for name, values in found.items()} == {"a": 2, "b": 2}
    names, processes, times = zip(*(line.split() for line in file.read_text().splitlines()))
    assert "".join(names) == "ab" + "ba" + "ab"
    assert times == ("1", "1", "2", "2", "3", "3")
    assert len({str(os.getpid()), *zip(names, processes)}) == 3


def test_work_that_cannot_be_made_is_an_error():
    with apart({"a": refuse}) as rivals, pytest.raises(BrokenProcessPool):
        rivals["a"]()
