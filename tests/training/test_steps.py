"""A step is a step: whatever the number of optimizer steps, everything counts training steps. With a real Trainer."""

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from faceswap_lab.orders import ORDERS
from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
from faceswap_lab.training.callbacks import Every
from tests.no_float64 import NoFloat64
from tests.training.test_orders import CASES
from tests.training.tiny import trained

STEPS = 8  # two whole rounds of alternate
UPDATES = {"joint": 1, "only_a": 1, "only_b": 1}  # optimizer steps per training step with one shared optimizer; else 2
LOSSES = {"only_a": {"loss_A"}, "only_b": {"loss_B"}}


class GlobalSteps(pl.Callback):
    def __init__(self):
        self.after_each, self.updates = [], 0

    def on_train_batch_end(self, trainer, module, *rest):
        self.after_each.append((trainer.global_step, module.steps_done))


@pytest.mark.parametrize(("order", "state"), CASES)
def test_everything_counts_training_steps(order, state, tmp_path):
    counter, at = GlobalSteps(), []
    table = MetricsCsv(tmp_path / "metrics.csv")
    callbacks = [counter, Every(3, None, lambda module: at.append(module.steps_done))]
    trained(order, state, STEPS, callbacks=callbacks, table=table, log_every=3)
    assert counter.after_each == [(n, n) for n in range(1, STEPS + 1)]
    assert at == [3, 6]
    rows = read_metrics(table.path)
    assert [row["step"] for row in rows] == [3, 6, 8]
    for row in rows:
        losses = {name for name in row if name.startswith("loss_")}
        assert losses <= {"loss_A", "loss_B"}
        if order not in ("alternate", "a_then_b_alone"):  # in which a row may be of one side
            assert losses == LOSSES.get(order, {"loss_A", "loss_B"})
        assert row["steps_per_second"] > 0
        batch = {"only_a": 4, "only_b": 4}.get(order, 8)
        assert row["faces_per_second"] == pytest.approx(batch * row["steps_per_second"])


@pytest.mark.parametrize("order", ORDERS)
def test_the_number_of_optimizer_steps_does_differ(order):
    """Or the test above would prove nothing."""
    made = []
    hook = register_optimizer_step_post_hook(lambda *rest: made.append(1))
    try:
        trained(order, "shared", STEPS)
    finally:
        hook.remove()
    assert len(made) == STEPS * (UPDATES | {"accumulate": 1}).get(order, 2)


def test_a_row_is_the_mean_of_the_losses_since_the_last(tmp_path):
    every, third = (MetricsCsv(tmp_path / f"{n}.csv") for n in (1, 3))
    trained("a_then_b", "shared", STEPS, table=every, log_every=1)
    trained("a_then_b", "shared", STEPS, table=third, log_every=3)
    singles, rows = read_metrics(every.path), read_metrics(third.path)
    for row, group in zip(rows, (singles[0:3], singles[3:6], singles[6:8]), strict=True):
        for name in ("loss_A", "loss_B"):
            assert row[name] == pytest.approx(sum(r[name] for r in group) / len(group), rel=1e-6)


@pytest.mark.parametrize(("order", "state"), CASES)
@pytest.mark.parametrize("clip", [None, 5e-4])
def test_bf16_and_clipping_work_with_every_order(order, state, clip):
    """The gradient an optimizer uses is no longer than the bound; training stays finite and moves."""
    norms = []

    class Norms(pl.Callback):
        def on_train_start(self, trainer, module):
            step = module.states.step

            def watched(sides):
                gradients = [p.grad for p in module.parameters() if p.grad is not None]
                norms.append(torch.nn.utils.get_total_norm(gradients).item())
                step(sides)

            module.states.step = watched

    module = trained(order, state, 4, callbacks=[Norms()], precision="bf16-mixed", gradient_clip=clip)
    assert all(torch.isfinite(p).all() for p in module.parameters())
    assert all(p.dtype == torch.float32 for p in module.parameters())
    assert all(norm > 1e-3 for norm in norms) if clip is None else all(norm <= clip * 1.001 for norm in norms)


def test_every_by_the_clock_and_at_a_stop():
    at = []

    class Stop(pl.Callback):
        def on_train_batch_end(self, trainer, module, *rest):
            trainer.should_stop = module.steps_done == 3

    by_clock = Every(None, 1e-9, lambda module: at.append(("clock", module.steps_done)))
    at_stop = Every(None, None, lambda module: at.append(("stop", module.steps_done)), at_stop=True)
    module = trained("joint", "shared", STEPS, callbacks=[Stop(), by_clock, at_stop])
    assert at == [("clock", 1), ("clock", 2), ("clock", 3), ("stop", 3)]
    assert module.steps_done == 3


def test_a_row_needs_no_float64_of_the_device():
    """MPS has none, and trainer=auto takes it; the losses of the result and of the row are the same numbers."""
    rows = []
    with NoFloat64():
        module = trained("a_then_b", "shared", 2, table=rows)
        assert module.recent.means() == {name: rows[-1][name] for name in ("loss_A", "loss_B")}
