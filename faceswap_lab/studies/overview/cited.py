"""Numbers in a text that the data give: between two comments, written by the program and never by hand.

    worse by <!--= encoder_count two_encoders effect -->−0.479 (−0.515 to −0.444)<!--/--> in
    <!--= encoder_count two_encoders pairs -->8 of 8<!--/--> seeds

The comment names the folder of evidence, the arm, what of it, and after that another metric than the primary one, if
it is to be another. ``against=ARM`` at its end compares with another arm than the study's baseline. Between
``<!-- answers -->`` and ``<!-- end of answers -->`` no other decimal number may stand.
"""

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from faceswap_lab.config import ConfigError
from faceswap_lab.refusal import nearest
from faceswap_lab.studies import digits
from faceswap_lab.studies.analysis import judge_primary
from faceswap_lab.studies.evidence import Evidence, is_evidence, read_evidence
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.statistics.intervals import Interval
from faceswap_lab.studies.statistics.paired import Comparison

_AGAINST = "against="
_OPENS = "<!--="
_CITED = re.compile(rf"({_OPENS}\s*(.*?)\s*-->)((?:(?!{_OPENS}).)*?)(<!--/-->)", re.DOTALL)


def rewritten(text: str, root: Path) -> str:
    """Return a text in which everything between the comments is as the evidence in ``root`` gives it.

    Raises:
        ConfigError: a comment names what is not there, or is not closed.
    """
    for piece in text.split(_OPENS)[1:]:
        if not _CITED.match(_OPENS + piece):
            words = " ".join(piece.partition("-->")[0][:200].split())
            raise ConfigError(f"{_OPENS} {words} -->: after what it vouches for, <!--/--> is missing.")
    read = cache(lambda name: _evidence(root, name))

    @cache  # a league of 26 arms is judged once, not for each of its numbers
    def judged(study: str, baseline: str, metric: str | None) -> Compared:
        found = read(study)
        return judge_primary(replace(found, plan=replace(found.plan, baseline=baseline)), metric)

    return _CITED.sub(lambda cited: f"{cited[1]}{_cite(cited[2].split(), read, judged)}{cited[4]}", text)


def _evidence(root: Path, name: str) -> Evidence:
    if not is_evidence(root / name):
        known = sorted(path.name for path in root.iterdir() if is_evidence(path))
        raise ConfigError(f"<!--= {name} … -->: there is no such evidence in {root}.{nearest(name, known)}")
    return read_evidence(root / name)


def _cite(words: list[str], read: Callable[[str], Evidence], judged: Callable[..., Compared]) -> str:
    where = f"<!--= {' '.join(words)} -->"
    against = next((word.removeprefix(_AGAINST) for word in words[-1:] if word.startswith(_AGAINST)), None)
    if not 3 <= len(words) - bool(against) <= 4:
        raise ConfigError(f"{where}: write <!--= study arm what -->, and after it a metric, {_AGAINST}ARM, or both.")
    study, arm, what, *metric = words[:-1] if against else words
    found = read(study)
    baseline = _known_arm(against, found.arms, where) if against else found.plan.baseline
    compared = judged(study, baseline, metric[0] if metric else None)
    if what == "table":
        return _table(found, baseline, compared)
    values = list(compared.values[_known_arm(arm, found.arms, where)].values())
    if what == "mean":
        if not values:
            raise ConfigError(f"{where}: {study}/{arm} has no value of it.")
        spread = statistics.stdev(values) if len(values) > 1 else None
        return digits.fixed(statistics.fmean(values), digits.places(spread))
    if arm not in compared.judgements:
        raise ConfigError(f"{where}: {arm} is the baseline, of which only the mean can be said.")
    judgement = compared.judgements[arm]
    if what == "verdict":
        return judgement.verdict
    if what not in _SAYS:
        raise ConfigError(f"{where}: '{what}' cannot be said.{nearest(what, _SAYS)} Known: {', '.join(_KNOWN)}.")
    return _SAYS[what](judgement.comparison)


def _known_arm(arm: str, arms: Sequence[str], where: str) -> str:
    if arm not in arms:
        raise ConfigError(f"{where}: the study has no arm '{arm}'.{nearest(arm, arms)}")
    return arm


def _table(found: Evidence, baseline: str, compared: Compared) -> str:
    """Return the verdicts of a whole study as a Markdown table, on lines of its own."""
    rows = [
        f"| {arm} | {judgement.verdict} | {_effect(judgement.comparison)} | {judgement.comparison.seeds} |"
        for arm, judgement in compared.judgements.items()
    ]
    head = f"| {found.plan.title}: {compared.metric.caption} | verdict | difference from {baseline} | n |"
    return "\n".join(["", head, "| --- | --- | ---: | ---: |", *rows, ""])


def _effect(numbers: Comparison) -> str:
    return digits.effect(numbers.difference, *numbers.interval)


def _range(ends: Interval) -> str:
    return digits.interval(*ends, digits.places((ends.high - ends.low) / 2), sign=True)


_SAYS: dict[str, Callable[[Comparison], str]] = {
    "effect": _effect,
    "difference": lambda numbers: _effect(numbers).split(" ")[0],
    "interval": lambda numbers: _range(numbers.interval),
    "median": lambda numbers: digits.fixed(numbers.median, 3, sign=True),
    "prediction": lambda numbers: _range(numbers.prediction),
    "pairs": lambda numbers: f"{numbers.same_way} of {numbers.seeds}",
    "seeds": lambda numbers: str(numbers.seeds),
}
_KNOWN = (*_SAYS, "mean", "verdict", "table")
