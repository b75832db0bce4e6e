"""Reading pickles without executing them: plain values come back as pickle itself gives them, nothing else runs."""

import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.pickle_walk import Call, UnreadablePickle, walk

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def nested(leaves: st.SearchStrategy) -> st.SearchStrategy:
    def holding(inner):
        return st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.tuples(inner)

    return st.recursive(leaves, holding, max_leaves=30)


@given(value=nested(LEAVES), protocol=st.integers(0, 2))
@settings(max_examples=100)
def test_plain_values_of_old_pickles_come_back(value, protocol):
    assert walk(pickle.dumps(value, protocol)) == value


@given(value=nested(LEAVES | st.binary()), protocol=st.integers(3, pickle.HIGHEST_PROTOCOL))
@settings(max_examples=100)
def test_plain_values_come_back(value, protocol):
    assert walk(pickle.dumps(value, protocol)) == value


def explode(_: str) -> None:
    pytest.fail("the pickle was executed")


class Bomb:
    def __reduce__(self):
        return explode, ("now",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_would_be_called_is_described_and_not_called(protocol):
    value = walk(pickle.dumps([Bomb(), 1], protocol))
    assert isinstance(value[0], Call)
    assert value[0].name.endswith(".explode")
    assert value[1] == 1


def test_an_array_is_described_with_its_bytes():
    call = walk(pickle.dumps(np.arange(6, dtype=np.uint8).reshape(2, 3), 3))
    assert call.name.endswith("._reconstruct")
    assert call.state[1] == (2, 3)
    assert call.state[4] == bytes(range(6))


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_what_is_no_pickle_is_refused_or_is_plain(data):
    with contextlib.suppress(UnreadablePickle):
        walk(data)


@given(
    data=st.sampled_from([pickle.dumps({"landmarks": [[1.5, 2]] * 3, "n": np.zeros(3)}, p) for p in range(5)]),
    place=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
)
@settings(max_examples=300)
def test_a_corrupted_pickle_ends_in_a_value_or_a_refusal(data, place, value):
    spoilt = bytearray(data)
    spoilt[int(place * len(data))] = value
    with contextlib.suppress(UnreadablePickle):
        walk(bytes(spoilt))


def test_an_index_beyond_all_memory_costs_nothing():
    """pickle's own memo is a list that such an index makes 32 GB long."""
    assert walk(b"\x80\x02Nr\xff\xff\xff\xff.") is None


def test_an_endless_one_is_refused():
    with pytest.raises(UnreadablePickle, match="operations"):
        walk(b"N" * 300_000 + b".")
    with pytest.raises(UnreadablePickle, match=r"not end|exhausted"):
        walk(pickle.dumps([1, 2], 2)[:-1])
