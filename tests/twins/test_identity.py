import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.twins import PRESETS, identity
from faceswap_lab.twins.pack import head_pack


def test_presets_are_many_distinct_short_lower_case_names():
    assert len(PRESETS) >= 8
    assert all(name.isalpha() and name == name.lower() and len(name) <= 6 for name in PRESETS)
    assert len({identity(name) for name in PRESETS}) == len(PRESETS)


def _shapes_exist(person):
    shapes = head_pack().shapes
    return all(name in shapes or {name + "+", name + "-"} <= set(shapes) for name, _ in person.shape)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_use_shapes_of_the_pack(name):
    assert _shapes_exist(identity(name))


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_random_people_are_reproducible_moderate_and_coloured_like_people(seed):
    person = identity(f"random-{seed}")
    assert person == identity(f"random-{seed}")
    assert _shapes_exist(person)
    weights = dict(person.shape)
    assert all(abs(w) <= 1.0 for w in weights.values())
    details = [abs(w) for n, w in weights.items() if not n.startswith(("mean_", "aged_", "outline_"))]
    assert np.mean(details) < 0.35  # no caricatures
    for field in dataclasses.fields(person):
        if field.type in ("Colour", "Colour | None"):
            colour = getattr(person, field.name)
            assert colour is None or all(0 <= c <= 255 for c in colour)


def test_random_people_differ():
    people = [identity(f"random-{k}") for k in range(50)]
    assert len({person.shape for person in people}) == 50
    assert {person.hair_style for person in people} == {"cropped", "short", "swept", "parted", "curly"}
    assert 0 < sum(person.bald for person in people) < 15


@pytest.mark.parametrize(
    ("name", "nearest"), [("adda", "ada"), ("Ben", "ben"), ("random", "random-1"), ("random-x", "random-1"), ("", None)]
)
def test_unknown_name_is_refused_with_the_names_and_the_nearest(name, nearest):
    with pytest.raises(ValueError, match="unknown identity") as refused:
        identity(name)
    message = str(refused.value)
    assert repr(name) in message
    assert all(preset in message for preset in PRESETS)
    assert nearest is None or f"did you mean {nearest!r}" in message
