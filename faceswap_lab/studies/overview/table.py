"""All findings of all folders of evidence: a row per arm and study, and what they say of one another."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.studies import digits
from faceswap_lab.studies.analysis import judge_primary
from faceswap_lab.studies.collecting.collect import config_of
from faceswap_lab.studies.evidence import STUDY, Evidence, read_evidence
from faceswap_lab.studies.scope import in_general, people_of, size_of

_SAID_ELSEWHERE = ("data", "model", "training.max_steps", "name")  # by the people and the size


@dataclass(frozen=True)
class Row:
    """What one study says of one arm.

    Attributes:
        study: the name of its folder.
        title, question: the study's.
        arm, says: the arm's name, and what it is.
        claim: the arm and its metric: rows with the same claim speak of the same thing.
        people: whose faces; general: whether every seed brought its own pair.
        size: of pictures and trainings.
        under: other settings in which the study's baseline is not as most are; may be empty.
        metric: the primary metric's caption.
        verdict: better, worse, equivalent or undecided.
        difference, low, high: the effect with its interval; nan where nothing is known.
        prediction: where a new pair should fall, in words; empty for one pair.
        seeds: how many pairs of runs it rests on.
        carried: the median, where a few seeds carry a verdict; empty elsewhere.
        commit: of the runs.
        declared: whether it was laid down before the runs.
    """

    study: str
    title: str
    question: str
    arm: str
    says: str
    claim: str
    people: str
    general: bool
    size: str
    under: str
    metric: str
    verdict: str
    difference: float
    low: float
    high: float
    prediction: str
    seeds: int
    carried: str
    commit: str
    declared: bool

    @property
    def effect(self) -> str:
        """The difference with its interval, and with the median where a few seeds carry it."""
        if not self.seeds:
            return digits.NOT_KNOWN
        return digits.effect(self.difference, self.low, self.high) + (f", {self.carried}" if self.carried else "")

    @property
    def where(self) -> str:
        """People, size, and what else is not as usual."""
        return "; ".join(filter(None, [self.people, self.size, self.under]))


@dataclass(frozen=True)
class Overview:
    """All findings.

    Attributes:
        rows: study by study, arm by arm.
        agreements: (arm, "agrees", "differs" or "contradicts", in words), of claims that were asked more than once.
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
    usual = _usual(found.values())
    rows = [row for name, evidence in found.items() for row in _rows(name, evidence, usual)]
    compared = [evidence for evidence in found.values() if evidence.plan.group_seeds is None]
    return Overview(rows, _agreements(rows), _open(rows, compared, sorted(experiments)))


def _rows(name: str, found: Evidence, usual: dict[str, dict[str, Any]]) -> list[Row]:
    """Return a row per arm; a study of the baseline against itself has none."""
    if found.plan.group_seeds is not None:
        return []
    config = config_of(found.runs, found.plan.baseline)
    general = in_general(config)
    of_size = usual[size_of(config)]
    unusual = {key: value for key, value in _settings(config).items() if value != of_size[key]}
    commits = dict.fromkeys(run.facts.get("commit", "")[:7] for run in found.runs if run.facts)
    compared = judge_primary(found)
    rows = []
    for arm, judgement in compared.judgements.items():
        numbers = judgement.comparison
        low, high = numbers.prediction
        decimals = digits.places((high - low) / 4)
        rows.append(
            Row(
                study=name,
                title=found.plan.title,
                question=found.plan.question,
                arm=arm,
                says=found.plan.arms[arm],
                claim=f"{arm} by {compared.metric.key}",
                people=people_of(config),
                general=general,
                size=size_of(config),
                under=", ".join(f"{key}={text_of(value)}" for key, value in unusual.items()),
                metric=compared.metric.caption,
                verdict=judgement.verdict,
                difference=numbers.difference,
                low=numbers.interval.low,
                high=numbers.interval.high,
                prediction=digits.interval(low, high, decimals, sign=True) if general else "",
                seeds=numbers.seeds,
                carried=f"median {digits.fixed(numbers.median, 3, sign=True)}"
                if judgement.verdict in ("better", "worse") and numbers.few_carry_it
                else "",
                commit=", ".join(commits),
                declared=found.plan.declared,
            )
        )
    return rows


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration's settings but those of people and size, and the seed."""
    return {
        key: value
        for key, value in flat(config).items()
        if key != "seed" and not any(key == group or key.startswith(f"{group}.") for group in _SAID_ELSEWHERE)
    }


def _usual(found: Iterable[Evidence]) -> dict[str, dict[str, Any]]:
    """Return by size the value that most studies' baselines have, of every setting.

    What goes with the size, as the learning rate does, is compared among the studies of one size alone.
    """
    by_size: dict[str, dict[str, Counter[str]]] = {}
    for one in found:
        config = config_of(one.runs, one.plan.baseline)
        counted = by_size.setdefault(size_of(config), {})
        for key, value in _settings(config).items():
            counted.setdefault(key, Counter())[json.dumps(value)] += 1
    overall: dict[str, Counter[str]] = {}
    for counted in by_size.values():
        for key, values in counted.items():
            overall.setdefault(key, Counter()).update(values)
    goes_with_size = {
        key for key in overall if len({_most(counted[key]) for counted in by_size.values() if key in counted}) > 1
    }
    return {
        size: {
            key: json.loads(_most(values if key in goes_with_size else overall[key])) for key, values in counted.items()
        }
        for size, counted in by_size.items()
    }


def _most(values: "Counter[str]") -> str:
    return values.most_common(1)[0][0]


def _agreements(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Return what is said of the claims that more than one study asked, contradictions first."""
    found = []
    for claim in dict.fromkeys(row.claim for row in rows):
        own = [row for row in rows if row.claim == claim]
        if len(own) < 2:
            continue
        verdicts = {row.verdict for row in own}
        if {"better", "worse"} <= verdicts:
            says = "contradicts"
        else:
            says = "agrees" if len(verdicts) == 1 and "undecided" not in verdicts else "differs"
        listed = "; ".join(f"{row.verdict} {row.effect} ({row.where})" for row in own)
        found.append((own[0].arm, says, listed))
    return sorted(found, key=lambda one: ("contradicts", "differs", "agrees").index(one[1]))


def _open(rows: Sequence[Row], compared: Sequence[Evidence], experiments: Sequence[str]) -> list[str]:
    """Return what nobody has asked yet."""
    arms = {arm for found in compared for arm in found.plan.arms}
    never = [name for name in experiments if name not in arms]
    names = dict.fromkeys(row.arm for row in rows)
    one_pair = [arm for arm in names if not any(row.general for row in rows if row.arm == arm)]
    one_size = [arm for arm in names if len({row.size for row in rows if row.arm == arm}) == 1]
    said = []
    if never:
        said.append(f"Arms that no study has asked about: {', '.join(never)}.")
    if one_pair:
        said.append(f"Asked about single pairs only, never about people in general: {', '.join(one_pair)}.")
    if one_size:
        said.append(f"Asked at one size only: {', '.join(one_size)}.")
    return said
