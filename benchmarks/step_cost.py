"""What one training step costs, counted operation by operation on tensors that hold no numbers (torch's meta device).

Nothing is computed, so the full size takes a second on any machine. Floating-point operations are torch's own formulas
(``torch.utils.flop_counter``): a multiplication and an addition count two; forward and backward of convolutions and
dense layers, nothing else. Bytes are what each operation would read and write if no result stayed in a cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from faceswap_lab.data.datamodule import SideBatch
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.orders import ORDERS, Plan, Portion
from faceswap_lab.training.step.discriminators import Discriminators
from faceswap_lab.training.step.training_step import StepSettings, TrainingStep

ADAM_BYTES = 28  # per parameter and update: reads weight, gradient and two moments, writes weight and moments
NORM_BYTES = 4  # the look at all gradients before an update
_UPDATE_LAUNCHES = 12  # of one fused update, its norm and its check: some multi-tensor kernels, not one per parameter


@dataclass(frozen=True)
class Operation:
    """Floating-point operations, bytes read and written, and launches: one for each gradient of a convolution."""

    flops: int
    bytes: int
    launches: int


@dataclass(frozen=True)
class StepCost:
    """What one training step costs.

    Attributes:
        operations: those of forward, loss and backward.
        updates: parameters changed by each update of the step.
        kept: bytes that the largest forward pass keeps for its backward pass.
    """

    operations: tuple[Operation, ...]
    updates: tuple[int, ...]
    kept: int

    @property
    def flops(self) -> int:
        return sum(operation.flops for operation in self.operations)

    @property
    def update_bytes(self) -> int:
        return (ADAM_BYTES + NORM_BYTES) * sum(self.updates)

    @property
    def bytes(self) -> int:
        return sum(operation.bytes for operation in self.operations) + self.update_bytes

    @property
    def launches(self) -> int:
        return sum(operation.launches for operation in self.operations) + _UPDATE_LAUNCHES * len(self.updates)


def meta_autoencoder(architecture: Architecture) -> Autoencoder:
    """Return the model without its numbers."""
    with torch.device("meta"):
        return Autoencoder(architecture)


def step_cost(architecture: Architecture, batch: int, order: str = "a_then_b", step: int = 0) -> StepCost:
    """Count training step ``step`` under an update order, with ``batch`` faces per side and mean absolute error.

    Orders on the summed loss have one optimizer over everything, the others one per autoencoder.
    """
    counting = _CountingStep(meta_autoencoder(architecture), Plan(order, architecture.sides, batch, block=10))
    with _Launches() as launches:
        counting.make(step, counting.samples(step))
    return StepCost(tuple(launches.seen), tuple(counting.changed), counting.kept)


class _CountingStep(TrainingStep):
    """A training step on tensors without numbers: its updates are counted, and nobody looks whether they are finite."""

    def __init__(self, autoencoder: Autoencoder, plan: Plan) -> None:
        states, watch = SimpleNamespace(step=self._count), SimpleNamespace(take=lambda step, named: None)
        super().__init__(autoencoder, plan, states, Tensor.backward, watch, StepSettings(), Discriminators())
        self.changed: list[int] = []
        self.kept = 0

    def samples(self, step: int) -> dict[Portion, SideBatch]:
        r = self.autoencoder.architecture.resolution

        def pixels(n: int, *channels: int) -> Tensor:
            return torch.empty(n, r, r, *channels, dtype=torch.uint8, device="meta")

        return {
            p: SideBatch(p.side, pixels(p.samples, 3), pixels(p.samples, 3), pixels(p.samples))
            for p in self.plan.portions(step)
        }

    def _take(self, portions: Sequence[Portion], only_last: bool = False) -> list[Tensor]:
        kept = _Kept(self.autoencoder)
        with kept:
            losses = super()._take(portions, only_last)
        self.kept = max(self.kept, kept.bytes)
        return losses

    def _worst_first(self, portions: Sequence[Portion]) -> Sequence[Portion]:
        self.ready = {portion: self._take([portion])[0] for portion in portions}
        return portions

    def _count(self, sides: Sequence[str]) -> None:
        changed = [{p for p in self.autoencoder.parameters_of(side) if p.grad is not None} for side in sides]
        if ORDERS[self.plan.order].optimizer_state == "shared":
            changed = [set().union(*changed)]
        self.changed += [sum(p.numel() for p in some) for some in changed]


class _Launches(TorchDispatchMode):
    """Notes every operation that does something. What only looks at the same memory in another shape costs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Operation] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if not func.is_view and func._overloadpacket not in _FREE:
            formula = flop_registry.get(func._overloadpacket)
            flops = int(formula(*args, **(kwargs or {}), out_val=out)) if formula else 0
            seen = {id(t): t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor)}
            launches = max(1, sum(isinstance(t, Tensor) for t in tree_leaves(out)))
            self.seen.append(Operation(flops, sum(map(_bytes, seen.values())), launches))
        return out


_FREE = {torch.ops.aten.empty, torch.ops.aten.detach, torch.ops.aten._unsafe_view}


class _Kept(saved_tensors_hooks):
    """Adds up what autograd keeps for the backward pass, each piece of memory once, without the weights."""

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(self._keep, lambda tensor: tensor)
        self._weights = {p.untyped_storage()._cdata for p in autoencoder.parameters()}
        self._storages: dict[int, torch.UntypedStorage] = {}

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._weights:
            self._storages[storage._cdata] = storage  # held, so that its address is not given to another
        return tensor

    @property
    def bytes(self) -> int:
        return sum(storage.nbytes() for storage in self._storages.values())


def _bytes(tensor: Tensor) -> int:
    """Return the memory behind a tensor: an expanded one reads no more than it has."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())
