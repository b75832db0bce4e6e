"""What a study is judged by on the faces it is asked of: metrics that cannot exist there are refused before any run."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

from faceswap_lab.config import Config, ConfigError, FoldersData
from faceswap_lab.config.schema import Study
from faceswap_lab.faces.model_files import ModelMissing, model_file
from faceswap_lab.studies.metric_names import (
    VOUCHED,
    is_of_real_swaps,
    judged_metric,
    needs_truth,
    never_sees_a_swap,
    own_path,
    real_metrics,
)


def judged_by(study: Study, config: Config, overrides: Sequence[str]) -> Study:
    """Return the study with metrics that its runs will have.

    A study on folders whose YAML asks for a true swap is judged by what networks see in the swaps, and says so. What a
    person typed is kept or refused.

    Raises:
        ConfigError: a metric is none, cannot exist on these faces, or never sees a swap.
    """
    for key in (study.metric, *study.secondary):
        judged_metric(key)
    if not isinstance(config.data, FoldersData):
        if config.evaluation.real_judges:
            beside = tuple(dict.fromkeys((*study.secondary, *_measured())))
            study = replace(study, secondary=beside, notes=(*study.notes, f"Networks judge these swaps too. {_SAYS}"))
        else:
            real = [key for key in (study.metric, *study.secondary) if is_of_real_swaps(key)]
            _refuse(real, "rendered people", _TWINS)
        return _decided(study, overrides)
    known = _measured()
    there_are = f"There are {', '.join(known)}, and those of further swap paths"
    if _typed("study.metric", overrides):
        _refuse([study.metric] if needs_truth(study.metric) else [], "real people", there_are)
    if _typed("study.secondary", overrides):
        _refuse([key for key in study.secondary if needs_truth(key)], "real people", there_are)
    if not needs_truth(study.metric):
        kept = tuple(key for key in study.secondary if not needs_truth(key))
        return _decided(replace(study, secondary=kept), overrides)
    metric = judged_metric(known[0])
    paths = (_of_real(key) for key in study.secondary if key.startswith(_SCORE) and own_path(key))
    secondary = dict.fromkeys((*known, *paths, *(key for key in study.secondary if not needs_truth(key))))
    said = (
        f"This study asks by {study.metric}, which takes a true swap, and of real people none is known: here "
        f"{metric.key} decides. {_SAYS}"
    )
    least = study.smallest_difference if _typed("study.smallest_difference", overrides) else metric.smallest_difference
    return replace(
        study,
        metric=metric.key,
        smallest_difference=least,
        secondary=tuple(key for key in secondary if key != metric.key),
        notes=(said, *map(_of_real, study.notes)),
    )


_SCORE, _WHO = "swap_score", "identity_sface"
_SAYS = (
    f"On twins at 32 px the rank correlation of {_WHO}_AB with the score, among the arms of one pair, is {VOUCHED}: an "
    "order, not an amount, and no measure between different people (docs/judging.md)."
)
_TWINS = (
    "There are swap_score_AB and the other metrics of a true swap, which are the better judges; "
    "evaluation.real_judges=true measures the others beside them"
)


def _decided(study: Study, overrides: Sequence[str]) -> Study:
    """Return the study, its primary metric once; what was typed in its place brings its own smallest difference."""
    if never_sees_a_swap(study.metric):
        raise ConfigError(
            f"study.metric={study.metric}: it judges a side's own faces, not the swap, and arms that cannot swap can "
            "be the best at it. Name it in study.secondary, and let a metric of the swap decide."
        )
    if _typed("study.metric", overrides) and not _typed("study.smallest_difference", overrides):
        study = replace(study, smallest_difference=judged_metric(study.metric).smallest_difference)
    return replace(study, secondary=tuple(key for key in study.secondary if key != study.metric))


def _of_real(text: str) -> str:
    """Return a metric, or words on it, with what stands for the score where there is no truth."""
    return text.replace(_SCORE, _WHO)


def _measured() -> list[str]:
    """Return the metrics that the networks which are installed here measure.

    Raises:
        ConfigError: there is none that could judge.
    """
    try:
        model_file("detector"), model_file("sface")
    except ModelMissing as error:
        raise ConfigError(f"data=folders: nothing here can judge swaps of real people: {error}") from error
    try:
        model_file("dlib")
        second = find_spec("dlib") is not None
    except ModelMissing:
        second = False
    return [key for key in real_metrics() if second or not key.startswith("identity_dlib_")]


def _typed(key: str, overrides: Sequence[str]) -> bool:
    return any(word.lstrip("+").startswith(f"{key}=") for word in overrides)


def _refuse(keys: Sequence[str], whom: str, there_are: str) -> None:
    if keys:
        raise ConfigError(f"{', '.join(keys)}: there is no such metric of swaps of {whom}. {there_are}.")
