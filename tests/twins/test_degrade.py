import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.randomness import stream
from faceswap_lab.twins import State, degrade, render


@pytest.fixture(scope="module")
def picture(gus):
    return render(gus, State(background=3), 64).image


def test_nothing_at_strength_zero_and_the_original_is_kept(picture):
    before = picture.copy()
    unchanged = degrade(picture, stream(0, "sensor"), 0.0)
    assert np.array_equal(unchanged, before)
    assert unchanged is not picture
    degrade(picture, stream(0, "sensor"), 1.0)
    assert np.array_equal(picture, before)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), strength=st.floats(0, 1))
def test_reproducible_and_still_the_same_picture(picture, seed, strength):
    once, again = (degrade(picture, stream(seed, "sensor"), strength) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.dtype == np.uint8
    assert np.abs(once.astype(float) - picture).mean() < 12


def test_error_grows_with_strength(picture):
    def error(strength):
        runs = [degrade(picture, stream(k, "sensor"), strength).astype(float) - picture for k in range(20)]
        return np.abs(runs).mean()

    assert 0 < error(0.2) < error(0.5) < error(1.0)


def test_draws_do_not_depend_on_the_strength(picture):
    after = []
    for strength in (0.0, 1.0):
        rng = stream(4, "sensor")
        degrade(picture, rng, strength)
        after.append(rng.random())
    assert after[0] == after[1]


@pytest.mark.parametrize("strength", [-0.1, 1.5])
def test_strength_out_of_bounds_is_refused(picture, strength):
    with pytest.raises(ValueError, match=f"strength={strength}"):
        degrade(picture, stream(0, "sensor"), strength)
