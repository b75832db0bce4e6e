"""Nothing that is not finite is ever used by an optimizer, and the first such thing is named; at once, or later.

To look at a number is to wait until the device has computed it. On a CPU that is free. On a GPU it keeps the host from
sending the next piece of work while the last one is computed, which a small model feels most. There the device itself
keeps the optimizers from using what is not finite, and the host looks only where it waits anyway.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class Diverged(RuntimeError):
    """A loss, a gradient or a score is not finite. No optimizer has used it.

    Attributes:
        step: training steps made before the one that failed.
    """

    def __init__(self, step: int, what: str, value: float) -> None:
        self.step = step
        super().__init__(
            f"training step {step + 1}: {what} is {value}. No optimizer has used it. "
            "Try a smaller optimizer.lr, or training.gradient_clip=1."
        )


class Watch:
    """Watches over the numbers of every update, before its optimizer runs.

    All devices of a run have the same numbers, so all of them find the same.

    Args:
        skip: what the optimizers read on the device before every update: float32, shape (); 0: go on, 1: leave
            everything as it is. It becomes 1 with the first number that is not finite and stays so, and ``take`` does
            not wait for the device. None: there is no such thing, and ``take`` looks at once.
    """

    def __init__(self, skip: Tensor | None = None) -> None:
        self.skip = skip
        self.taken: list[tuple[int, list[str], Tensor]] = []  # of each update: step, names, values

    def take(self, step: int, named: Sequence[tuple[str, Tensor]]) -> None:
        """Take the numbers of one update.

        Args:
            step: training steps made already.
            named: what each is called, and the number: float32, shape (), on the training device.

        Raises:
            Diverged: one is not finite, and there is no ``skip``.
        """
        values = torch.stack([value for _, value in named])
        self.taken.append((step, [name for name, _ in named], values))
        if self.skip is None:
            self.look()
        else:
            self.skip.masked_fill_(~values.isfinite().all(), 1)

    def look(self) -> None:
        """Wait for the device, and see whether all that was taken since the last look is finite.

        Raises:
            Diverged: the first number that is not.
        """
        taken, self.taken = self.taken, []
        if not taken:
            return
        numbers = iter(torch.cat([values for _, _, values in taken]).tolist())
        for step, names, _ in taken:
            for name, number in zip(names, numbers):  # names first: zip must not take a number of the next update
                if not math.isfinite(number):
                    raise Diverged(step, name, number)
