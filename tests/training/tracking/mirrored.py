"""Tiny runs that are mirrored elsewhere, and ways to end one."""

from dataclasses import replace

from faceswap_lab.config.schema import Study
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.run import Run
from tests.training.configs import config_for, noise_data

STUDY = Study(
    name="encoder_count",
    title="t",
    question="q",
    baseline="baseline",
    metric="swap_ssim_AB",
    smallest_difference=0.02,
    secondary=(),
    notes=(),
    group_seeds=None,
    companion=None,
    tuning={},
    tuning_seeds=(),
)


def run_in(root, logger, *overrides, after=None, study=STUDY, options=("encoders=two",), sweep=None):
    """Make the run; ``after``: {step: what happens after that step}."""
    config = replace(config_for(f"logger={logger}", "evaluation.every_steps=6", *overrides), study=study)
    folder = find_or_create(root, "two_encoders", 0, "0" * 10)
    run = Run(config, noise_data(), folder, "0" * 10, "two_encoders", ["test"], options, sweep)
    if after:
        callbacks, last = run._callbacks, Every(1, None, lambda module: after.get(module.steps_done, int)())
        run._callbacks = lambda: [*callbacks(), last]
    return run


def table_of(run):
    """The rows of metrics.csv, those of one step as one."""
    table = {}
    for row in read_metrics(run.folder.metrics):
        table.setdefault(row["step"], {}).update(row)
    return table


class Killed(BaseException):
    """Ends a run between two checkpoints."""


def killed():
    raise Killed
