"""Who is drawn: the same people for a seed in every process, nobody twice, the populations apart, restrictions kept."""

import json
import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.people import (
    EXTRA,
    POPULATIONS,
    Restriction,
    described_people,
    drawn_people,
    extra_people,
    hair_of,
)
from faceswap_lab.twins import identity
from faceswap_lab.twins.likeness import colour_difference, lightness, shape_difference

RESTRICTIONS = st.builds(
    Restriction,
    glasses=st.sampled_from(["any", "none", "all"]),
    beard=st.sampled_from(["any", "none", "all"]),
    hair=st.sampled_from(["any", "none", "short", "long"]),
    skin=st.sampled_from(["any", "light", "dark", "alike", "different"]),
    likeness=st.sampled_from(["any", "alike", "unlike"]),
)
NAMES = st.sampled_from(sorted(POPULATIONS))


def test_populations_share_nobody():
    members = [set(numbers) for numbers in POPULATIONS.values()]
    assert all(not one & other for one, other in combinations(members, 2))
    assert all(len(numbers) >= 2000 for numbers in members)


@settings(max_examples=25)
@given(NAMES, st.integers(0, 30), st.integers(2, 6))
def test_groups_share_nobody_and_stay_in_their_population(population, group, sides):
    before, these = (drawn_people(population, k, sides) for k in (group, group + 1))
    assert len({*before, *these}) == 2 * sides
    assert all(int(name.removeprefix("person-")) in POPULATIONS[population] for name in (*before, *these))


@settings(max_examples=25)
@given(NAMES, st.integers(0, 30), st.integers(0, EXTRA), st.integers(2, 4))
def test_extra_people_are_nobody_elses_and_fewer_are_the_first_of_more(population, group, count, sides):
    pairs = {name for k in range(32) for name in drawn_people(population, k, sides)}
    these = extra_people(population, group, count, sides)
    assert len({*these, *extra_people(population, group + 1, EXTRA, sides), *pairs}) == count + EXTRA + len(pairs)
    assert these == extra_people(population, group, EXTRA, sides)[:count]
    assert all(int(name.removeprefix("person-")) in POPULATIONS[population] for name in these)


def test_extra_people_obey_a_restriction_and_are_refused_where_there_are_not_so_many():
    glasses = Restriction(glasses="all")
    assert all(identity(name).glasses for name in extra_people("development", 1, EXTRA, restriction=glasses))
    with pytest.raises(ValueError, match="population=development, group 900: no 6 people more are left"):
        extra_people("development", 900, EXTRA)


def test_groups_with_extra_people_share_nobody_until_they_are_refused_for_want_of_people():
    few = Restriction(beard="all", skin="dark")
    allowed = sum(few.allows(identity(f"person-{number}")) for number in POPULATIONS["development"])
    groups, seen = allowed // (3 + EXTRA), set[str]()
    assert groups > 5
    for group in range(groups):
        these = [*extra_people("development", group, EXTRA, 3, few), *drawn_people("development", group, 3, few)]
        assert len({*these, *seen}) == len(these) + len(seen)
        seen.update(these)
    with pytest.raises(ValueError, match=f"group {groups}: no 6 people more are left .*beard=all skin=dark"):
        extra_people("development", groups, EXTRA, 3, few)
    assert len(extra_people("development", 624, EXTRA)) == EXTRA
    with pytest.raises(ValueError, match=r"group 625: no 6 people more are left \(a group takes 2 of the 5,000, and 6"):
        extra_people("development", 625, EXTRA)


@settings(max_examples=20)
@given(NAMES, RESTRICTIONS, st.integers(0, 5))
def test_restrictions_hold_and_nobody_is_drawn_twice(population, restriction, most):
    try:
        groups = [tuple(drawn_people(population, k, 2, restriction)) for k in range(most + 1)]
    except ValueError:  # then there are no such two
        people = (identity(f"person-{number}") for number in POPULATIONS[population])
        allowed = [person for person in people if restriction.allows(person)]
        assert not any(restriction.fits(one, other) for one, other in combinations(allowed, 2))
        return
    everybody = [name for group in dict.fromkeys(groups) for name in group]  # few are like that: then they begin again
    assert len(set(everybody)) == len(everybody)
    for a, b in (map(identity, group) for group in groups):
        for person in (a, b):
            assert restriction.glasses in ("any", "all" if person.glasses else "none")
            assert restriction.beard in ("any", "all" if person.beard else "none")
            assert restriction.hair in ("any", hair_of(person))
            if restriction.skin in ("light", "dark"):
                assert (lightness(person.skin) > 60) == (restriction.skin == "light")
        skin, shape = colour_difference(a.skin, b.skin), shape_difference(a, b)
        if restriction.skin in ("alike", "different"):
            assert (skin > 13) == (restriction.skin == "different")
        if restriction.likeness != "any":
            assert (shape > 5.6) == (restriction.likeness == "unlike")


def test_too_few_people_are_refused_with_the_restriction():
    nobody = Restriction(glasses="all", beard="all", hair="none", skin="dark")
    with pytest.raises(ValueError, match="no 26 people with glasses=all beard=all hair=none skin=dark; leave one"):
        drawn_people("development", 0, 26, nobody)


def test_a_population_that_is_used_up_begins_again():
    few = Restriction(glasses="all", beard="all", hair="long")
    groups = [tuple(drawn_people("development", k, 2, few)) for k in range(12)]
    different = len(set(groups))
    assert 1 < different < 12
    assert groups == [groups[k % different] for k in range(12)]


def test_the_people_of_a_seed_are_those_that_evidence_names():
    """Written down once: whoever is drawn for a seed is in the evidence under its name."""
    assert extra_people("development", 0, 2) == ["person-689", "person-1113"]
    assert extra_people("confirmation", 15, 2, restriction=Restriction(beard="none")) == ["person-6064", "person-9119"]
    assert drawn_people("development", 0) == ["person-1654", "person-1760"]
    assert drawn_people("development", 15) == ["person-257", "person-1355"]
    assert drawn_people("confirmation", 0) == ["person-8333", "person-5581"]
    other = "from faceswap_lab.data.people import drawn_people; print(drawn_people('confirmation', 7))"
    said = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(drawn_people("confirmation", 7))


def test_what_is_known_of_people_is_told():
    told = described_people(["dai", "cleo", "eli"])
    assert json.loads(json.dumps(told)) == told
    dai, cleo, eli = (told["sides"][side] for side in "ABC")
    assert [person["name"] for person in (dai, cleo, eli)] == ["dai", "cleo", "eli"]
    assert [person["glasses"] for person in (dai, cleo, eli)] == [True, False, False]
    assert [person["beard"] for person in (dai, cleo, eli)] == [False, False, True]
    assert [person["hair"] for person in (dai, cleo, eli)] == ["short", "short", "none"]
    assert dai["skin_lightness"] > cleo["skin_lightness"] + 20
    assert set(told["pair"]) == {"shape_difference_mm", "skin_difference", "hair_difference"}
    assert told["pair"] == described_people(["cleo", "dai"])["pair"]
    alike = described_people(["person-3", "person-3"])["pair"]
    assert set(alike.values()) == {0}


@pytest.mark.parametrize("sides", [1, 27])
def test_a_swap_needs_two_to_twenty_six_people(sides):
    with pytest.raises(ValueError, match="there must be 2 to 26"):
        drawn_people("development", 0, sides)
