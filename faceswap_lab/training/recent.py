"""The losses of a training's last steps, which stand in its result whatever the loggers average."""

from collections import deque
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from faceswap_lab.data.faces import SIDES, Side

_PART = 10  # of the whole training: its last tenth


class RecentLosses:
    """Per side, the losses of the last tenth of a training's steps, counted among those that train the side.

    An order may leave a side alone for any number of steps (``alternate``), so a tenth of the clock could hold none.

    Args:
        last_step: training steps in all.
    """

    def __init__(self, last_step: int) -> None:
        self.kept: dict[Side, deque[Tensor]] = {side: deque(maxlen=max(1, last_step // _PART)) for side in SIDES}

    def add(self, seen: Iterable[tuple[Side, Tensor]]) -> None:
        """Take the losses of one step; of several portions of a side their mean, so that a step counts once."""
        of_step: dict[Side, list[Tensor]] = {}
        for side, loss in seen:
            of_step.setdefault(side, []).append(loss)
        for side, losses in of_step.items():
            self.kept[side].append(losses[0] if len(losses) == 1 else torch.stack(losses).mean())

    def means(self) -> dict[str, float]:
        """Return ``loss_A`` and ``loss_B``, as far as the sides were trained."""
        return {f"loss_{side}": float(torch.stack([*kept]).double().mean()) for side, kept in self.kept.items() if kept}

    def state(self) -> dict[Side, list[float]]:
        """Return what ``load`` needs; float32 goes through a float unchanged. One wait for the device per side."""
        return {side: torch.stack([*kept]).tolist() if kept else [] for side, kept in self.kept.items()}

    def load(self, state: Mapping[Side, Iterable[float]], device: torch.device) -> None:
        """Go on from a ``state``."""
        for side, kept in self.kept.items():
            kept.clear()
            kept.extend(torch.tensor(loss, device=device) for loss in state[side])
