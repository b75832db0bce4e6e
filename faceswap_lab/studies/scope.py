"""Whom and what size a study is about, told from its configuration: a finding on one pair is no finding on people."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from faceswap_lab.runs.flat import flat, text_of


def in_general(config: Mapping[str, Any]) -> bool:
    """Whether every seed brought its own pair of people."""
    data = _data(config)
    return bool(data.get("name") == "people" and data.get("group") is None)  # a group is the same whatever the seed


def of_real_people(config: Mapping[str, Any]) -> bool:
    """Whether the faces are a person's own pictures, so that no true swap is known."""
    return bool(_data(config).get("name") == "folders")


def people_of(config: Mapping[str, Any]) -> str:
    """Return whose faces they are, in a few words; empty where the configuration does not tell."""
    data = _data(config)
    if data.get("name") == "people":
        return ", ".join([f"people ({data.get('population')})", *_restricted(data)])
    if data.get("name") == "folders":
        return " and ".join(_names([str(data.get("a")), str(data.get("b")), *map(str, data.get("more") or ())]))
    names = data.get("identities") or [data.get("identity_a"), data.get("identity_b")]
    return " → ".join(str(name) for name in names) if all(names) else ""


def size_of(config: Mapping[str, Any]) -> str:
    """Return how large the pictures and how long the trainings are; empty where the configuration does not tell."""
    settings = flat(config)
    side, steps = settings.get("model.resolution"), settings.get("training.max_steps")
    widths = settings.get("model.encoder_widths")
    width = f", width {text_of(widths[0])}" if isinstance(widths, list | tuple) and widths else ""
    return f"{side} px{width}, {steps:,} steps" if side and isinstance(steps, int) else ""


def scope_of(config: Mapping[str, Any], pairs: int) -> str:
    """Return the first line of a report: how far its verdicts reach."""
    people, size = people_of(config), size_of(config)
    at = f" ({size})" if size else ""
    if in_general(config):
        return f"About people in general: {pairs} pairs, {people}, each seed a pair of its own{at}."
    if of_real_people(config):
        whom = "two" if not _data(config).get("more") else "few"
        return (
            f"About these {whom} people only, {people}, from real pictures: what holds for others is not asked here. "
            f"No true swap of them is known; networks judge, and docs/judging.md says how far they follow one{at}."
        )
    return f"About one pair only, {people}: what holds for other people is not asked here{at}." if people else ""


def _names(folders: Sequence[str]) -> list[str]:
    """Return the folders' own names, with what lies above them where two are alike: a whole path is nobody's business.

    >>> _names(["/home/me/anna/faces", "/home/me/ben/faces/"]), _names(["anna", "/data/ben"])
    (['anna/faces', 'ben/faces'], ['anna', 'ben'])
    """
    parts = [PurePath(folder).parts for folder in folders]
    deepest = max(map(len, parts))
    for depth in range(1, deepest + 1):
        names = ["/".join(one[-depth:]) for one in parts]
        if len(set(names)) == len(names):
            break
    return names


def _restricted(data: Mapping[str, Any]) -> list[str]:
    """Return what is asked of the people, such as ``glasses all``."""
    restrictions = ("group", "glasses", "beard", "hair", "skin", "likeness")
    return [f"{name} {data[name]}" for name in restrictions if data.get(name) not in (None, "any")]


def _data(config: Mapping[str, Any]) -> Mapping[str, Any]:
    data = config.get("data")
    if isinstance(data, Mapping):
        return data
    return {key.removeprefix("data."): value for key, value in config.items() if key.startswith("data.")}
