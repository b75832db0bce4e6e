import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.randomness import stream
from faceswap_lab.twins import STATE_FIELDS, State, sample_state, state_vector

seeds = st.integers(0, 10_000)


@given(seeds)
def test_same_generator_gives_the_same_state(seed):
    assert sample_state(stream(seed, "state")) == sample_state(stream(seed, "state"))


@given(seeds)
def test_options_change_only_what_they_ask_for(seed):
    free = sample_state(stream(seed, "state"))
    for option, field in (("pose", "yaw"), ("light", "light_azimuth")):
        for side, sign in (("left", -1), ("right", 1)):
            held = sample_state(stream(seed, "state"), **{option: side})
            assert getattr(held, field) * sign >= 0
            assert abs(getattr(held, field)) == abs(getattr(free, field))
            assert dataclasses.replace(held, **{field: getattr(free, field)}) == free
    room = sample_state(stream(seed, "state"), background=5)
    assert dataclasses.replace(room, background=free.background) == free
    assert room.background == 5


def test_vector_follows_the_fields_and_loses_nothing_of_the_seed():
    state = sample_state(stream(1, "state"))
    vector = state_vector(state)
    assert vector.dtype == np.float32
    assert vector.shape == (len(STATE_FIELDS),)
    assert vector[STATE_FIELDS.index("yaw")] == np.float32(state.yaw)
    assert int(vector[STATE_FIELDS.index("background")]) == state.background
    assert [field.name for field in dataclasses.fields(State)] == list(STATE_FIELDS)


def test_unknown_side_is_refused_by_name():
    with pytest.raises(ValueError, match=r"pose='up': must be one of 'any', 'left', 'right'"):
        sample_state(stream(0, "state"), pose="up")


def test_states_are_mostly_frontal_but_vary_in_everything():
    states = np.stack([state_vector(sample_state(stream(3, "state", k))) for k in range(300)])
    yaw = states[:, STATE_FIELDS.index("yaw")]
    assert np.abs(yaw).max() <= np.float32(0.7)
    assert 0.5 < (np.abs(yaw) < 0.3).mean() < 0.9
    constant = {"background_contrast"}
    for name, column in zip(STATE_FIELDS, states.T):
        assert (column.std() > 0) == (name not in constant), name
