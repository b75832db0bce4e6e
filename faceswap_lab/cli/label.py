"""The name of a run that was given none."""

from collections.abc import Sequence


def label_of(overrides: Sequence[str]) -> str:
    """Make a label from a job's overrides: the experiment, then whatever else it sets, shortest form.

    >>> label_of(["+experiment=two_encoders", "seed=3"])
    'two_encoders'
    >>> label_of(["decoder_activation=tanh", "training.max_steps=100", "seed=1"])
    'tanh-max_steps_100'
    >>> label_of(["seed=1"])
    'baseline'
    """
    parts, named = [], []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key == "experiment":
            named.append(value)
        elif key == "study" or key.split(".")[0].split("/")[0] in _NOT_IN_LABELS:
            continue
        else:
            parts.append(f"{key.split('.')[-1]}_{value}" if "." in key else value)
    return "-".join([*named, *parts])[:_LONGEST] or "baseline"


_LONGEST = 60  # characters; what is cut off is in the run's configuration, and its hash tells it apart
_NOT_IN_LABELS = {
    *("seed", "name", "runs_dir", "cache_dir", "force", "progress"),
    *("trainer", "logger", "checkpoint", "evaluation", "hydra"),
}
