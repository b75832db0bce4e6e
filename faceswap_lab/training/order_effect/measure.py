"""What the order of the two updates in a training step changes, exactly (question 3).

Trainings that start equal and see the same samples are run side by side, A before B and B before A, and their weights
and swaps compared after one step and after many. Beside them stands what else sets two trainings apart: other samples
from the same start, another seed, and a start that differs by one rounding of every weight, which shows how much of a
distance is the training's own sensitivity to anything at all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import torch
from torch import Tensor

from faceswap_lab.config import Config
from faceswap_lab.config.schema import Optimizer, OptimizerState, UpdateOrder
from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.data.faces import FaceData
from faceswap_lab.data.progress import progress_of
from faceswap_lab.data.sampler_choice import Resident
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from
from faceswap_lab.evaluation.scores import swaps
from faceswap_lab.training.build import resident_on
from faceswap_lab.training.fit import prepare_process
from faceswap_lab.training.order_effect.replica import Replica, batches_of, move_by_rounding
from faceswap_lab.training.order_effect.sentences import sentences
from faceswap_lab.training.step.optimizers import STATES

STEPS = (1, 10, 100, 1000)
_SEEDS = (0, 1)  # of the trainings that are compared, and of one beside them
_PAST_THE_END = 1.5  # how far beyond a run's last step the comparison may go, so that quick (800) is asked at 1,000 too
_SHOWN = 128  # held-out faces whose swaps are compared: enough for a mean, whatever a folder holds
_SGD_RATES = (0.1, 0.01)  # conf/optimizer/sgd.yaml's learning rate, and a tenth of it
_FAR = 0.1  # of a group's largest update: a weight that differs by more is far apart

Weights = dict[str, Tensor]
"""Of each part, as one vector."""


def companion(config: Config, data: FaceData) -> dict[str, Any]:
    """Return ``measure`` at the steps that suit the length of the configuration's run, for the report of a study.

    Args:
        config: of the study's baseline.
        data: its faces.

    Returns:
        plain JSON; the same on the same machine, so the caller may keep it.

    Raises:
        Diverged: a training came to a loss or gradient that is not finite.
    """
    return measure(config, data, [step for step in STEPS if step <= _PAST_THE_END * config.training.max_steps])


def measure(config: Config, data: FaceData, steps: Sequence[int]) -> dict[str, Any]:
    """Train in both orders from equal states and tell how far apart they are.

    Args:
        config: what is trained; its update order, seed and precision are not looked at. Its schedule and its events are
            those of its own number of steps, or of the largest of ``steps`` where that is more.
        data: the faces.
        steps: after how many training steps to compare: one or more numbers, each >= 1, the largest last.

    Returns:
        plain JSON:

        - ``steps``, ``seeds`` (the one that both orders share, and the one they are compared with), ``groups`` (names
          of the parts with weights), ``optimizer`` (the state's name), ``optimizer_name``, ``lr``;
        - ``one_step``: after one step in both orders, by group, a distance: ``largest`` (of any weight),
          ``largest_update`` (of any weight, A then B), ``absolute`` (L2), ``relative`` (L2, as a share of the L2 length
          of the way trained A then B; null where nothing was trained and yet there is a distance), ``share`` (of the
          weights that differ by more than a tenth of the largest update);
        - ``one_step_variants``: the same for other optimizer states, for gradient descent at two learning rates, and
          for the two orders in which the sides' order cannot matter: [{update_order, optimizer, optimizer_state, lr,
          groups, unequal}], where ``unequal`` names the groups that are not bit for bit equal;
        - ``first_losses``: per order, the losses of the first step; that of the side that comes first is taken at the
          start, that of the other at the encoder that the first has moved; ``loss_A_first_step_equal``;
        - ``growth``: [{step, orders, draws, seeds, rounding, outputs}], the first four distances by group between
          A then B and: B then A; the same start with the other seed's samples; the other seed; the same with every
          initial weight moved to the next larger float32. ``outputs`` has for each of the four the mean absolute
          difference of the held-out swaps, A→B and B→A, in [0, 1];
        - ``says``: the findings in sentences.

    Raises:
        Diverged: a training came to a loss or gradient that is not finite.
    """
    prepare_process(config)
    first = replace(
        config,
        seed=_SEEDS[0],
        update_order=UpdateOrder(name="a_then_b", block=None),
        training=replace(config.training, max_steps=max(steps[-1], config.training.max_steps)),
    )
    with _deterministic(config.training.deterministic):
        resident = resident_on(_device(first), first, data)
        found = _settings(first, steps) | _one_step(first, data, resident) | _growth(first, data, resident, steps)
    return found | {"says": sentences(found)}


def distance(here: Tensor, there: Tensor, start: Tensor) -> dict[str, float | None]:
    """Return how far ``there`` is from ``here``, beside the way from ``start`` to ``here``; see ``measure``.

    Args:
        here: the weights of one part, a vector.
        there: the same part's in another training.
        start: the same part's where ``here`` began.
    """
    apart, way = here - there, here - start
    absolute, length = float(apart.norm()), float(way.norm())
    largest, largest_update = float(apart.abs().max()), float(way.abs().max())
    return {
        "largest": largest,
        "largest_update": largest_update,
        "absolute": absolute,
        "relative": absolute / length if length else (None if absolute else 0.0),
        "share": float((apart.abs() > _FAR * largest_update).double().mean()),
    }


def _settings(first: Config, steps: Sequence[int]) -> dict[str, Any]:
    return {
        "steps": list(steps),
        "seeds": list(_SEEDS),
        "optimizer": first.optimizer_state.name,
        "optimizer_name": first.optimizer.name,
        "lr": first.optimizer.lr,
        "beta1": first.optimizer.beta1,
        "beta2": first.optimizer.beta2,
    }


def _one_step(first: Config, data: FaceData, resident: Resident | None) -> dict[str, Any]:
    batch = next(batches_of(first, data, resident))
    groups, losses = _step_both_ways(first, data, batch)
    return {
        "groups": list(groups),
        "one_step": groups,
        "one_step_variants": [_variant(config, data, batch) for config in _variants(first)],
        "first_losses": losses,
        "loss_A_first_step_equal": losses["a_then_b"]["A"] == losses["b_then_a"]["A"],
    }


def _step_both_ways(
    config: Config, data: FaceData, batch: Sequence[SideBatch]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the distances by group after one step, and the losses taken in it by order."""
    forth, back = (Replica(config, data, _device(config), reverse) for reverse in (False, True))
    start = forth.weights()
    losses = {"a_then_b": forth.step(batch), "b_then_a": back.step(batch)}
    return _distances(forth.weights(), back.weights(), start), losses


def _variant(config: Config, data: FaceData, batch: Sequence[SideBatch]) -> dict[str, Any]:
    groups, _ = _step_both_ways(config, data, batch)
    return {
        "update_order": config.update_order.name,
        "optimizer": config.optimizer.name,
        "optimizer_state": config.optimizer_state.name,
        "lr": config.optimizer.lr,
        "groups": groups,
        "unequal": [name for name, found in groups.items() if found["largest"] != 0],
    }


def _variants(first: Config) -> Iterator[Config]:
    """Yield the configurations whose first step is taken in both orders, beside the study's own."""
    for state in STATES:
        if "keras" not in state or first.optimizer.name == "adam":  # they are about Adam's step counter
            yield _with_state(first, state)
    for lr in _SGD_RATES:
        descent = Optimizer(name="sgd", lr=lr, beta1=0.0, beta2=None, eps=None, weight_decay=None)
        yield replace(_with_state(first, "per_autoencoder"), optimizer=descent)
    for order in ("accumulate", "joint"):
        yield replace(_with_state(first, "shared"), update_order=UpdateOrder(name=order, block=None))


def _with_state(config: Config, name: str) -> Config:
    return replace(config, optimizer_state=OptimizerState(name=name, optimizer=None))


def _growth(first: Config, data: FaceData, resident: Resident | None, steps: Sequence[int]) -> dict[str, Any]:
    """Train side by side for as long as the last of ``steps``, and compare at each of them."""
    device, second = _device(first), replace(first, seed=_SEEDS[1])
    forth = Replica(first, data, device)
    same = {"orders": Replica(first, data, device, reverse=True), "rounding": Replica(first, data, device)}
    others = {"draws": Replica(first, data, device), "seeds": Replica(second, data, device)}
    move_by_rounding(same["rounding"].autoencoder)
    start = forth.weights()
    held_out = held_out_from(data, first.model.resolution, first.augmentation.coverage)
    growth = []
    what = f"measuring the effect of the update order: {1 + len(same) + len(others)} trainings of {steps[-1]} steps"
    with progress_of(what, steps[-1], shown=first.progress) as advance:
        both = (batches_of(config, data, resident) for config in (first, second))
        for step, (batch, other_batch) in enumerate(islice(zip(*both), steps[-1]), start=1):
            for replica in (forth, *same.values()):
                replica.step(batch)
            for replica in others.values():
                replica.step(other_batch)
            if step in steps:
                growth.append({"step": step} | _compared(forth, same | others, start, held_out))
            advance(1)
    return {"growth": growth}


def _compared(forth: Replica, others: dict[str, Replica], start: Weights, held_out: HeldOut) -> dict[str, Any]:
    drawn = _drawn(forth, held_out)
    here = forth.weights()
    apart: dict[str, Any] = {name: _distances(here, other.weights(), start) for name, other in others.items()}
    outputs = {name: float((_drawn(replica, held_out) - drawn).abs().mean()) for name, replica in others.items()}
    return apart | {"outputs": outputs}


def _drawn(replica: Replica, held_out: HeldOut) -> Tensor:
    """Return the swaps of the first held-out faces, both ways, (2 N, 3, r, r) in [0, 1]."""
    ways = permutations(held_out.sides[:2], 2)
    return torch.cat([swaps(replica.autoencoder, held_out.images[s][:_SHOWN], s, t) for s, t in ways])


def _distances(here: Weights, there: Weights, start: Weights) -> dict[str, Any]:
    return {name: distance(here[name], there[name], start[name]) for name in here}


def _device(config: Config) -> torch.device:
    gpu = config.trainer.accelerator != "cpu" and torch.cuda.is_available()
    return torch.device("cuda", config.trainer.gpu or 0) if gpu else torch.device("cpu")


@contextmanager
def _deterministic(asked: bool) -> Iterator[None]:
    """Ask torch for operations that give the same twice, as a run does, and put its setting back afterwards."""
    before, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(asked, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn_only)
