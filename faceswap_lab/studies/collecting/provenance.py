"""How the runs of a study were made, and a sentence for whatever is mixed, unfinished or missing."""

import json
from collections.abc import Iterator

from faceswap_lab.runs.flat import flat
from faceswap_lab.studies.collecting.collect import cells_by_fact
from faceswap_lab.studies.collecting.sessions import NO_GIT, THEN
from faceswap_lab.studies.findings import Provenance
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.scope import in_general

Facts = dict[str, dict[str, list[str]]]
_MOST_NAMED = 6  # cells that a warning names one by one
_MOST_VALUES = 3  # beside the most frequent one
_MOST_REASONS = 2
_DECIDES_DATA = ("data.", "model.resolution")
_BUT_NOT = "data.sampler"
_STATES = {  # and what there is to say beside the cells
    "missing": ("Not run yet", "They run when the study's command is repeated."),
    "running": ("Still running", ""),
    "interrupted": ("Interrupted", "Training goes on when its command is repeated."),
    "failed": ("Failed", ""),
    "diverged": ("Diverged", "Their arms' numbers rest on the runs that did not."),
    "damaged": ("With a result that cannot be read", ""),
}


def provenance_of(runs: list[Run]) -> Provenance:
    """Return the facts of all runs that have begun, and warnings on what differs among them.

    Data are compared only among runs that ask for the same data: an arm may be about other ones.
    """
    begun = [run for run in runs if run.folder is not None]
    facts = {name: _most_frequent_first(values) for name, values in cells_by_fact(begun).items()}
    return Provenance(
        facts, [*_unfinished(runs), *_unknown(begun), *_mixed(facts), *_dirty(facts), *_other_data(begun)]
    )


def named(cells: list[str]) -> str:
    """Return cells by name, shortened where they are many."""
    rest = len(cells) - _MOST_NAMED
    return ", ".join(cells[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _most_frequent_first(values: dict[str, list[str]]) -> dict[str, list[str]]:
    return dict(sorted(values.items(), key=lambda item: -len(item[1])))


def _unfinished(runs: list[Run]) -> Iterator[str]:
    """Name all cells that are not finished, state by state; failed, diverged and damaged ones with what they said."""
    for state, (says, remark) in _STATES.items():
        cells = [run for run in runs if run.state == state]
        reasons = list(dict.fromkeys(run.message for run in cells))[:_MOST_REASONS]
        why = f" ({'; '.join(reasons)})" if state in ("failed", "diverged", "damaged") else ""
        if cells:
            names = named([run.name for run in cells])
            yield f"{says} ({len(cells)} of {len(runs)} runs): {names}{why}. {remark}".rstrip()


def _unknown(begun: list[Run]) -> Iterator[str]:
    cells = [run.name for run in begun if not run.facts]
    if cells:
        were = "was" if len(cells) == 1 else "were"
        yield f"How {named(cells)} {were} made is not known: run.json is missing or damaged."


def _mixed(facts: Facts) -> Iterator[str]:
    for name, values in facts.items():
        if len(values) > 1 and name not in ("data", "changes", "plugins"):  # the arms say so themselves
            yield f"Runs differ in {_CALLED.get(name, f'the version of {name}')}: {_shares(values)}."


_CALLED = {
    "commit": "the code's commit", "recipe": "the recipe's version", "cpu": "the processor", "cores": "the cores",
    "threads": "the number of threads", "gpus": "the GPUs", "system": "the operating system", "host": "the machine",
    "sampler": "what made the samples",
}  # fmt: skip


def _shares(values: dict[str, list[str]]) -> str:
    """Return the most frequent value with its count, and others with their cells."""
    (most, cells), *others = values.items()
    rest = [f"{_short(value)} ({named(own)})" for value, own in others[:_MOST_VALUES]]
    more = [f"and {len(others) - _MOST_VALUES} more"] if len(others) > _MOST_VALUES else []
    return "; ".join([f"{_short(most)} ({len(cells)} run{'s' if len(cells) > 1 else ''})", *rest, *more])


def _short(value: str) -> str:
    """Cut a commit's hash to what a person compares."""
    return THEN.join(part[:12] if len(part) == 40 and part.isalnum() else part for part in value.split(THEN))


def _dirty(facts: Facts) -> Iterator[str]:
    """Say which runs come from a working tree that its commit does not describe."""
    states = {value: cells for value, cells in facts.get("changes", {}).items() if value not in ("none", NO_GIT)}
    cells = [cell for own in states.values() for cell in own]
    if cells:
        different = f", in {len(states)} different states" if len(states) > 1 else f": {next(iter(states))}"
        yield f"Made with changed or untracked files beside the commit: {named(cells)}{different}."


def _other_data(begun: list[Run]) -> Iterator[str]:
    asked: dict[str, dict[str, list[str]]] = {}
    for run in begun:
        if run.facts:
            deciding = {name for name in flat(run.config) if name.startswith(_DECIDES_DATA)} - {_BUT_NOT}
            if in_general(run.config):  # the seed draws the people
                deciding.add("seed")
            same = {name: value for name, value in flat(run.config).items() if name in deciding}
            asked.setdefault(json.dumps(same, sort_keys=True), {}).setdefault(run.facts["data"], []).append(run.name)
    for found in asked.values():
        if len(found) > 1:
            yield f"Runs that ask for the same data had other ones: {_shares(_most_frequent_first(found))}."
