"""A training step of the full-size 2018 model (82 million parameters) beside the plain loop: A then B, and jointly.

Both get the same uint8 batches, made beforehand. Each lives in a process of its own, prepared as a run of ours prepares
it or not at all: what glibc does with freed memory belongs to the difference.
"""

from functools import partial

import torch

from benchmarks.configurations import config_of, smooth_data
from benchmarks.figures import Figure, Goal, times_faster
from benchmarks.measure import Work, apart, interleaved
from benchmarks.plain_loop import PlainLoop
from faceswap_lab.config import Config
from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.training.fit import prepare_process
from faceswap_lab.training.order_effect.replica import Replica

PLAIN = "the plain loop"


def figures() -> list[Figure]:
    in_turn, jointly = (), ("update_order=joint", "optimizer_state=shared")
    return [
        compared("full-size step, a_then_b, batch 64", 64, in_turn, Goal(1.05)),
        compared("full-size step, joint, batch 8", 8, jointly, Goal(1.4)),
    ]


def compared(what: str, batch: int, overrides: tuple[str, ...], goal: Goal) -> Figure:
    config = config_of("scale=original", "trainer=cpu", "trainer.threads=1", f"training.batch_size={batch}", *overrides)
    with apart({"ours": partial(our_step, config), PLAIN: partial(plain_step, config)}) as rivals:
        return times_faster(what, interleaved(rivals), PLAIN, goal)


def our_step(config: Config) -> Work:
    """Return a run's step without Lightning around it (whose share is measured elsewhere)."""
    prepare_process(config)
    replica = Replica(config, smooth_data(2, 16), torch.device("cpu"))
    portions = [SideBatch(side, *pair, mask_of(*pair)) for side, pair in noise(config).items()]
    return lambda: replica.step(portions)


def plain_step(config: Config) -> Work:
    torch.set_num_threads(1)
    plain, batches = plain_loop_of(config), noise(config)
    return lambda: plain.step(batches)


def plain_loop_of(config: Config) -> PlainLoop:
    m, o = config.model, config.optimizer
    return PlainLoop(m.encoder_widths, m.code_size, m.bridge_width, m.decoder_widths, o.lr, (o.beta1, o.beta2))


def noise(config: Config) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return {side: (input, target)} of uint8 noise, (N, r, r, 3)."""
    r = config.model.resolution
    generator, shape = torch.Generator().manual_seed(0), (config.training.batch_size, r, r, 3)
    return {
        side: tuple(torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for _ in range(2))
        for side in "AB"
    }


def mask_of(seen: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return a mask of ones: the loss of this configuration reads none."""
    return torch.full(seen.shape[:3], 255, dtype=torch.uint8)
