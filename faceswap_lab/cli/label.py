"""The name of a run that was given none."""

from collections.abc import Sequence


def label_of(overrides: Sequence[str]) -> str:
    """Make a label from a job's overrides: the experiment, then the options, then the values it sets, shortest form.

    >>> label_of(["+experiment=two_encoders", "seed=3"])
    'two_encoders'
    >>> label_of(["decoder_activation=tanh", "training.max_steps=100", "seed=1"])
    'tanh-max_steps_100'
    >>> label_of(["seed=1"])
    'baseline'
    """
    named, options, values = [], [], []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if key == "experiment":
            named.append(value)
        elif key == "study" or key.split(".")[0].split("/")[0] in _NOT_IN_LABELS:
            continue
        elif "." in key:
            values.append(f"{key.split('.')[-1]}_{value}")
        else:
            options.append(value)
    return "-".join([*named, *options, *values])[:_LONGEST] or "baseline"


_LONGEST = 60  # characters; what is cut off is in the run's configuration, and its hash tells it apart
_NOT_IN_LABELS = {
    *("seed", "name", "runs_dir", "cache_dir", "force", "progress"),
    *("trainer", "logger", "checkpoint", "evaluation", "hydra"),
}
