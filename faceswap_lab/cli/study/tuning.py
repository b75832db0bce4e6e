"""A study that tunes every arm before it compares them: studies at the candidates, then without tuning, then tuned.

    experiments/<study>/                       the tuned arms: what counts
    experiments/<study>/untuned/<study>/       the same arms as they are without tuning
    experiments/<study>/tuning/<study>-…/      every arm at a candidate, on people of the development population
    experiments/<study>/tuning/<candidate>/…/  the same, of a candidate that is a factor: x0.3 of what the arm has
    experiments/<study>/declarations.json      what was declared, when, in which commit

Each of them is a study like any other, so a cell that is finished is found again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from faceswap_lab.cli.compose import quoted
from faceswap_lab.cli.messages import say
from faceswap_lab.cli.study.declaration import begun, declarations, declare, declared_by
from faceswap_lab.cli.study.levels import Levels
from faceswap_lab.cli.study.plan import StudyJob, study_of
from faceswap_lab.cli.study.report import make_report
from faceswap_lab.cli.study.time import look
from faceswap_lab.cli.sweep.cells import combinations
from faceswap_lab.config import ConfigError, PeopleData
from faceswap_lab.options import Options
from faceswap_lab.runs.atomic import make_folder, write_json
from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.started import key_of
from faceswap_lab.studies.collecting.collect import collect
from faceswap_lab.studies.evidence import is_evidence
from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.plan import Planned
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.tuning import TUNING, Tried, as_extra, choose, tried_by

Own = dict[str, list[str]]
"""Arm → overrides that it alone has."""

_ENDED = ("finished", "diverged")  # at a candidate: that a run diverges there is an answer too
_STUDY, _TUNING, _SEEDS = "+study=", "study.tuning", "study.tuning_seeds"
_POPULATION = "data.population"
_UNTUNED = "study.tuning={} asks the study without tuning."
_FACTOR = re.compile(r"x([0-9.]+)")
_NOT_TUNED = ("seed", "experiment", "data", "study", "hydra", "runs_dir", "experiments_dir")


def declares_tuning(overrides: Sequence[str], folders: Sequence[Path]) -> bool:
    """Tell whether the overrides ask for a study that tunes; without composing it."""
    names = [word.removeprefix(_STUDY) for word in overrides if word.startswith(_STUDY)]
    if not names:
        return False
    typed = [word.partition("=")[2] for word in overrides if word.lstrip("+").startswith(f"{_TUNING}=")]
    if typed:
        return typed[-1] not in ("{}", "null")
    declared = Options(folders).written("study", names[-1]).get("study")
    return bool(isinstance(declared, dict) and declared.get("tuning"))


def run_tuned(
    overrides: Sequence[str], levels: Levels | None, run: Callable[[list[str], Own], int], folders: Sequence[Path]
) -> int:
    """Try the candidates, choose, and run the study without and with tuning; return the exit code.

    ``run`` runs a study's overrides, with those that each arm alone has, and returns the exit code.

    Raises:
        ConfigError: something means nothing; no run was started.
    """
    print("tuning      every arm is judged at every candidate before the first run …", flush=True)
    tuning = _Tuning(overrides, levels, folders)
    tuning.declare()
    print("\n".join(tuning.lines()), flush=True)
    for candidate, at in tuning.overrides.items():
        if tuning.is_open(tuning.candidates[candidate]):
            print(f"\ntuning      {candidate}", flush=True)
            code = run(at, tuning.factors[candidate])
            if code > 1:  # 1: a candidate at which a run diverges is an answer too
                return code
    try:
        chosen = tuning.chosen()
    except ConfigError as error:  # said late, after runs: it is no refusal
        say(error)
        return 1
    code = 0
    if tuning.is_open(tuning.untuned):
        print("\nuntuned     the same arms as they are, for comparison", flush=True)
        code = run(tuning.untuned.overrides, {})
        if code > 1:
            return code
    tuning.write(chosen)
    print("\n" + "\n".join(f"tuned       {arm}: {candidate}" for arm, candidate in chosen.items()), flush=True)
    return max(code, run(tuning.asked, _own(chosen)))


def report_tuned(overrides: Sequence[str], levels: Levels | None, folders: Sequence[Path]) -> list[str]:
    """Make the reports of a study that tunes again, from its finished runs; return what to say on the terminal.

    Raises:
        ConfigError: the tuning is not finished, or something means nothing.
    """
    tuning = _Tuning(overrides, levels, folders)
    chosen = tuning.chosen()
    for job in (*tuning.candidates.values(), tuning.untuned):
        make_report(job)
    tuning.write(chosen)
    return make_report(study_of(tuning.asked, folders, _own(chosen)))


def _own(chosen: Mapping[str, str]) -> Own:
    return {arm: candidate.split(" ") for arm, candidate in chosen.items()}


class _Tuning:
    """A study that tunes, judged whole before its first run.

    Attributes:
        asked: the study's overrides, on the people that count.
        folder: where the report of the tuned arms goes.
        seeds: with which each candidate is tried.
        overrides: candidate → those of the study at it, on people of the development population.
        own: candidate → arm → what it comes to for that arm, as overrides.
        factors: candidate → arm → those of them that are a factor of what the arm has.
        candidates: candidate → that study.
        settled: candidate → the study on the people that count, with every arm at it.
        untuned: the study without tuning.
        usual: arm → what it has without tuning, as one of its candidates comes to.
        declared: what is declared, as plain JSON.

    Raises:
        ConfigError: something means nothing.
    """

    def __init__(self, overrides: Sequence[str], levels: Levels | None, folders: Sequence[Path]) -> None:
        if levels:
            raise ConfigError(
                f"{_TUNING} with {levels.axis}={','.join(levels.overrides)}: a study that tunes has no axis. {_UNTUNED}"
            )
        whole = study_of(overrides, folders)
        typed = any(word.lstrip("+").startswith(f"{_POPULATION}=") for word in overrides)
        if isinstance(whole.baseline.data, PeopleData) and not typed:
            overrides = [*overrides, f"{_POPULATION}=confirmation"]
            whole = study_of(overrides, folders)
        self.asked = list(overrides)
        _check(whole, overrides)
        study, self.folder, self.seeds = whole.study, whole.folder, whole.study.tuning_seeds
        self._file = self.folder / "declarations.json"
        tried = _without(overrides, "seed", _POPULATION, "experiments_dir")
        tried += ["study.companion=null"] if study.companion else []  # measured once, beside the runs that count
        tried += [f"{_POPULATION}=development", f"seed={','.join(map(str, study.tuning_seeds))}"]
        candidates = {" ".join(words): words for words in combinations(study.tuning)}
        has = {arm: flat(asdict(whole.config(arm, whole.plan.seeds[0]))) for arm in whole.plan.arms}
        self.own = {
            candidate: {arm: [_of_arm(word, arm, has[arm]) for word in words] for arm in whole.plan.arms}
            for candidate, words in candidates.items()
        }
        self.factors = {candidate: _factors(self.own[candidate], words) for candidate, words in candidates.items()}
        self.overrides = {candidate: [*tried, *self._at(words)] for candidate, words in candidates.items()}
        self.settled = {candidate: study_of(overrides, folders, own) for candidate, own in self.own.items()}
        self.candidates = {
            candidate: study_of(at, folders, self.factors[candidate]) for candidate, at in self.overrides.items()
        }
        self.untuned = replace(
            whole,
            folder=self.folder / "untuned" / self.folder.name,
            overrides=[*_without(overrides, "experiments_dir"), _reports_in(self.folder / "untuned")],
        )
        self.usual = {arm: self._comes_to(_usual(arm, self.untuned, self.settled), arm) for arm in whole.plan.arms}
        self.declared: dict[str, Any] = declared_by(whole.plan, self._cells()) | {
            "tuning": study.tuning,
            "tuning_seeds": list(study.tuning_seeds),
        }

    def _at(self, words: Sequence[str]) -> list[str]:
        """Return what of a candidate is the same in all arms, and where its report goes."""
        same, place = [word for word in words if not _is_factor(word)], self.folder / "tuning"
        if same != list(words):
            place /= "-".join(words).replace("=", "-")  # or all of them would have one folder
        return [*same, _reports_in(place)]

    def _comes_to(self, candidate: str, arm: str) -> str:
        return " ".join(self.own[candidate][arm])

    def _cells(self) -> list[Planned]:
        return [cell for job in (*self.candidates.values(), *self.settled.values()) for cell in job.plan.cells]

    def declare(self) -> None:
        """Write down what is declared, in which commit and how many of its runs had begun, unless it stands there."""
        declare(self._file, self.declared, self.untuned.plan.runs_dir)

    @property
    def declarations(self) -> list[dict[str, Any]]:
        """What was declared so far, oldest first."""
        return declarations(self._file)

    def lines(self) -> list[str]:
        """Say what will be done."""
        last = self.declarations[-1]
        runs = sum(len(job.plan.cells) for job in self.candidates.values())
        metric = self.untuned.plan.metric
        return [
            f"tuning      {', '.join(self.overrides)}",
            f"            every arm takes its best of {len(self.overrides)} by {metric} on people of the",
            f"            development population, seeds {', '.join(map(str, self.seeds))}: {runs} runs",
            f"declared    {last['hash']} in commit {last['commit']}, {last['time']}",
        ]

    def is_open(self, job: StudyJob) -> bool:
        """Whether a study has cells without a result, or no evidence."""
        left = len(job.plan.cells) - len(look(job).finished)
        return bool(left or job.baseline.force or not is_evidence(job.folder))

    @cached_property
    def found(self) -> dict[str, list[Run]]:
        """The runs of every candidate. Asked once they have ended."""
        return {candidate: collect(job.plan) for candidate, job in self.candidates.items()}

    @cached_property
    def tried(self) -> list[Tried]:
        """What the candidates came to, arm by arm."""
        metric = self.untuned.plan.metric
        return [
            tried_by(arm, own, self.usual[arm] == own, found, metric)
            for arm in self.untuned.plan.arms
            for candidate, found in self.found.items()
            for own in [self._comes_to(candidate, arm)]
        ]

    def chosen(self) -> dict[str, str]:
        """Return arm → its candidate.

        Raises:
            ConfigError: a run of a candidate is neither finished nor diverged, or all of an arm's have diverged.
        """
        runs = [(candidate, run) for candidate, found in self.found.items() for run in found]
        left = [f"{run.name} at {candidate} ({run.state})" for candidate, run in runs if run.state not in _ENDED]
        if left:
            raise ConfigError(
                f"{_TUNING}: of {len(runs)} runs of the candidates {len(left)} are neither finished nor diverged, as "
                f"{left[0]}, and every arm has the same budget. The same command runs what is missing; where a "
                "candidate cannot be run here, declare others."
            )
        better = bool(judged_metric(self.untuned.plan.metric).higher_is_better)
        chosen = choose(self.tried, self.seeds, better)
        without = [arm for arm in self.untuned.plan.arms if arm not in chosen]
        if without:
            raise ConfigError(
                f"{_TUNING}: no candidate of {', '.join(without)} is finished with every seed "
                f"({', '.join(map(str, self.seeds))}). The same command runs what is missing; where all diverge, "
                "declare other candidates."
            )
        return {arm: chosen[arm] for arm in self.untuned.plan.arms}

    def write(self, chosen: Mapping[str, str]) -> None:
        """Write the tuning beside the evidence of the tuned arms."""
        plan = self.untuned.plan
        shown = [{key: entry[key] for key in entry if key != "declared"} for entry in self.declarations]
        make_folder(self.folder)
        beside = {
            key_of(cell.seed, cell.digest)
            for candidate, job in self.settled.items()
            for cell in job.plan.cells
            if self._comes_to(candidate, cell.arm) not in (chosen[cell.arm], self.usual[cell.arm])
        }
        extra = as_extra(self.tried, chosen, collect(plan), plan.metric, shown, len(begun(beside, plan.runs_dir)))
        write_json(self.folder / f"{TUNING}.json", extra)


def _reports_in(place: Path) -> str:
    return f"experiments_dir={quoted(str(place))}"


def _is_factor(word: str) -> bool:
    return bool(_FACTOR.fullmatch(word.partition("=")[2]))


def _factors(own: Own, words: Sequence[str]) -> Own:
    """Return of what a candidate comes to for each arm what was a factor; nothing where none of its words is one."""
    if not any(map(_is_factor, words)):
        return {}
    return {arm: [word for word in comes_to if word not in words] for arm, comes_to in own.items()}


def _of_arm(word: str, arm: str, has: Mapping[str, Any]) -> str:
    """Return what a candidate's setting is for an arm that has these: x0.3 is three tenths of its own value.

    Raises:
        ConfigError: the arm has no number there.
    """
    key, _, value = word.partition("=")
    found = _FACTOR.fullmatch(value)
    if not found:
        return word
    usual = has.get(key)
    try:
        factor = float(found[1])
        if isinstance(usual, bool) or not isinstance(usual, int | float):
            raise ValueError
    except ValueError:
        raise ConfigError(f"{_TUNING}: {word}: a factor is of a number, and {arm} has {key}={usual}.") from None
    if factor == 1:
        return f"{key}={usual}"
    return f"{key}={round(usual * factor) if isinstance(usual, int) else float(f'{usual * factor:.4g}')}"


def _check(job: StudyJob, overrides: Sequence[str]) -> None:
    """Refuse a declaration that means nothing."""
    study, data = job.study, job.baseline.data
    for key, values in study.tuning.items():
        if key.split(".")[0].split("/")[0] in _NOT_TUNED:
            raise ConfigError(f"{_TUNING}: {key} is no setting of an arm. Tune such as optimizer.lr.")
        if not isinstance(values, list | tuple) or len(values) < 2:
            raise ConfigError(f"{_TUNING}: {key}={values}: give a list of two candidates or more, such as [1e-3,3e-3].")
        wrong = [value for value in values if not isinstance(value, str | int | float) or " " in str(value)]
        if wrong:
            raise ConfigError(f"{_TUNING}: {key}: {wrong[0]} is no single value.")
        typed = [word for word in overrides if word.lstrip("+").partition("=")[0] == key]
        if typed:
            raise ConfigError(f"{typed[0]} with {_TUNING} of {key}: it is tuned. Leave {typed[0]} out.")
    if study.group_seeds is not None:
        raise ConfigError(
            f"{_TUNING} with study.group_seeds={study.group_seeds}: one arm alone has nothing to tune for."
        )
    if not study.tuning_seeds or len(set(study.tuning_seeds)) < len(study.tuning_seeds):
        raise ConfigError(f"{_SEEDS}={list(study.tuning_seeds)}: name each seed once, such as [0,1,2,3].")
    if not isinstance(data, PeopleData):
        raise ConfigError(
            f"{_TUNING} with data={data.name}: it is done on other people than are judged. Use data=people. {_UNTUNED}"
        )
    if data.population != "confirmation":
        raise ConfigError(
            f"{_TUNING} with data.population={data.population}: those are the people that arms are tuned on. "
            f"Use data.population=confirmation for the runs that count. {_UNTUNED}"
        )


def _usual(arm: str, untuned: StudyJob, settled: Mapping[str, StudyJob]) -> str:
    """Return the candidate that an arm has without tuning."""
    runs = {(cell.seed, cell.digest) for cell in untuned.plan.cells if cell.arm == arm}
    for candidate, job in settled.items():
        if runs == {(cell.seed, cell.digest) for cell in job.plan.cells if cell.arm == arm}:
            return candidate
    raise ConfigError(
        f"{_TUNING}: what {arm} has without tuning is none of the candidates ({'; '.join(settled)}). "
        "Add it, as a value or as x1: verdicts with and without tuning stand side by side."
    )


def _without(overrides: Sequence[str], *keys: str) -> list[str]:
    return [word for word in overrides if word.lstrip("+").partition("=")[0] not in keys]
