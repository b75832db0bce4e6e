"""People by name."""

from collections.abc import Callable

from faceswap_lab.refusal import nearest
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.person import person
from faceswap_lab.twins.presets import IDENTITIES
from faceswap_lab.twins.random_identity import random_identity

PRESETS: tuple[str, ...] = tuple(IDENTITIES)
FAMILIES: dict[str, Callable[[int], Identity]] = {
    "person": person,
    "random": random_identity,
}  # and a whole number each: person-7


def identity(name: str) -> Identity:
    """Look up a person.

    Args:
        name: one of ``PRESETS``; or "person-<n>" with a whole number >= 0 for one of the people whom studies draw
            from; or "random-<seed>" for one of those drawn by an older recipe.

    Returns:
        The identity; the same name always gives the same person.

    Raises:
        ValueError: nobody has this name; the message lists the names and the nearest one.
    """
    if name in IDENTITIES:
        return IDENTITIES[name]
    family, _, number = name.partition("-")
    if family in FAMILIES and number.isascii() and number.isdigit():
        return FAMILIES[family](int(number))
    raise ValueError(
        f"unknown identity {name!r}.{nearest(name, (*PRESETS, *(f'{family}-1' for family in FAMILIES)))} Known: "
        f"{', '.join(PRESETS)}, person-<n> such as person-1, and random-<seed> such as random-1."
    )
