"""TensorBoard and Weights & Biases mirror metrics.csv, each cell of a sweep into a run of its own."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from faceswap_lab.runs.metrics import read_metrics
from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance


def test_each_cell_has_its_own_mirrors_with_both_losses_against_training_steps(program: Program) -> None:
    ended = program.run("-m", "seed=0,1", "logger.kinds=[tensorboard,wandb]", "training.max_steps=20", "progress=false")
    assert ended.code == 0, ended.err
    runs = sorted(path for path in program.runs.glob("tiny-*") if path.is_dir())
    assert len(runs) == 2
    for run in runs:
        rows = read_metrics(run / "metrics.csv")
        assert [row["step"] for row in rows] == [10, 20]
        events = EventAccumulator(str(run / "tensorboard"))
        events.Reload()
        for name in ("loss_A", "loss_B"):
            seen = [(event.step, event.value) for event in events.Scalars(name)]
            assert seen == [(row["step"], pytest.approx(row[name], rel=1e-6)) for row in rows]
        (offline,) = (run / "wandb").glob("offline-run-*")
        assert offline.name.endswith(run.name)
        assert (offline / f"run-{run.name}.wandb").stat().st_size > 0
