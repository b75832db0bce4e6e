"""The name of a run that was given none, and of a study's report; and what a dashboard finds a run by."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from faceswap_lab.cli.groups import ADDED, baseline_options, set_by_scale
from faceswap_lab.config.data import TYPED_FOLDERS
from faceswap_lab.options import items_of


def label_of(overrides: Sequence[str], options: Mapping[str, Sequence[str]]) -> str:
    """Make a label from a job's overrides: the experiments, then the options, then the values it sets, shortest form.

    An option that several groups have (``tanh``) is named with its group.
    """
    return _joined(_parts(overrides, options)) or "baseline"


def report_name(
    study: str, overrides: Sequence[str], params: Mapping[str, object], options: Mapping[str, Sequence[str]]
) -> str:
    """Make the name of the folder of a study's report: the study, then whatever differs from the study as shipped.

    What changes no answer (launchers, paths, loggers) is left out; what is too long for a name ends in a hash.
    ``params`` are the arms and seeds of the study as shipped.

    >>> report_name("smoke", ["+study=smoke", "runs_dir=x"], {"seed": "0,1"}, {})
    'smoke'
    >>> report_name("smoke", ["+study=smoke", "seed=0,1"], {"seed": "0,1"}, {})
    'smoke'
    >>> report_name("smoke", ["+study=smoke", "scale=quick", "seed=range(0,3)"], {"seed": "0,1"}, {"scale": ["quick"]})
    'smoke-quick-seed_range-0-3'
    """
    shipped = {f"{key}={value}" for key, value in params.items()}
    differs = [word for word in overrides if word not in shipped]
    parts = _parts(differs, options)
    parts += [word.replace("=", "_") for word in differs if word.startswith("seed=")]
    declared = [word.lstrip("+") for word in differs if word.lstrip("+").startswith(("study.", *_JUDGED))]
    parts += [word.partition(".")[2].replace("=", "_") for word in declared]
    return _joined([study, *parts], told=[word for word in differs if _says_more(word)])


def name_along(name: str, axis: str, levels: Sequence[str]) -> str:
    """Make the name of the folder of a study along an axis, of the study's and its levels' shortest forms.

    >>> name_along("smoke", "scale", ["smoke", "quick"])
    'smoke-scale-smoke-quick'
    """
    folders = axis in TYPED_FOLDERS
    whole = [f"{name}-{axis.replace('/', '-')}", *(told_apart(levels) if folders else levels)]
    return _joined(whole, told=levels if folders else ())


def _says_more(override: str) -> bool:
    """Tell whether two such overrides can mean two things and yet be shortened to one."""
    key = override.lstrip("+~").partition("=")[0]
    return key in TYPED_FOLDERS or (key.count(".") > 1 and key.split(".")[0].split("/")[0] not in _NOT_IN_LABELS)


def _joined(parts: Sequence[str], told: Sequence[str] = ()) -> str:
    """Return one word of what a file's name may hold; the end of what is too long is a hash: no two arms have one name.

    Args:
        parts: of the name.
        told: what they are short for, where that could be several things; then there is a hash of it as well.

    >>> _joined(["augmentation_none"] * 3 + ["learning_rate_0.1"])[:52]
    'augmentation_none-augmentation_none-augmentation_no-'
    """
    name = "-".join(re.sub(r"[^A-Za-z0-9_.+-]+", "-", part).strip("-.").replace("_-", "_") for part in parts)
    if len(name) <= _LONGEST and not told:
        return name
    return f"{name[: _LONGEST - 9]}-{hashlib.sha256(' '.join([*parts, *told]).encode()).hexdigest()[:8]}"


def _parts(overrides: Sequence[str], options: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what overrides choose and set, each in its shortest form; of a setting that is set again, the last."""
    overrides = list({override.lstrip("+~").partition("=")[0]: override for override in overrides}.values())
    groups_with = Counter(option for group in options.keys() - set(ADDED) for option in options[group])
    typed = {override.lstrip("+~").partition("=")[0]: override.partition("=")[2] for override in overrides}
    folders = {key: items_of(value) for key, value in typed.items() if key in TYPED_FOLDERS}
    names = told_apart([folder for of_key in folders.values() for folder in of_key])
    named, chosen, values = [], [], []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key in ("experiment", "peer"):
            named += items_of(value)
        elif key in _NOT_IN_LABELS or key.split(".")[0].split("/")[0] in _NOT_IN_LABELS:
            continue
        elif "." in key:
            shown = "-".join(names.pop(0) for _ in folders[key]) if key in folders else value
            values.append(f"{key.split('.')[-1]}_{shown}")
        else:
            chosen.append(f"{key.split('@')[0]}_{value}" if groups_with[value] > 1 else value)
    return [*named, *chosen, *values]


def told_apart(folders: Sequence[str]) -> list[str]:
    """Return folders by their last part, for where they lie is nobody's business; by two if that tells more apart.

    >>> told_apart(["/home/me/faces/anna", "ben/"])
    ['anna', 'ben']
    >>> told_apart(["/home/me/anna/aligned", "/home/me/ben/aligned"])
    ['anna/aligned', 'ben/aligned']
    """
    short, longer = (["/".join(PurePath(folder).parts[-parts:]) for folder in folders] for parts in (1, 2))
    return longer if len(set(short)) < len(set(longer)) else short


_LONGEST = 60  # characters; what is cut off is in the run's configuration, and its hash tells it apart
_JUDGED = ("evaluation.metrics=", "evaluation.real_judges=")  # other runs, and other reports
_NOT_IN_LABELS = {
    *("seed", "name", "study", "runs_dir", "experiments_dir", "cache_dir", "cache_gib", "force", "progress"),
    *("trainer", "logger", "checkpoint", "evaluation", "hydra", "data.sampler"),
}


def differing_options(folders: Sequence[Path]) -> list[str]:
    """Return ``group=option`` for every group in which Hydra's present job departs from the baseline at its scale."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().runtime.choices
    usual, scale = baseline_options(folders[0]), chosen["scale"]
    made_in = [folder for folder in folders if (folder / "scale" / f"{scale}.yaml").is_file()]
    usual |= set_by_scale(made_in[-1], scale)
    compared = [group for group in usual if group not in _ELSEWHERE]
    return [f"{group}={chosen[group]}" for group in compared if chosen[group] != usual[group]]


_ELSEWHERE = ("scale", "trainer", "logger")  # a tag of its own, and what cannot change a result
