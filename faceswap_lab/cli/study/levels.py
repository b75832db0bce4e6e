"""A study along one further axis (``scale=smoke,quick``): one study after another, then what they say together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.config import ConfigError

if TYPE_CHECKING:
    from faceswap_lab.cli.study.plan import StudyJob

_SWEPT_ALREADY = ("experiment", "seed")


@dataclass(frozen=True)
class Levels:
    """An axis beside a study's arms and seeds, such as ``scale``; for each level the overrides of the study at it."""

    axis: str
    overrides: dict[str, list[str]]


def levels_of(overrides: Sequence[str]) -> Levels | None:
    """Return the axis that a study's overrides give as a list; None where there is none, or no study.

    Raises:
        ConfigError: there are two such axes.
    """
    if not any(word.startswith("+study=") for word in overrides):
        return None
    if not any(mark in word for word in overrides for mark in (",", "(")):
        return None  # Hydra's parser takes a moment to load
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException:
        return None  # whoever composes them says what is wrong
    swept = [
        override
        for override in parsed
        if override.is_sweep_override()
        and str(override.key_or_group) not in _SWEPT_ALREADY
        and not str(override.key_or_group).startswith("hydra")
    ]
    if not swept:
        return None
    if len(swept) > 1:
        axes = " and ".join(str(override.input_line) for override in swept)
        raise ConfigError(
            f"{axes}: a study goes along one axis beside its arms and seeds. Give the others one value each."
        )
    (axis,) = swept
    typed, key = str(axis.input_line), axis.get_key_element()
    try:
        values = [str(value) for value in axis.sweep_string_iterator()] if axis.is_discrete_sweep() else []
    except HydraException:
        values = []  # a glob: what it stands for is known where it is composed
    if len(set(values)) < 2:
        raise ConfigError(f"{typed}: a study goes along a list of two values or more, such as scale=smoke,quick.")
    places = {value: [f"{key}={value}" if word == typed else word for word in overrides] for value in values}
    return Levels(str(axis.key_or_group), places)


def run_levels(levels: Levels, run: Callable[[list[str]], int], folders: Sequence[Path]) -> int:
    """Run the study of every level, one after another, then report on them together; return the worst exit code.

    A level that is stopped by a signal stops the rest.

    Raises:
        ConfigError: a level means nothing, or two are the same runs; none was started.
    """
    from faceswap_lab.cli.study.plan import study_of

    # a night is too long to wait for the last level to be refused
    _check_runs(levels, {level: study_of(overrides, folders) for level, overrides in levels.overrides.items()})
    print(f"axis        {levels.axis}: {', '.join(levels.overrides)}, one study after another\n", flush=True)
    codes = []
    for level, overrides in levels.overrides.items():
        print(f"{levels.axis:<11} {level}", flush=True)
        codes.append(run(overrides))
        if codes[-1] >= 128:
            return codes[-1]
    print("\n".join(report_levels(levels, folders)))
    return max(codes)


def report_levels(
    levels: Levels, folders: Sequence[Path], remake: Callable[["StudyJob"], list[str]] | None = None
) -> list[str]:
    """Write what the levels' studies say together, and return it for the terminal.

    ``remake`` makes a level's own report anew first, and returns what it says; None: they are as they should be.

    Raises:
        ConfigError: a level has no evidence, or two are the same runs.
    """
    from faceswap_lab.cli.job.label import name_along, report_name
    from faceswap_lab.cli.study.plan import study_of
    from faceswap_lab.cli.study.report import kept_in
    from faceswap_lab.studies.across import read_across, write_across
    from faceswap_lab.studies.report.across_page import across_lines, write_across_report

    job = {level: study_of(overrides, folders) for level, overrides in levels.overrides.items()}
    _check_runs(levels, job)
    lines = [line for one in job.values() for line in remake(one)] if remake else []
    first = next(iter(job.values()))
    same = [word for word in first.plan.settings if all(word in one.plan.settings for one in job.values())]
    name = report_name(first.plan.name, same, {}, first.composer.options)
    folder = first.folder.parent / name_along(name, levels.axis, list(levels.overrides))
    write_across(levels.axis, {level: one.folder for level, one in job.items()}, folder)
    found = read_across(folder)
    return [*lines, *across_lines(found, write_across_report(found, folder, kept_in(first.baseline.cache_dir)))]


def _check_runs(levels: Levels, jobs: Mapping[str, "StudyJob"]) -> None:
    """Refuse levels that are the same runs: compared with themselves, whatever they say would hold."""
    by_runs: dict[tuple[tuple[str, int, str], ...], str] = {}
    for level, job in jobs.items():
        runs = tuple((cell.arm, cell.seed, cell.digest) for cell in job.plan.cells)
        if runs in by_runs:
            raise ConfigError(
                f"{levels.axis}={','.join(levels.overrides)}: {by_runs[runs]} and {level} are the same runs, since no "
                f"result depends on it. Give {levels.axis} one value."
            )
        by_runs[runs] = level
