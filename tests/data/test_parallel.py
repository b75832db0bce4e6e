"""Mapping in order without running ahead."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.parallel import ordered_map


@given(items=st.lists(st.integers(0, 20), max_size=30), threads=st.integers(1, 4), ahead=st.integers(1, 9))
@settings(max_examples=30)
def test_results_come_in_order_and_few_at_a_time(items, threads, ahead):
    begun, consumed, most = 0, 0, 0
    lock = threading.Lock()

    def square(x: int) -> int:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - consumed)
        time.sleep(x * 1e-5)
        return x * x

    results = []
    with ThreadPoolExecutor(threads) as executor:
        for result in ordered_map(executor, square, items, ahead=ahead):
            results.append(result)
            with lock:
                consumed += 1
    assert results == [x * x for x in items]
    assert most <= ahead


def test_an_error_arrives_in_its_turn_and_the_rest_is_not_begun():
    begun = []

    def fail_at_three(x: int) -> int:
        begun.append(x)
        if x == 3:
            raise KeyError(x)
        return x

    results = []
    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyError):
        results.extend(ordered_map(executor, fail_at_three, range(100), ahead=4))
    assert len(begun) < 10
