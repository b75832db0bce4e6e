"""The people whom a seed draws from a population, and what is known of them.

A population is a declared range of ``person-<n>``, in an order drawn once for all. Group k is the next people in that
order whom nobody has drawn: without restrictions, seed k of two sides has the people at places 2k and 2k + 1. So no one
is in two groups, and every arm has the same people at the same seed. When a population is used up it begins again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

from faceswap_lab.data.faces import sides_of
from faceswap_lab.randomness import stream
from faceswap_lab.twins import Identity, identity
from faceswap_lab.twins.likeness import colour_difference, lightness, shape_difference

JUDGES_OWN = {"person": range(10_000, 10_256), "random": range(70_000_000, 70_002_000)}
"""Numbers of people that the judge of identities knows, as strangers or from its training (scripts/train_reader.py)."""

POPULATIONS = {"development": range(5_000), "confirmation": range(5_000, 10_000)}
"""Numbers of ``person-<n>``; those of 10,000 and more belong to nobody, and may train instruments of judgement."""

EXTRA = 6
"""The most people beside those of a group; a population has enough for 625 groups of two people each."""

# About a third of all pairs, or people, lies below the first number and a third above the second.
_SKIN_LIGHTNESS = (54.0, 65.0)  # L*
_SKIN_DIFFERENCE = (8.8, 18.0)  # ΔE*ab
_SHAPE_DIFFERENCE = (4.6, 6.6)  # millimetres


@dataclass(frozen=True)
class Restriction:
    """Who is drawn. "any" restricts nothing.

    Attributes:
        glasses: "none" or "all" wear them.
        beard: "none" or "all" have one.
        hair: "none", "short" or "long" for all, see ``hair_of``.
        skin: "light" or "dark" for all, a third of the people each; "alike" or "different" of two people, a third of
            the pairs each.
        likeness: "alike" or "unlike" of the shape of two people's faces, a third of the pairs each.
    """

    glasses: str = "any"
    beard: str = "any"
    hair: str = "any"
    skin: str = "any"
    likeness: str = "any"

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in asdict(self).items() if value != "any")

    def allows(self, person: Identity) -> bool:
        """Tell whether a person may be drawn."""
        skin = lightness(person.skin)
        return (
            self.glasses in ("any", "all" if person.glasses else "none")
            and self.beard in ("any", "all" if person.beard else "none")
            and self.hair in ("any", hair_of(person))
            and (self.skin != "dark" or skin <= _SKIN_LIGHTNESS[0])
            and (self.skin != "light" or skin >= _SKIN_LIGHTNESS[1])
        )

    def fits(self, one: Identity, other: Identity) -> bool:
        """Tell whether two people may be drawn together."""
        if self.skin in ("alike", "different"):
            apart = colour_difference(one.skin, other.skin)
            if not (apart <= _SKIN_DIFFERENCE[0] if self.skin == "alike" else apart >= _SKIN_DIFFERENCE[1]):
                return False
        if self.likeness == "any":
            return True
        apart = shape_difference(one, other)
        return apart <= _SHAPE_DIFFERENCE[0] if self.likeness == "alike" else apart >= _SHAPE_DIFFERENCE[1]


def known_to_the_judge(name: str) -> bool:
    """Tell whether somebody of that name would be judged by a network that has met them."""
    family, _, number = name.partition("-")
    return number.isdecimal() and int(number) in JUDGES_OWN.get(family, ())


def drawn_people(population: str, group: int, sides: int = 2, restriction: Restriction = Restriction()) -> list[str]:
    """Return the names of the people of a group, A first: 2 to 26 of them.

    Raises:
        ValueError: so many people as are asked for are not in the population.
    """
    found = list(islice(_groups(population, len(sides_of(sides)), restriction), group + 1))
    if not found:
        raise ValueError(
            f"population={population} has no {sides} people with {restriction}; leave one of these at 'any'"
        )
    return found[group % len(found)]  # it is the last one, or there are not so many


def extra_people(
    population: str, group: int, count: int, sides: int = 2, restriction: Restriction = Restriction()
) -> list[str]:
    """Return the names of people who are trained beside those of a group: fewer of them are the first of more.

    They come from the other end of the population's order, ``EXTRA`` for each group, so that a group has the same
    people with and without them. How alike they are to anybody is not asked.

    Raises:
        ValueError: so many people as are asked for, whom no group up to this one has, are not in the population.
    """
    if not count:
        return []
    wanted = group * EXTRA + count
    others = [name for name, _ in islice(_allowed(population, restriction, backwards=True), wanted)]
    drawn = set(chain.from_iterable(islice(_groups(population, sides, restriction), group + 1)))
    if len(others) < wanted or not drawn.isdisjoint(others):
        raise ValueError(
            f"population={population}, group {group}: no {count} people more are left (a group takes {sides} of the "
            f"{len(POPULATIONS[population]):,}, and {EXTRA} more). Take a smaller seed"
            f"{f', or leave {restriction} out' if restriction != Restriction() else ''}"
        )
    return others[-count:]


def described_people(names: Sequence[str]) -> dict[str, Any]:
    """Return what is known of rendered people, in JSON's types: what an effect may go with.

    Args:
        names: who is A, B, C, …

    Returns:
        ``sides``: by side a dict of ``name``; ``skin_lightness`` and ``hair_lightness`` (L* of CIELAB, 0 to 100);
        ``hair`` ("none", "short" or "long"); ``glasses`` and ``beard`` (whether there are).
        ``pair``: of A and B ``shape_difference_mm`` (root mean square over the face, in millimetres);
        ``skin_difference`` and ``hair_difference`` (ΔE*ab of the colours, 0 to about 100).
    """
    people = {side: identity(name) for side, name in zip(sides_of(len(names)), names, strict=True)}
    a, b = people["A"], people["B"]
    return {
        "sides": {
            side: {
                "name": name,
                "skin_lightness": round(lightness(person.skin), 1),
                "hair_lightness": round(lightness(person.hair), 1),
                "hair": hair_of(person),
                "glasses": person.glasses is not None,
                "beard": person.beard > 0,
            }
            for (side, person), name in zip(people.items(), names)
        },
        "pair": {
            "shape_difference_mm": round(shape_difference(a, b), 2),
            "skin_difference": round(colour_difference(a.skin, b.skin), 1),
            "hair_difference": round(colour_difference(a.hair, b.hair), 1),
        },
    }


def hair_of(person: Identity) -> str:
    """Return "none" for a bald head, "long" for parted hair, which falls beside the face, and else "short"."""
    if person.bald:
        return "none"
    return "long" if person.hair_style == "parted" else "short"


def _allowed(population: str, restriction: Restriction, backwards: bool = False) -> Iterator[tuple[str, Identity]]:
    """Yield those of a population who may be drawn, in its order."""
    members = POPULATIONS[population]
    order = stream(0, "population", population).permutation(len(members))
    for place in order[::-1] if backwards else order:
        name = f"person-{members[int(place)]}"
        if restriction.allows(person := identity(name)):
            yield name, person


def _groups(population: str, sides: int, restriction: Restriction) -> Iterator[list[str]]:
    """Yield groups of different people for as long as there are any."""
    fresh = _allowed(population, restriction)
    passed: list[tuple[str, Identity]] = []  # over, for want of a likeness; first in the next group
    while True:
        group: list[tuple[str, Identity]] = []
        others, waiting = [], iter(passed)
        for candidate in chain(waiting, fresh):
            if all(restriction.fits(candidate[1], person) for _, person in group):
                group.append(candidate)
            else:
                others.append(candidate)
            if len(group) == sides:
                yield [name for name, _ in group]
                break
        else:
            if len(group) < 2 and not others:
                return
            group = group[1:]  # nobody fits the first: on without them
            others += group
        passed = [*others, *waiting]
