"""The losses of a training's last steps, which stand in its result whatever the loggers average."""

from collections import deque
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

_PART = 10  # of the whole training: its last tenth


class RecentLosses:
    """By name, the losses of the last tenth of a training's steps, counted among those in which there is one.

    An order may leave a side alone for any number of steps (``alternate``), so a tenth of the clock could hold none.

    Args:
        last_step: training steps in all.
    """

    def __init__(self, last_step: int) -> None:
        self.steps = max(1, last_step // _PART)
        self.kept: dict[str, deque[Tensor]] = {}

    def add(self, losses: Iterable[tuple[str, Tensor]]) -> None:
        """Take the losses of one step; of several of one name their mean, so that a step counts once."""
        of_step: dict[str, list[Tensor]] = {}
        for name, loss in losses:
            of_step.setdefault(name, []).append(loss)
        for name, several in of_step.items():
            kept = self.kept.setdefault(name, deque(maxlen=self.steps))
            kept.append(several[0] if len(several) == 1 else torch.stack(several).mean())

    def means(self) -> dict[str, float]:
        """Return ``loss_A``, ``loss_B``, …, as far as the sides were trained; on the CPU, as MPS has no float64."""
        return {name: float(torch.stack([*kept]).cpu().double().mean()) for name, kept in sorted(self.kept.items())}

    def state(self) -> dict[str, list[float]]:
        """Return what ``load`` needs; float32 goes through a float unchanged. One wait for the device per name."""
        return {name: torch.stack([*kept]).tolist() for name, kept in self.kept.items()}

    def load(self, state: Mapping[str, Iterable[float]], device: torch.device) -> None:
        """Go on from a ``state``."""
        self.kept = {
            name: deque((torch.tensor(loss, device=device) for loss in losses), self.steps)
            for name, losses in state.items()
        }
