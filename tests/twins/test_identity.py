import dataclasses
import hashlib
import json

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


@given(st.sampled_from(["random", "person"]), st.integers(0, 10**9))
def test_random_people_are_reproducible_moderate_and_coloured_like_people(family, seed):
    person = identity(f"{family}-{seed}")
    assert person == identity(f"{family}-{seed}")
    assert _shapes_exist(person)
    weights = dict(person.shape)
    assert all(abs(w) <= 1.0 for w in weights.values())
    details = [abs(w) for n, w in weights.items() if not n.startswith(("mean_", "aged_", "outline_"))]
    assert np.mean(details) < 0.35  # no caricatures
    for field in dataclasses.fields(person):
        if field.type in ("Colour", "Colour | None"):
            colour = getattr(person, field.name)
            assert colour is None or all(0 <= c <= 255 for c in colour)


@pytest.mark.parametrize("family", ["random", "person"])
def test_random_people_differ(family):
    people = [identity(f"{family}-{k}") for k in range(50)]
    assert len({person.shape for person in people}) == 50
    assert {person.hair_style for person in people} == {"cropped", "short", "swept", "parted", "curly"}
    assert 0 < sum(person.bald for person in people) < 15


@pytest.mark.parametrize(
    ("names", "stored"),
    [
        (PRESETS, "eb9b06b4954e77f0"),
        ([f"random-{k}" for k in range(200)], "967adae3fb018dc4"),
        ([f"person-{k}" for k in (*range(100), *range(5000, 5100))], "d56f776ad1e4ff71"),
    ],
)
def test_nobody_changes(names, stored):
    """Runs and evidence know people by name. The first two were stored before there was a person-<n>."""
    told = json.dumps([dataclasses.asdict(identity(name)) for name in names], sort_keys=True)
    rounded = json.loads(told, parse_float=lambda digits: round(float(digits), 9))
    assert hashlib.sha256(json.dumps(rounded, sort_keys=True).encode()).hexdigest()[:16] == stored


@settings(max_examples=200)
@given(st.integers(0, 10**6))
def test_a_person_hangs_together(number):
    person = identity(f"person-{number}")
    feminine = person.lashes
    assert not feminine or not (person.bald or person.beard or person.stubble)
    assert person.hair_style != "cropped" or person.hair_thickness <= 0.03  # thicker, it is a helmet
    assert person.beard == 0 or (person.beard >= 0.4 and person.stubble >= 0.5)  # a sparse one is pock marks
    assert max(person.cloth) - min(person.cloth) <= 0.5 * max(person.cloth) + 1  # muted
    assert all(channel <= 240 for channel in person.skin)
    assert person.seed > 10**5  # no preset's freckles


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("adda", "ada"),
        ("Ben", "ben"),
        ("random", "random-1"),
        ("random-x", "random-1"),
        ("persn-1", "person-1"),
        ("person-", "person-1"),
        ("", None),
        ("zoe", None),
    ],
)
def test_unknown_name_is_refused_with_the_names_and_the_nearest(name, nearest):
    with pytest.raises(ValueError, match="unknown identity") as refused:
        identity(name)
    message = str(refused.value)
    assert repr(name) in message
    assert all(preset in message for preset in PRESETS)
    assert ("Did you mean" in message) == (nearest is not None)
    assert nearest is None or f"Did you mean {nearest!r}?" in message
