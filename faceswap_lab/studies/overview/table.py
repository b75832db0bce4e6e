"""All findings of all folders of evidence: a row per arm and study, and what they say of one another."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.runs.folder import parsed_name
from faceswap_lab.studies import digits
from faceswap_lab.studies.analysis import judge_primary
from faceswap_lab.studies.collecting.collect import config_of
from faceswap_lab.studies.evidence import STUDY, Evidence, read_evidence
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.plan import StudyPlan
from faceswap_lab.studies.scope import in_general, people_of, size_of, such_people
from faceswap_lab.studies.statistics.paired import Comparison
from faceswap_lab.studies.statistics.verdicts import Judgement
from faceswap_lab.studies.tuning import tuned_in

_SAID_ELSEWHERE = (  # by the people and the size
    "data",
    "model.resolution",
    "model.encoder_widths",
    "training.max_steps",
    "name",
)
_ABSENT = "absent"  # a setting that holds the value it had before it came to be is in no record


@dataclass(frozen=True)
class Row:
    """What one study says of one arm.

    Attributes:
        study: the name of its folder.
        plan: what it asked.
        arm: the arm's name.
        metric: the primary metric.
        judgement: the arm's, in it.
        people: whose faces; general: whether every seed brought its own pair.
        some: whether only some people were drawn, such as those with glasses.
        size: of pictures and trainings.
        under: other settings in which the study is not as most are (its baseline, shrunk or tuned arms); may be empty.
        commit: of the runs.
        runs: the arm's finished trainings: seed, hash, and final losses, by which the same run of another machine or
            commit is another training.
    """

    study: str
    plan: StudyPlan
    arm: str
    metric: Metric
    judgement: Judgement
    people: str
    general: bool
    some: bool
    size: str
    under: str
    commit: str
    runs: frozenset[tuple[object, ...]]

    @property
    def verdict(self) -> str:
        """Better, worse, equivalent or undecided."""
        return self.judgement.verdict

    @property
    def numbers(self) -> Comparison:
        """What the judgement rests on."""
        return self.judgement.comparison

    @property
    def effect(self) -> str:
        """The difference with its interval, and with the median where a few seeds carry a verdict."""
        carried = self.verdict in ("better", "worse") and self.numbers.few_carry_it
        median = f", median {digits.fixed(self.numbers.median, 3, sign=True)}" if carried else ""
        return digits.effect(self.numbers.difference, *self.numbers.interval) + median

    @property
    def prediction(self) -> str:
        """Where a new pair should fall; empty for one pair."""
        low, high = self.numbers.prediction
        return digits.interval(low, high, digits.places((high - low) / 4), sign=True) if self.general else ""

    @property
    def where(self) -> str:
        """People, size, and what else is not as usual."""
        return "; ".join(filter(None, [self.people, self.size, self.under]))


@dataclass(frozen=True)
class Overview:
    """All findings.

    Attributes:
        rows: study by study, arm by arm.
        agreements: (arm, "agrees", "differs", "contradicts" or "is open", in words), of what was asked more than once.
        open_questions: what nobody has asked yet, a sentence each.
    """

    rows: list[Row]
    agreements: list[tuple[str, str, str]]
    open_questions: list[str]


def overview(root: Path, experiments: Iterable[str] = ()) -> Overview:
    """Return all findings of the folders of evidence in ``root``.

    Args:
        root: such as ``experiments``.
        experiments: arms that could be asked about.

    Raises:
        ConfigError: there is no evidence, or some that cannot be read.
    """
    folders = sorted(path.parent for path in root.glob(f"*/{STUDY}"))
    if not folders:
        raise ConfigError(f"findings: there is no evidence in {root}. Run a study first: +study=encoder_count")
    found = {folder.name: read_evidence(folder) for folder in folders}
    pools = [set(evidence.plan.pooled) for evidence in found.values()]
    found = {  # what is in a pool counts once
        name: evidence
        for name, evidence in found.items()
        if not any(name in pool or set(evidence.plan.pooled or [name]) < pool for pool in pools)
    }
    usual = _usual(found.values())
    rows = [row for name, evidence in found.items() for row in _rows(name, evidence, usual)]
    compared = [evidence for evidence in found.values() if evidence.plan.group_seeds is None]
    return Overview(rows, agreements(rows), _open(rows, compared, sorted(experiments)))


def _rows(name: str, found: Evidence, usual: dict[str, dict[str, str]]) -> list[Row]:
    """Return a row per arm; a study of the baseline against itself has none."""
    if found.plan.group_seeds is not None:
        return []
    config = config_of(found.runs, found.plan.baseline)
    of_size = usual[size_of(config)]
    unusual = {key: value for key, value in _settings(config).items() if json.dumps(value) != of_size[key]}
    tuned = [f"{key} tuned in every arm" for key in tuned_in(found.extras)]
    shrunk = [found.plan.shrink] if found.plan.shrink else []  # the baseline's settings do not tell
    under = ", ".join([*(f"{key}={text_of(value)}" for key, value in unusual.items()), *shrunk, *tuned])
    commit = ", ".join(dict.fromkeys(run.facts.get("commit", "")[:7] for run in found.runs if run.facts))
    people, general, some, size = people_of(config), in_general(config), bool(such_people(config)), size_of(config)
    compared = judge_primary(found)
    return [
        Row(
            name,
            found.plan,
            arm,
            compared.metric,
            judgement,
            people,
            general,
            some,
            size,
            under,
            commit,
            _trainings(found, arm),
        )
        for arm, judgement in compared.judgements.items()
    ]


def _trainings(found: Evidence, arm: str) -> frozenset[tuple[object, ...]]:
    """Return what tells an arm's finished trainings from all others: see ``Row.runs``."""
    finished = [run for run in found.runs if run.arm == arm and run.finished]
    names = [(run.folder and parsed_name(run.folder), run) for run in finished]
    return frozenset(
        (name.seed, name.digest, run.metrics.get("loss_A"), run.metrics.get("loss_B")) for name, run in names if name
    )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration's settings but those of people and size, and the seed."""
    return {
        key: value
        for key, value in flat(config).items()
        if key != "seed" and not any(key == group or key.startswith(f"{group}.") for group in _SAID_ELSEWHERE)
    }


def _usual(found: Iterable[Evidence]) -> dict[str, dict[str, str]]:
    """Return by size the value that most studies' baselines have, of every setting, as JSON or ``_ABSENT``.

    What goes with the size, as the learning rate does, is compared among the studies of one size alone.
    """
    configs = [config_of(one.runs, one.plan.baseline) for one in found]
    settings = [(size_of(config), _settings(config)) for config in configs]
    usual: dict[str, dict[str, str]] = {size: {} for size, _ in settings}
    for key in dict.fromkeys(key for _, own in settings for key in own):
        by_size: dict[str, Counter[str]] = {}
        for size, own in settings:
            by_size.setdefault(size, Counter())[json.dumps(own[key]) if key in own else _ABSENT] += 1
        overall = _most(sum(by_size.values(), Counter()))
        goes_with_size = len({_most(values) for values in by_size.values()}) > 1
        for size, values in by_size.items():
            usual[size][key] = _most(values) if goes_with_size else overall
    return usual


def _most(values: "Counter[str]") -> str:
    return values.most_common(1)[0][0]


def agreements(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Return what is said of the claims that more than one study asked, by whatever metric, contradictions first.

    Runs put side by side after the fact asked nothing: two of one seed would turn every agreement into a difference.
    And a study that shares an arm's runs with another one has not asked again: the one with more pairs counts.
    """
    found = []
    claims: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.plan.declared:
            claims.setdefault((row.arm, row.plan.baseline), []).append(row)
    for (arm, _), all_of_arm in claims.items():
        own = _with_runs_of_their_own(all_of_arm)
        if len(own) < 2:
            continue
        verdicts, several = {row.verdict for row in own}, len({row.metric.key for row in own}) > 1
        if {"better", "worse"} <= verdicts:
            says = "contradicts"
        elif len(verdicts) > 1:
            says = "differs"
        else:
            says = "is open" if verdicts == {"undecided"} else "agrees"
        by = [f"; by {row.metric.key}" if several else "" for row in own]
        listed = "; ".join(f"{row.verdict} {row.effect} ({row.where}{metric})" for row, metric in zip(own, by))
        found.append((arm, says, listed))
    return sorted(found, key=lambda one: ("contradicts", "differs", "agrees", "is open").index(one[1]))


def _with_runs_of_their_own(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in their order, of those that share runs only the one with most pairs."""
    kept: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: -rows[i].numbers.seeds):
        if all(rows[i].runs.isdisjoint(rows[other].runs) for other in kept):
            kept.append(i)
    return [rows[i] for i in sorted(kept)]


def _open(rows: Sequence[Row], compared: Sequence[Evidence], experiments: Sequence[str]) -> list[str]:
    """Return what nobody has asked yet."""
    arms = {arm for found in compared for arm in found.plan.arms}
    never = [name for name in experiments if name not in arms]
    names = dict.fromkeys(row.arm for row in rows)
    one_pair = [arm for arm in names if not any(row.general for row in rows if row.arm == arm)]
    asked = [arm for arm in names if arm not in one_pair]
    some = [arm for arm in asked if not any(row.general and not row.some for row in rows if row.arm == arm)]
    one_size = [arm for arm in names if len({row.size for row in rows if row.arm == arm}) == 1]
    said = []
    if never:
        said.append(f"Arms that no study has asked about: {', '.join(never)}.")
    if one_pair:
        said.append(f"Asked about single pairs only, never about people in general: {', '.join(one_pair)}.")
    if some:
        said.append(f"Asked about some people only, never about people in general: {', '.join(some)}.")
    if one_size:
        said.append(f"Asked at one size only: {', '.join(one_size)}.")
    return said
