import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies import digits

NUMBERS = st.floats(-1e9, 1e9)
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def read(text: str) -> float:
    """Read a number as a person does."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    mantissa, _, exponent = text.replace("−", "-").replace(",", "").partition(" × 10")
    return float(mantissa) * 10 ** int(exponent.translate(raised) or 0)


@given(NUMBERS, st.integers(0, 6), st.booleans())
def test_a_number_is_within_half_a_unit_of_its_last_place(value: float, places: int, sign: bool) -> None:
    text = digits.fixed(value, places, sign=sign)
    assert read(text) == pytest.approx(value, abs=0.5 * 10**-places * (1 + 1e-6) + 1e-6)
    assert text not in ("−0", "+0")
    assert not (read(text) == 0 and text[0] in "−+")
    assert "-" not in text  # a hyphen is no minus


@given(NUMBERS)
def test_three_significant_digits(value: float) -> None:
    assert read(digits.general(value)) == pytest.approx(value, rel=5.001e-3)


@given(st.floats(1e-4, 1e4))
def test_places_show_two_digits_of_the_noise(scale: float) -> None:
    unit = 10.0 ** -digits.places(scale)
    assert digits.places(scale) == 0 or 10 - 1e-9 <= scale / unit < 100 + 1e-9


@pytest.mark.parametrize("scale", [None, 0.0, math.nan, math.inf])
def test_unknown_noise_has_three_places(scale: float | None) -> None:
    assert digits.places(scale) == 3


@given(ANYTHING, ANYTHING)
def test_what_is_not_finite_is_not_known(low: float, high: float) -> None:
    of = (digits.general, digits.percent, digits.p_value, digits.duration)
    said = [digits.fixed(low, 3), digits.effect(low, -1, 1), *(one(low) for one in of)]
    if not math.isfinite(low):
        assert set(said) == {"not known"}
    both = digits.interval(low, high, 3)
    assert (both == "not known") == (not (math.isfinite(low) and math.isfinite(high)))


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "1"), (0.03125, "0.031"), (0.0039, "0.0039"), (0.5, "0.50"), (1e-7, "< 0.0001")]
)
def test_p_values(p: float, text: str) -> None:
    assert digits.p_value(p) == text


def test_large_and_small_things() -> None:
    assert [digits.parameters(n) for n in (None, 812, 453_210, 82_062_470)] == ["not known", "812", "453 k", "82.06 M"]
    assert [digits.duration(s) for s in (41.4, 200, 7325)] == ["41 s", "3 min 20 s", "2 h 2 min"]
    assert digits.general(2.1e-5) == "2.10 × 10⁻⁵"
