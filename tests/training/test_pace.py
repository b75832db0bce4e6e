"""Schedules, learning rate dropout and averaged weights, in a training."""

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.randomness import seed_of
from faceswap_lab.schedules import Schedule
from faceswap_lab.training.step.optimizers import Settings
from tests.models.tiny import tiny
from tests.training.tiny import SEED, trained

DESCENT = Settings("sgd", lr=0.1, beta1=0.0, beta2=0.0, eps=0.0)


class Weights(pl.Callback):
    """Keeps the weights after every step, the first being those before it."""

    def __init__(self):
        self.seen = []

    def on_train_start(self, trainer, module):
        self.on_train_batch_end(trainer, module)

    def on_train_batch_end(self, trainer, module, *rest):
        self.seen.append([p.detach().clone() for p in module.autoencoder.parameters()])


def weights_over(steps=4, order="joint", **options):
    kept = Weights()
    module = trained(order, "shared", steps, callbacks=[kept], **options)
    return kept.seen, module


@pytest.mark.parametrize("order", ["joint", "a_then_b"])
def test_a_scheduled_rate_is_that_of_the_optimizer_in_that_step(order):
    """Each step alone, from the weights before it, with the rate of the schedule as the optimizer's own."""
    schedule = Schedule("linear_decay", 0.1, 4)
    scheduled, _ = weights_over(order=order, optimizer=DESCENT, schedule=schedule)
    plain, _ = weights_over(order=order, optimizer=DESCENT)
    for p, q in zip(scheduled[1], plain[1]):
        torch.testing.assert_close(p, q, rtol=0, atol=0)  # the whole rate
    second, _ = weights_over(2, order=order, optimizer=DESCENT, schedule=lambda step: (0.1, 0.075)[step])
    for p, q in zip(scheduled[2], second[2]):
        torch.testing.assert_close(p, q, rtol=0, atol=0)
    assert not torch.equal(scheduled[2][0], plain[2][0])


def test_a_rate_of_nothing_moves_nothing():
    seen, _ = weights_over(optimizer=DESCENT, schedule=lambda step: 0.0)
    for p, q in zip(seen[0], seen[-1]):
        assert torch.equal(p, q)


def test_learning_rate_dropout_keeps_the_drawn_steps_alone():
    """In the first step, where both trainings come from the same weights."""
    whole, _ = weights_over(1, optimizer=DESCENT)
    partly, _ = weights_over(1, optimizer=DESCENT, lr_dropout=0.3)
    draws = torch.Generator().manual_seed(seed_of(SEED, "lr_dropout", 0, 0))
    moved, count = 0, 0
    for before, all_of_it, part in zip(whole[0], whole[1], partly[1]):
        drawn = torch.rand(before.shape, generator=draws) < 0.3
        assert torch.equal(part, torch.where(drawn, all_of_it, before))
        moved, count = moved + int(drawn.sum()), count + drawn.numel()
    assert abs(moved / count - 0.3) < 5 * (0.3 * 0.7 / count) ** 0.5


def test_every_update_of_a_step_has_draws_of_its_own():
    both, _ = weights_over(1, order="a_then_b", optimizer=DESCENT, lr_dropout=0.5)
    still = [p == q for p, q in zip(both[0], both[1])]
    share = sum(int(x.sum()) for x in still[:2]) / sum(x.numel() for x in still[:2])  # of the encoder, moved by A and B
    assert share == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("seed", [SEED, 5])
def test_which_weights_move_is_drawn_for_every_seed_step_and_update(monkeypatch, seed):
    monkeypatch.setattr("tests.training.tiny.SEED", seed)
    seen, module = weights_over(2, order="a_then_b", optimizer=DESCENT, lr_dropout=0.3)
    names = [name for name, _ in module.autoencoder.named_parameters()]
    for step in range(2):
        drawn = [torch.zeros(p.shape, dtype=torch.bool) for p in seen[0]]
        for update, other in enumerate(("decoder_B", "decoder_A")):
            draws = torch.Generator().manual_seed(seed_of(seed, "lr_dropout", step, update))
            for name, moves in zip(names, drawn):
                if other not in name:
                    moves |= torch.rand(moves.shape, generator=draws) < 0.3
        for before, after, moves in zip(seen[step], seen[step + 1], drawn):
            assert torch.equal(after[~moves], before[~moves])
        assert torch.cat([(q != p)[moves] for p, q, moves in zip(*seen[step : step + 2], drawn)]).float().mean() > 0.5


def test_the_average_is_the_explicit_sum():
    decay = 0.6
    seen, module = weights_over(4, ema=decay)
    first, *later = seen[1:]
    expected = [p.clone() for p in first]
    for weights in later:
        expected = [decay * mean + (1 - decay) * p for mean, p in zip(expected, weights)]
    for mean, due in zip(module.average.parameters(), expected):
        torch.testing.assert_close(mean, due, rtol=1e-5, atol=1e-7)
    unaveraged, _ = weights_over(4)
    for p, q in zip(seen[-1], unaveraged[-1]):
        assert torch.equal(p, q)  # to average changes no training


def test_the_average_is_torchs_to_the_last_bit_and_is_kept_under_its_names():
    seen, module = weights_over(4, ema=0.6)
    model = Autoencoder(tiny(), SEED)
    torchs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.6))
    for weights in seen[1:]:
        for p, trained_to in zip(model.parameters(), weights):
            p.data.copy_(trained_to)
        torchs.update_parameters(model)
    due, found = torchs.state_dict(), module.averaged.state_dict()
    assert due.keys() == found.keys()
    assert not [name for name in due if not torch.equal(due[name], found[name])]
