"""What ``order_effect.measure`` found, in sentences for a person, with the numbers that carry them."""

import math
from collections.abc import Callable, Mapping
from typing import Any


def sentences(found: Mapping[str, Any]) -> list[str]:
    """Return the findings, most important first.

    Args:
        found: as ``order_effect.measure`` returns it, but for ``says``.
    """
    said = [_one_step(found["one_step"]), *_why(found), *_clock(found), *_descent(found), *_controls(found)]
    return said + [_growth(row, found["seeds"]) for row in found["growth"][-1:]]


def _one_step(groups: Mapping[str, Any]) -> str:
    equal = [name for name, of_group in groups.items() if of_group["largest"] == 0]
    if len(equal) == len(groups):
        return "One step from equal states ends in the same state in both orders, bit for bit."
    also = f" {_listed(equal)}: bit for bit equal." if equal else ""
    return (
        "One step from equal states ends in different states in the two orders. Their distance, as a share of the way "
        f"that A then B goes in it: {_each(groups, 'relative', _share)}. The largest difference of one weight: "
        f"{_each(groups, 'largest', _short)}, where the largest update of one is "
        f"{_each(groups, 'largest_update', _short)}.{also}"
    )


def _why(found: Mapping[str, Any]) -> list[str]:
    """Say which gradients are taken where: it explains what is equal and what is not."""
    forth, back = found["first_losses"]["a_then_b"], found["first_losses"]["b_then_a"]
    if forth == back:
        return ["Both losses of that step are the same in both orders: neither side's update reaches the other's loss."]
    return [
        "The side that comes first has its gradient taken at the equal start, the other at the encoder that the first "
        f"has just moved: loss_A is {forth['A']:.4f} when A comes first and {back['A']:.4f} when B does, loss_B "
        f"{back['B']:.4f} and {forth['B']:.4f}. So neither decoder is promised to be equal."
    ]


def _clock(found: Mapping[str, Any]) -> list[str]:
    if found["optimizer"] != "keras_2018":
        return []
    ratio = math.sqrt(1 + found["beta2"]) / (1 + found["beta1"])  # of Adam's first step at t = 2 to that at t = 1
    return [
        "Adam's step counter is shared by both sides: in the first step the side that comes second moves "
        f"{ratio:.3f} times as far as it would if it came first, whatever its gradient."
    ]


def _descent(found: Mapping[str, Any]) -> list[str]:
    """Say that without optimizer state the effect is of second order in the learning rate."""
    rates = [v for v in found["one_step_variants"] if v["optimizer"] == "sgd"]
    if not all(v["unequal"] for v in rates):
        return []
    shares = [max(g["relative"] or 0.0 for g in v["groups"].values()) for v in rates]
    as_text = " and ".join(f"{_share(share)} at lr {v['lr']:g}" for share, v in zip(shares, rates))
    said = (
        "Under plain gradient descent, which keeps no state, the distance shrinks with the learning rate: it is at "
        f"most {as_text} of the way that a group goes."
    )
    if found["optimizer_name"] == "adam":
        said += (
            " Adam's first step has the size lr whatever the size of the gradient: wherever the other side's update "
            "turns a gradient's sign, the weight goes a whole step the other way."
        )
    return [said]


def _controls(found: Mapping[str, Any]) -> list[str]:
    orders = [v for v in found["one_step_variants"] if v["update_order"] in ("accumulate", "joint")]
    as_text = ", ".join(f"{v['update_order']} {_farthest_of(v)}" for v in orders)
    return [
        "Where both gradients are taken at the start, the order of the sides changes nothing but rounding (distance, "
        f"as a share of the way: {as_text})."
    ]


def _farthest_of(variant: Mapping[str, Any]) -> str:
    return _share(_farthest(variant["groups"])) if variant["unequal"] else "exactly 0"


def _growth(row: Mapping[str, Any], seeds: list[int]) -> str:
    names = {
        "orders": "the two orders",
        "draws": "two draws of the samples from one start",
        "rounding": "two starts one rounding apart",
        "seeds": f"seeds {seeds[0]} and {seeds[1]}",
    }
    weights = ", ".join(f"{said} {_share(_farthest(row[name]))}" for name, said in names.items())
    levels = ", ".join(f"{255 * row['outputs'][name]:.2g}" for name in names)
    return (
        f"After {row['step']:,} steps the weights are apart, as a share of the way that A then B went (the group that "
        f"is farthest): {weights}. Their held-out swaps differ on average by {levels} levels of 255, in that order."
    )


def _farthest(groups: Mapping[str, Any]) -> float | None:
    shares = [g["relative"] for g in groups.values()]
    return None if None in shares else max(shares)


def _each(groups: Mapping[str, Any], key: str, as_text: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {as_text(of_group[key])}" for name, of_group in groups.items())


def _short(value: float) -> str:
    return f"{value:.2g}"


def _share(relative: float | None) -> str:
    if relative is None:
        return "without measure"
    return f"{100 * relative:.2g} %" if relative < 1 else f"{relative:.3g} times"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
