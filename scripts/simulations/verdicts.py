"""How often is a verdict wrong, how often is there one, and is the advice on seeds any good?"""

import numpy as np
from simulations.noise import DRAWS, SKEWED, TRUE_MEAN, Draw
from simulations.tables import table

from faceswap_lab.studies.holm import holm
from faceswap_lab.studies.intervals import mean_bounds
from faceswap_lab.studies.sign_flips import sign_flip_p
from faceswap_lab.studies.verdicts import Judgement, judge_arms


def study(
    draw: Draw, rng: np.random.Generator, arms: int, seeds: int, shift: float = 0.0, margin: float | None = None
) -> list[Judgement]:
    """Judge one simulated study whose arms share noise with the baseline as paired runs do, and are ``shift`` off.

    Each arm's noise is drawn like the baseline's, plus the luck that all runs of one seed share.
    """
    luck = rng.standard_normal(seeds)
    baseline, *others = luck + draw(rng, (arms + 1, seeds))
    return _judged(baseline, np.array(others) + shift, margin)


def _judged(baseline: np.ndarray, arms: np.ndarray, margin: float | None = None) -> list[Judgement]:
    values = {str(arm): dict(enumerate(row)) for arm, row in enumerate(arms)}
    judgements = judge_arms(dict(enumerate(baseline)), values, higher_is_better=True, smallest_difference=margin)
    return list(judgements.values())


def _alarm(judgements: list[Judgement]) -> bool:
    return any(judgement.verdict in ("better", "worse") for judgement in judgements)


def false_alarms(draw: Draw, arms: int, seeds: int, studies: int) -> float:
    """Share of A/A studies (in %) in which any arm is called better or worse."""
    rng = np.random.default_rng(3)
    return 100 * float(np.mean([_alarm(study(draw, rng, arms, seeds)) for _ in range(studies)]))


def report_false_alarms(studies: int) -> str:
    noises = ("normal", "heavy tails (t3)", "lognormal", "one seed in ten collapses")
    cells = [(5, 8, noise) for noise in noises] + [(1, 6, noise) for noise in noises] + [(11, 10, "normal")]
    rows = [[*cell, false_alarms(DRAWS[cell[2]], cell[0], cell[1], studies)] for cell in cells]
    return table(["arms", "seeds", "noise of every run", "studies with a false better or worse, %"], rows)


def report_skewed_arms(studies: int) -> str:
    """False alarms where arms have the baseline's mean, but seeds that scatter skewly while the baseline's do not."""
    rows = []
    for noise in SKEWED:
        rng, alarms = np.random.default_rng(10), []
        for _ in range(studies):
            arms = DRAWS[noise](rng, (5, 8)) - TRUE_MEAN[noise]
            alarms.append(_alarm(_judged(0.5 * rng.standard_normal(8), arms)))
        rows.append([noise, 100 * float(np.mean(alarms))])
    return table(["noise of the arms (the baseline's is normal)", "studies with a better or worse, %"], rows)


def report_verdicts(studies: int) -> str:
    """Verdicts per arm for true differences from none to twice what matters, and noise as large as what matters."""
    rows = []
    for seeds in (8, 10):
        for noise in ("normal", "lognormal"):
            for shift in (0.0, 0.5, 1.0, 1.5, 2.0):
                rng = np.random.default_rng(4)
                spread = 0.7 if noise == "normal" else 0.32  # differences with an sd of about 1
                draw = _scaled(DRAWS[noise], spread)
                verdicts = [
                    judgement.verdict
                    for _ in range(studies // 5)
                    for judgement in study(draw, rng, 5, seeds, shift, margin=1.0)
                ]
                shares = [100 * verdicts.count(name) / len(verdicts) for name in ("better", "worse", "equivalent")]
                rows.append([seeds, noise, f"{shift:g}", *shares, 100 - sum(shares)])
    header = ["seeds", "noise", "true difference ÷ smallest that matters", "better, %", "worse, %"]
    return table([*header, "equivalent, %", "undecided, %"], rows)


def report_borderline(studies: int) -> str:
    """Studies whose arms all differ by exactly what matters (1): how often is *any* of them called equivalent?"""
    rows = []
    for arms in (1, 5, 8, 10):
        runs = np.random.default_rng(7).standard_normal((studies, arms + 1, 8)) / 3
        low, high = mean_bounds(runs[:, 1:] - runs[:, :1] + 1)
        called = (low > -1) & (high < 1)
        rows.append([arms, 100 * float(called.mean()), 100 * float(called.any(axis=1).mean())])
    return table(["arms, all at the border", "an arm called equivalent, %", "studies with any, %"], rows)


def report_peeking(studies: int) -> str:
    """False alarms when seeds are added, two at a time, until a verdict comes."""
    rng = np.random.default_rng(5)
    arms, looks = 5, (8, 10, 12)
    luck = rng.standard_normal((studies, arms + 1, looks[-1]))
    differences = luck[:, 1:] - luck[:, :1]
    alarmed = np.zeros(studies, dtype=bool)
    rows = []
    for seeds in looks:
        so_far = differences[..., :seeds]
        corrected = np.apply_along_axis(holm, 1, sign_flip_p(so_far))
        low, high = mean_bounds(so_far)
        alarmed |= ((corrected <= 0.05) & ((low > 0) | (high < 0))).any(axis=1)
        rows.append([seeds, 100 * float(alarmed.mean())])
    return table(["seeds so far", "studies with a false better or worse in any look so far, %"], rows)


def report_outlook(pilots: int) -> str:
    """Of arms left undecided by 8 seeds, how many are decided with the seeds that the outlook named?"""
    rng = np.random.default_rng(6)
    decided: dict[str, list[bool]] = {"even": [], "likely": []}
    named: dict[str, list[int]] = {"even": [], "likely": []}
    undecided = 0
    for _ in range(pilots):
        differences = rng.uniform(-1.5, 1.5) + rng.standard_normal(200)
        pilot = _one_arm(differences[:8])
        if pilot.outlook is None:
            continue
        undecided += 1
        for chance in decided:
            seeds = getattr(pilot.outlook, chance)
            if seeds is not None:
                decided[chance].append(_one_arm(differences[:seeds]).verdict != "undecided")
                named[chance].append(seeds)
    rows = [
        [title, f"{len(named[chance])} of {undecided}", int(np.median(named[chance])), 100 * float(np.mean(share))]
        for (chance, share), title in zip(decided.items(), ("an even chance", "four chances in five"))
    ]
    return table(["promised", "pilots that got a number", "median number of seeds", "decided with it, %"], rows)


def _one_arm(differences: np.ndarray) -> Judgement:
    baseline = dict.fromkeys(range(len(differences)), 0.0)
    arm = dict(enumerate(differences))
    return judge_arms(baseline, {"arm": arm}, higher_is_better=True, smallest_difference=0.75)["arm"]


def _scaled(draw: Draw, factor: float) -> Draw:
    return lambda rng, shape: factor * draw(rng, shape)
