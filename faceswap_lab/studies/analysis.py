"""From evidence to what it says: ``analyse``. And any runs side by side, as evidence: ``compared``."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.studies.answer import answer_of
from faceswap_lab.studies.collecting.collect import config_of, differing, look_up, of_arm
from faceswap_lab.studies.collecting.pictures import extremes, grids_of
from faceswap_lab.studies.collecting.provenance import provenance_of
from faceswap_lab.studies.collecting.side_by_side import cells_of
from faceswap_lab.studies.evidence import Evidence, drawings_of, gather
from faceswap_lab.studies.findings import Arm, Compared, Curves, Findings
from faceswap_lab.studies.metric_names import Metric, diagnostic, diagnostics_of, judged_metric, own_path, real_metrics
from faceswap_lab.studies.over_pictures import over_pictures, said_of_pictures
from faceswap_lab.studies.over_time import budgets_of, curves_of
from faceswap_lab.studies.people import at_both_ends, people_in
from faceswap_lab.studies.plan import StudyPlan
from faceswap_lab.studies.predicting import predictions
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.same_again import false_alarms, in_groups
from faceswap_lab.studies.scope import in_general, of_real_people, scope_of, such_people
from faceswap_lab.studies.statistics.verdicts import Judgement, judge_arms
from faceswap_lab.studies.tuning import TUNING, shown, tuned_in

ALPHA = 0.05
_LOSSES = ("loss_A", "loss_B")
_FOR_ANY_RUNS = (  # what runs of no study are compared by, as far as they have it; the first decides
    *(
        "swap_score_AB",
        "swap_score_BA",
        "swap_ssim_AB",
        "swap_ssim_BA",
        "swap_ssim_AB_target_path",
        "swap_fitted_mae_AB",
        "swap_recall5_AB",
    ),
    *("swap_yaw_AB", "swap_mouth_AB", "swap_light_AB"),
    *real_metrics(),
    *("recon_ssim_A", "recon_ssim_B"),
)
_IN_GROUPS = (
    "All runs have one configuration. Each {} seeds are taken for an arm, and runs are paired by their place in it, "
    "under the first arm's seeds."
)
_NOT_A_STUDY = (
    "These runs were put side by side after the fact; nothing was declared before them. What looks decided here is a "
    "reason for a study, and no more."
)


def analyse(found: Evidence) -> Findings:
    """Return what the runs of a study say. Every planned cell is in it, whatever became of its run.

    Raises:
        faceswap_lab.config.ConfigError: a metric that is none, or groups of seeds of more than one arm.
    """
    plan, runs = found.plan, found.runs
    metrics = [_primary(plan), *_secondary(plan)]
    if plan.group_seeds is None:
        return _findings(found)
    groups = in_groups(runs, plan.baseline, plan.seeds, plan.group_seeds)
    as_arms = replace(plan, arms=dict.fromkeys(groups, plan.arms[plan.baseline]))
    said = _findings(replace(found, plan=as_arms, runs=[run for group in groups.values() for run in group]))
    whole = [described(runs, [plan.baseline], metric) for metric in metrics]
    alarms = false_alarms(whole, plan.baseline, plan.group_seeds, ALPHA)
    notes = [*said.notes, _IN_GROUPS.format(plan.group_seeds)]
    return replace(said, notes=notes, extras=found.extras | ({"false_alarms": alarms} if alarms else {}))


def judge_primary(found: Evidence, key: str | None = None) -> Compared:
    """Return the primary metric alone, judged as the report does; or another metric.

    Raises:
        faceswap_lab.config.ConfigError: there is no such metric.
    """
    metric = judged_metric(key) if key and key != found.plan.metric else _primary(found.plan)
    return judged(found.runs, found.arms, metric, ALPHA)


def evidence_of(plan: StudyPlan) -> Evidence:
    """Return what a study's run folders hold; over pairs of people, with a face of the pairs at both ends."""
    found = gather(plan)
    said = analyse(found)
    ends = extremes(found.runs, plan.baseline, at_both_ends(said.primary)) if said.people else None
    return replace(found, grids=[*found.grids, ends]) if ends else found


def compared(folders: Sequence[Path]) -> Evidence:
    """Return any runs side by side, finished or not; arms are labels, and the first folder's is the baseline.

    Runs are paired by seed and judged by the lab's own smallest differences. Curves are of all runs, finished or not.

    Raises:
        faceswap_lab.config.ConfigError: no folder is given, or one is no run folder.
    """
    cells = cells_of([Path(folder) for folder in folders])
    runs = [look_up(cell, folder) for cell, folder in cells]
    measured = {key for run in runs for key in run.metrics}
    metric, *secondary = [key for key in _FOR_ANY_RUNS if key in measured] or list(_FOR_ANY_RUNS[:1])
    plan = StudyPlan(
        name="comparison",
        title=f"{len(runs)} runs side by side",
        question="",
        baseline=cells[0][0].arm,
        arms=_says(runs),
        seeds=sorted({run.seed for run in runs}),
        metric=metric,
        smallest_difference=judged_metric(metric).smallest_difference,
        secondary=secondary,
        notes=[_NOT_A_STUDY],
        group_seeds=None,
        cells=[],
        runs_dir=cells[0][1].path.parent,
        command=shlex.join(["python", "-m", "faceswap_lab", "report", *map(str, folders)]),
        declared=False,
    )
    found = Evidence(plan, runs)
    return replace(found, grids=grids_of(runs, found.arms))


def _says(runs: list[Run]) -> dict[str, str]:
    """Return each arm of a comparison with how many runs it has, and which is the first."""
    folders: dict[str, list[str]] = {}
    for run in runs:
        folders.setdefault(run.arm, []).append(str(run.folder))
    return {arm: f"{len(own)} runs, {own[0]} first" if own[1:] else own[0] for arm, own in folders.items()}


def _findings(found: Evidence) -> Findings:
    plan, runs, arms = found.plan, found.runs, found.arms
    finished = [run for run in runs if run.finished]
    primary = judged(runs, arms, _primary(plan), ALPHA)
    outcome = next((one for one in (primary.metric, *_secondary(plan)) if one.key.startswith("swap_")), None)
    config = config_of(runs, plan.baseline)
    general = in_general(config)
    of_pictures = over_pictures(runs, primary, arms, ALPHA) if of_real_people(config) and arms[1:] else None
    whom = "such people" if such_people(config) else "people in general"
    counts = {"finished": len(finished), "planned": len(runs)}
    answer = answer_of(primary, arms, **counts, alpha=ALPHA, for_people=general, whom=whom)
    if of_pictures and (moments := said_of_pictures(of_pictures, primary)):
        answer = f"{answer} {moments}"
    return Findings(
        name=plan.name,
        title=plan.title,
        question=plan.question,
        answer=answer,
        baseline=plan.baseline,
        arms=[_arm(arm, plan, runs) for arm in arms],
        seeds=list(plan.seeds),
        alpha=ALPHA,
        primary=primary,
        secondary=[judged(runs, arms, metric, ALPHA) for metric in _secondary(plan)],
        diagnostics=_diagnostics(finished, arms),
        curves=_curves(plan, runs, arms),
        predictions=predictions(finished, arms, outcome, ALPHA) if outcome else [],
        grids=found.grids,
        cells=runs,
        provenance=provenance_of(runs),
        command=plan.command,
        settings=list(plan.settings),
        notes=[*plan.notes, *_on_paths(plan, finished)],
        extras=_with_verdicts(found, primary),
        budgets=budgets_of(runs, arms, primary.metric),
        scope=_scope(found, config, len({run.seed for run in finished})),
        people=people_in(runs, primary, plan.baseline) if general and plan.group_seeds is None else None,
        over_pictures=of_pictures,
        drawings=drawings_of(runs, arms),
    )


def _scope(found: Evidence, config: Mapping[str, Any], pairs: int) -> str:
    """Return how far the verdicts reach, and whether the arms were shrunk or tuned for it."""
    tuned = tuned_in(found.extras)
    shrunk = [f"Every arm has its size from {found.plan.shrink}."] if found.plan.shrink else []
    best = [f"Every arm has the {' and '.join(tuned)} that was best for it on other people."] if tuned else []
    return " ".join([scope_of(config, pairs), *shrunk, *best])


def _with_verdicts(found: Evidence, primary: Compared) -> dict[str, Any]:
    """Return the further measurements, of a tuning what is to be shown of it."""
    if TUNING not in found.extras:
        return found.extras
    return found.extras | {TUNING: shown(found.extras[TUNING], primary, found.runs, ALPHA)}


def _primary(plan: StudyPlan) -> Metric:
    return replace(judged_metric(plan.metric), smallest_difference=plan.smallest_difference)


def _secondary(plan: StudyPlan) -> list[Metric]:
    """Return them without the primary one: under another smallest difference it would have two verdicts."""
    return [judged_metric(key) for key in dict.fromkeys(plan.secondary) if key != plan.metric]


def _arm(name: str, plan: StudyPlan, runs: list[Run]) -> Arm:
    changes = differing(config_of(runs, plan.baseline), config_of(runs, name))
    size = next((run.parameters for run in runs if run.arm == name and run.parameters is not None), None)
    return Arm(name, plan.arms[name], changes, size)


def _diagnostics(finished: list[Run], arms: Sequence[str]) -> list[Compared]:
    """Return the losses and all that explains. No arm is judged by its own training loss."""
    keys = {key for run in finished for key in run.metrics}
    losses = [judged_metric(key) for key in _LOSSES if key in keys]
    return [described(finished, arms, metric) for metric in (*losses, *diagnostics_of(keys))]


def _curves(plan: StudyPlan, runs: list[Run], arms: Sequence[str]) -> list[Curves]:
    metrics = [judged_metric(key) for key in dict.fromkeys((*_LOSSES, plan.metric, _other_way(plan.metric)))]
    cosine = diagnostic("grad_cosine")
    metrics += [cosine] if cosine else []
    curves = [curves_of(runs, arms, metric, alpha=ALPHA, finished=plan.declared) for metric in metrics]
    return [curve for curve in curves if curve is not None]


def _other_way(key: str) -> str:
    """Return the same metric of the other swap, B→A for A→B; itself where there is none."""
    return re.sub("_(AB|BA)(?=_|$)", lambda found: f"_{found[1][::-1]}", key)


def _on_paths(plan: StudyPlan, finished: list[Run]) -> list[str]:
    """Say where the metric of one swap path stands for that of the other."""
    keys = [key for key in (plan.metric, *plan.secondary) if own_path(key)]
    borrowed = [run for run in finished if any(key not in run.metrics and run.value(key) is not None for key in keys)]
    arms = dict.fromkeys(run.arm for run in borrowed)
    if not arms:
        return []
    said = f"With one encoder both swap paths are one, and so is their number: {', '.join(arms)} ({', '.join(keys)})."
    return [said]


def values_of(runs: list[Run], arms: Sequence[str], key: str) -> dict[str, dict[int, float]]:
    """Return arm → seed → value of the finished runs that have the metric."""
    found: dict[str, dict[int, float]] = {}
    for arm in arms:
        values = {pair: run.value(key) for pair, run in of_arm(runs, arm).items()}
        found[arm] = {pair: value for pair, value in values.items() if value is not None}
    return found


def described(runs: list[Run], arms: Sequence[str], metric: Metric) -> Compared:
    """Return a metric's values without a verdict."""
    return Compared(metric, values_of(runs, arms, metric.key), {})


def judged(runs: list[Run], arms: Sequence[str], metric: Metric, alpha: float) -> Compared:
    """Return a metric's values and the verdict on every arm.

    Args:
        runs: of the whole study.
        arms: all arms, the baseline first.
        metric: has a direction.
        alpha: level of the verdicts.
    """
    values = values_of(runs, arms, metric.key)
    baseline, *others = arms
    judgements = judge_arms(
        values[baseline],
        {arm: values[arm] for arm in others},
        higher_is_better=bool(metric.higher_is_better),
        smallest_difference=metric.smallest_difference,
        alpha=alpha,
    )
    for arm in others:
        lacking = [name for name in (baseline, arm) if not values[name] and of_arm(runs, name)]
        if lacking:
            judgements[arm] = _not_measured(judgements[arm], lacking)
    return Compared(metric, values, judgements)


def _not_measured(judgement: Judgement, lacking: list[str]) -> Judgement:
    """More seeds would not help where finished runs do not have the metric at all."""
    return replace(judgement, reason=f"not measured in the runs of {' and '.join(lacking)}", outlook=None)
