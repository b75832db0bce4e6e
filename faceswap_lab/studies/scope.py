"""Whom and what size a study is about, told from its configuration: a finding on one pair is no finding on people."""

from collections.abc import Mapping
from typing import Any

from faceswap_lab.runs.flat import flat, text_of

_SUCH = {  # of people drawn by the seed, what is asked of them → in words; a group is one pair
    "glasses": {"none": "without glasses", "all": "with glasses"},
    "beard": {"none": "without beards", "all": "with beards"},
    "hair": {"none": "without hair", "short": "with short hair", "long": "with long hair"},
    "skin": {
        "light": "with light skin",
        "dark": "with dark skin",
        "alike": "with skin like the other's",
        "different": "with skin unlike the other's",
    },
    "likeness": {"alike": "with a face shaped like the other's", "unlike": "with a face shaped unlike the other's"},
}


def in_general(config: Mapping[str, Any]) -> bool:
    """Whether every seed brought its own pair of people."""
    data = _data(config)
    return bool(data.get("name") == "people" and data.get("group") is None)  # a group is the same whatever the seed


def such_people(config: Mapping[str, Any]) -> str:
    """Return which of all people were drawn, such as "with glasses, with dark skin"; empty: anybody."""
    data = _data(config)
    asked = ((name, data.get(name)) for name in _SUCH)
    return ", ".join(
        _SUCH[name].get(str(value), f"with {name} {value}") for name, value in asked if value not in (None, "any")
    )


def of_real_people(config: Mapping[str, Any]) -> bool:
    """Whether the faces are a person's own pictures, so that no true swap is known."""
    return bool(_data(config).get("name") == "folders")


def people_of(config: Mapping[str, Any]) -> str:
    """Return whose faces they are, in a few words; empty where the configuration does not tell."""
    data = _data(config)
    if data.get("name") == "people":
        return ", ".join([f"people ({data.get('population')})", *_restricted(data)])
    if data.get("name") == "folders":
        return "real people"  # their folders are labels, and no part of what a run is
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
        counted = f"{pairs} pair{'s' if pairs != 1 else ''}"
        such = such_people(config)
        whom = f"people {such}, and no others" if such else "people in general"
        return f"About {whom}: {counted}, {people}, each seed a pair of its own{at}."
    if of_real_people(config):
        return (
            "About these people only, in real pictures: what holds for others is not asked here. No true swap of "
            f"them is known; networks judge, and docs/judging.md says how far they follow one{at}."
        )
    return f"About one pair only, {people}: what holds for other people is not asked here{at}." if people else ""


def _restricted(data: Mapping[str, Any]) -> list[str]:
    """Return what is asked of the people, such as ``glasses all``."""
    return [f"{name} {data[name]}" for name in ("group", *_SUCH) if data.get(name) not in (None, "any")]


def _data(config: Mapping[str, Any]) -> Mapping[str, Any]:
    data = config.get("data")
    if isinstance(data, Mapping):
        return data
    return {key.removeprefix("data."): value for key, value in config.items() if key.startswith("data.")}
