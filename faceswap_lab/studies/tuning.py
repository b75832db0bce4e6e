"""Arms that were each tuned before they were compared: the choice, and what is shown of it beside the verdicts.

"Worse" must not mean "untuned": every arm, the baseline too, takes of the same candidates the one that is best for it
on people of the development population, with the same seeds. The runs that count see other people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.verdicts import Judgement, judge_arms

TUNING = "tuning"
"""The name of the extra that a tuned study's evidence has."""


@dataclass(frozen=True)
class Tried:
    """A candidate of an arm, and what came of it on the development population.

    Attributes:
        arm: the arm.
        candidate: as overrides, such as ``optimizer.lr=0.003``.
        untuned: whether it is what the arm has without tuning.
        values: seed → the study's primary metric, of the finished runs.
        started: runs that have begun.
        seconds: of training, of the finished runs together.
    """

    arm: str
    candidate: str
    untuned: bool
    values: dict[int, float]
    started: int
    seconds: float


def tried_by(arm: str, candidate: str, untuned: bool, runs: Sequence[Run], metric: str) -> Tried:
    """Return what the runs of an arm at a candidate found; runs of other arms are left out."""
    own = [run for run in runs if run.arm == arm]
    values = {run.seed: value for run in own if run.finished and (value := run.value(metric)) is not None}
    seconds = sum(run.seconds or 0.0 for run in own)
    return Tried(arm, candidate, untuned, values, _started(own), seconds)


def choose(tried: Sequence[Tried], seeds: Sequence[int], higher_is_better: bool) -> dict[str, str]:
    """Return arm → the candidate with the best mean over the seeds; of equal ones the first.

    A candidate without a value for every seed (a run that diverged) is not chosen: it has not had the same budget. An
    arm without any candidate left is left out.
    """
    chosen: dict[str, tuple[float, str]] = {}
    for one in tried:
        if not set(seeds) <= one.values.keys():
            continue
        mean = fmean(one.values[seed] for seed in seeds) * (1 if higher_is_better else -1)
        if one.arm not in chosen or mean > chosen[one.arm][0]:
            chosen[one.arm] = mean, one.candidate
    return {arm: candidate for arm, (_, candidate) in chosen.items()}


def as_extra(
    tried: Sequence[Tried],
    chosen: Mapping[str, str],
    untuned: Sequence[Run],
    metric: str,
    declared: Sequence[Any],
    beside: int,
) -> dict[str, Any]:
    """Return the tuning as plain JSON, to lie beside the evidence of the tuned arms.

    Args:
        tried: every candidate of every arm.
        chosen: arm → candidate.
        untuned: the runs that count of the arms as they are without tuning.
        metric: the study's primary metric.
        declared: when, in which commit and by which hash the tuning was declared; each declaration, oldest first.
        beside: runs that were begun, at candidates that were not chosen, on the people that count: they should be none.
    """
    values: dict[str, dict[int, float]] = {run.arm: {} for run in untuned}
    for run in untuned:
        if run.finished and (value := run.value(metric)) is not None:
            values[run.arm][run.seed] = value
    return {
        "declared": list(declared),
        "tried": [asdict(one) for one in tried],
        "chosen": dict(chosen),
        "untuned": {"values": values, **_counts(untuned)},
        "beside": beside,
    }


def tuned_in(extras: Mapping[str, Any]) -> list[str]:
    """Return the settings of which every arm took its own best, of evidence that has these extras; mostly none."""
    return sorted({key for one in extras.get(TUNING, {}).get("tried", []) for key in _settings(one["candidate"])})


def shown(tuning: Mapping[str, Any], primary: Compared, runs: Sequence[Run], alpha: float) -> dict[str, Any]:
    """Return the section of a report: the verdicts without and with tuning, and what they rest on.

    Args:
        tuning: as ``as_extra`` made it, or as it was read from its file.
        primary: the tuned arms, judged.
        runs: of the tuned arms.
        alpha: level of the verdicts.
    """
    tried = [Tried(**one) for one in tuning["tried"]]
    before = {arm: {int(seed): v for seed, v in of.items()} for arm, of in tuning["untuned"]["values"].items()}
    baseline = next(iter(primary.values))
    judgements = judge_arms(
        before[baseline],
        {arm: before[arm] for arm in primary.values if arm != baseline},
        higher_is_better=bool(primary.metric.higher_is_better),
        smallest_difference=primary.metric.smallest_difference,
        alpha=alpha,
    )
    usual = {one.arm: one.candidate for one in tried if one.untuned}
    chosen = {arm: tuning["chosen"][arm] for arm in primary.values}
    compared = [
        row
        for arm in chosen
        for row in (
            _judged(arm, "without", usual.get(arm, ""), before[arm], judgements.get(arm)),
            _judged(arm, "tuned", chosen[arm], primary.values[arm], primary.judgements.get(arm)),
        )
    ]
    pairs = zip(compared[::2], compared[1::2])
    turned = [without["arm"] for without, tuned in pairs if without["verdict"] != tuned["verdict"]]
    moved = [arm for arm in chosen if usual.get(arm) != chosen[arm]]
    ends = [f"{arm} ({' '.join(words)})" for arm, words in at_an_end(tried, chosen).items()]
    return {
        "says": [
            f"Another setting than without tuning: {', '.join(moved) or 'no arm'}. "
            f"Another verdict: {', '.join(turned) or 'no arm'}.",
            "Best at the smallest or the largest that was tried, and so perhaps better beyond: "
            f"{', '.join(ends) or 'no arm'}.",
            _cost(tried),
        ],
        "verdicts_without_and_with_tuning": compared,
        "tried_on_the_development_population": [_row(one, chosen) for one in tried],
        "runs_started_and_reported": _runs(tuning, tried, runs),
        "declared": list(tuning["declared"]),
    }


def at_an_end(tried: Sequence[Tried], chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """Return arm → what of its choice is the smallest or the largest number that it tried; other arms are left out."""
    found: dict[str, list[str]] = {}
    for arm, candidate in chosen.items():
        for key, value in _settings(candidate).items():
            numbers = _numbers(_settings(one.candidate)[key] for one in tried if one.arm == arm)
            if len(set(numbers)) > 1 and float(value) in (min(numbers), max(numbers)):
                found.setdefault(arm, []).append(f"{key}={value}")
    return found


def _settings(candidate: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in candidate.split(" ") if word)


def _numbers(values: Iterable[str]) -> list[float]:
    """Return them as numbers; none of them where one is no number."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []


def _judged(
    arm: str, tuning: str, candidate: str, values: Mapping[int, float], judgement: Judgement | None
) -> dict[str, Any]:
    settings = _settings(candidate)
    setting = settings if len(settings) == 1 else {"setting": candidate}  # narrow where there is but one
    difference, verdict = "", "baseline"
    if judgement:
        comparison, verdict = judgement.comparison, judgement.verdict
        difference = digits.effect(comparison.difference, *comparison.interval)
    mean = fmean(values.values()) if values else None
    return {"arm": arm, "tuning": tuning, **setting, "mean": mean, "difference": difference, "verdict": verdict}


def _cost(tried: Sequence[Tried]) -> str:
    arms = dict.fromkeys(one.arm for one in tried)
    spent = [sum(one.seconds for one in tried if one.arm == arm) for arm in arms]
    runs = max((len(one.values) for one in tried), default=0)
    return (
        f"Every arm had the same budget: {len(tried) // max(len(arms), 1)} candidates of {runs} runs each. "
        f"Training took {sum(spent):,.0f} s in all, {min(spent):,.0f} to {max(spent):,.0f} s an arm."
    )


def _row(one: Tried, chosen: Mapping[str, str]) -> dict[str, Any]:
    mean = fmean(one.values.values()) if one.values else None
    counts = {"runs started": one.started, "runs finished": len(one.values), "seconds": one.seconds}
    return {"arm": one.arm, "candidate": one.candidate, "mean": mean, **counts} | {
        "chosen": "chosen" if chosen.get(one.arm) == one.candidate else ""
    }


def _runs(tuning: Mapping[str, Any], tried: Sequence[Tried], runs: Sequence[Run]) -> list[dict[str, Any]]:
    untuned, tuned = tuning["untuned"], _counts(runs)
    stages = {
        "of the candidates, on the development population": (
            sum(one.started for one in tried),
            sum(len(one.values) for one in tried),
        ),
        "without tuning": (untuned["started"], untuned["finished"]),
        "tuned": (tuned["started"], tuned["finished"]),
        "of candidates that were not chosen, on the people that count": (tuning["beside"], 0),
    }
    return [
        {"runs": stage, "started": started, "finished, and reported here": finished}
        for stage, (started, finished) in stages.items()
    ]


def _counts(runs: Sequence[Run]) -> dict[str, int]:
    return {"started": _started(runs), "finished": sum(run.finished for run in runs)}


def _started(runs: Sequence[Run]) -> int:
    return sum(run.folder is not None for run in runs)
