"""How long a step should take on a machine that nobody here has: a prediction, never a measurement."""

from dataclasses import dataclass

from benchmarks.step_cost import StepCost

LAUNCH = 5e-6  # seconds from one kernel to the next when the host cannot keep ahead of the device


@dataclass(frozen=True)
class Machine:
    """A device by its data sheet, and the share of the sheet's figures that is assumed to be reached.

    Attributes:
        name: what tables call it.
        flops: floating-point operations per second by precision, dense.
        shares: share of them reached, by precision.
        bandwidth: bytes per second of its memory.
        bandwidth_share: share of that reached.
        link: bytes per second to its neighbours, each way.
        memory: bytes.
    """

    name: str
    flops: dict[str, float]
    shares: dict[str, float]
    bandwidth: float
    bandwidth_share: float
    link: float
    memory: float


# NVIDIA's data sheet of the H100 SXM, without sparsity. Shares: large trainings report about 0.4 of bf16's peak, and
# convolutions with few channels reach less; plain float32 has no tensor cores to feed and comes nearer to its peak;
# long element-wise kernels reach 0.8 of the memory's bandwidth.
H100 = Machine(
    "H100 SXM",
    flops={"bf16": 989e12, "tf32": 494e12, "fp32": 67e12},
    shares={"bf16": 0.4, "tf32": 0.4, "fp32": 0.7},
    bandwidth=3.35e12,
    bandwidth_share=0.8,
    link=450e9,
    memory=80e9,
)


@dataclass(frozen=True)
class Prediction:
    """Seconds of a step by what bounds it.

    Attributes:
        device: arithmetic and memory: the slower of the two, operation by operation, and the updates.
        launches: the host's part if each launch takes ``LAUNCH``; meanwhile the device works.
        reduction: exchanging gradients, not hidden behind the backward pass.
    """

    device: float
    launches: float
    reduction: float = 0.0

    @property
    def step(self) -> float:
        """The step: host and device work side by side, so the slower one counts."""
        return max(self.device, self.launches) + self.reduction

    @property
    def bound(self) -> str:
        return "launches" if self.launches > self.device else "device"


def predicted(cost: StepCost, machine: Machine, precision: str) -> Prediction:
    """Return the time of a step. Bytes are counted as float32 under every precision."""
    arithmetic, memory = _rates(machine, precision)
    operations = sum(max(o.flops / arithmetic, o.bytes / memory) for o in cost.operations)
    return Prediction(operations + cost.update_bytes / memory, LAUNCH * cost.launches)


def ridge(machine: Machine, precision: str) -> float:
    """Return how many operations per byte a kernel needs so that arithmetic and not memory bounds it."""
    arithmetic, memory = _rates(machine, precision)
    return arithmetic / memory


def reduction_seconds(parameters: int, backward_passes: int, devices: int, machine: Machine) -> float:
    """Return the time of averaging gradients over devices by rings: each moves 2 (n - 1) / n of the bytes.

    DDP exchanges every parameter's gradient after each backward pass, be it zero: an update order with two backward
    passes per step pays twice.
    """
    moved = backward_passes * 4 * parameters * 2 * (devices - 1) / devices
    return moved / (machine.bandwidth_share * machine.link)


def _rates(machine: Machine, precision: str) -> tuple[float, float]:
    return machine.shares[precision] * machine.flops[precision], machine.bandwidth_share * machine.bandwidth
