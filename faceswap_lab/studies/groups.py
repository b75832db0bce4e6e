"""A/A: runs of one arm in groups of seeds, each group taken for an arm of its own."""

from dataclasses import replace

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.collect import Run


def in_groups(runs: list[Run], arm: str, seeds: list[int], size: int) -> dict[str, list[Run]]:
    """Return the groups by name: the first keeps the arm's, the others are "again 1", "again 2", ….

    Runs are paired by their place in their group; the number that pairs them is the first group's seed at that place.

    Args:
        runs: of the whole study.
        arm: the only arm.
        seeds: as planned. The last group is smaller where ``size`` does not divide their number.
        size: seeds in a group.

    Raises:
        ConfigError: there is another arm.
    """
    others = sorted({run.cell.arm for run in runs} - {arm})
    if others:
        raise ConfigError(f"study.group_seeds={size} compares one arm with itself; leave out {', '.join(others)}.")
    place = {seed: index for index, seed in enumerate(seeds)}
    groups: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: place[run.cell.seed]):
        number, within = divmod(place[run.cell.seed], size)
        name = f"again {number}" if number else arm
        groups.setdefault(name, []).append(replace(run, cell=replace(run.cell, arm=name), pair=seeds[within]))
    return groups
