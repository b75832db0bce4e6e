"""The name of a run that was given none."""

from collections import Counter
from collections.abc import Mapping, Sequence

from faceswap_lab.cli.groups import ADDED


def label_of(overrides: Sequence[str], options: Mapping[str, Sequence[str]]) -> str:
    """Make a label from a job's overrides: the experiments, then the options, then the values it sets, shortest form.

    An option that several groups have (``tanh``) is named with its group.

    Args:
        overrides: a job's overrides.
        options: the options of every group.

    >>> groups = {"decoder_activation": ["sigmoid", "tanh"], "encoder_activation": ["relu", "tanh"]}
    >>> label_of(["+experiment=two_encoders", "seed=3"], groups)
    'two_encoders'
    >>> label_of(["encoder_activation=relu", "training.max_steps=100", "seed=1"], groups)
    'relu-max_steps_100'
    >>> label_of(["encoder_activation=tanh"], groups)
    'encoder_activation_tanh'
    >>> label_of(["seed=1"], groups)
    'baseline'
    """
    groups_with = Counter(option for group in options.keys() - set(ADDED) for option in options[group])
    named, chosen, values = [], [], []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key == "experiment":
            named += [name.strip(" '\"") for name in value.strip("[]").split(",")]
        elif key == "study" or key.split(".")[0].split("/")[0] in _NOT_IN_LABELS:
            continue
        elif "." in key:
            values.append(f"{key.split('.')[-1]}_{value}")
        else:
            chosen.append(f"{key.split('@')[0]}_{value}" if groups_with[value] > 1 else value)
    return "-".join([*named, *chosen, *values])[:_LONGEST] or "baseline"


_LONGEST = 60  # characters; what is cut off is in the run's configuration, and its hash tells it apart
_NOT_IN_LABELS = {
    *("seed", "name", "runs_dir", "cache_dir", "force", "progress"),
    *("trainer", "logger", "checkpoint", "evaluation", "hydra"),
}
