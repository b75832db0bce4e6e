"""A training step of many sides at scale=quick beside one of two: n sides should cost n/2 of two."""

from collections.abc import Callable

import torch

from benchmarks.configurations import config_of, smooth_data
from benchmarks.figures import Figure, Goal, times_as_long
from benchmarks.measure import interleaved, timed
from faceswap_lab.data.faces import sides_of
from faceswap_lab.training.fit import prepare_process
from faceswap_lab.training.order_effect.replica import Replica, batches_of

PEOPLE = (4, 16)
STEPS = 4  # of each measurement
TWO = "per side, of two"


def figures() -> list[Figure]:
    steps = {people: steps_of(people) for people in (2, *PEOPLE)}
    return [_compared(people, steps[people], steps[2]) for people in PEOPLE]


def _compared(people: int, many: Callable[[], None], two: Callable[[], None]) -> Figure:
    seconds = interleaved({"ours": timed(many), TWO: timed(two)})
    per_side = {
        "ours": [value / (people * STEPS) for value in seconds["ours"]],
        TWO: [value / (2 * STEPS) for value in seconds[TWO]],
    }
    what = f"a side's share of a step of {people} sides at scale=quick"
    return times_as_long(what, per_side, TWO, Goal(1.1, at_least=False))


def steps_of(people: int) -> Callable[[], None]:
    """Return some training steps of so many people, without their samples and without Lightning."""
    names = ",".join(f"random-{i}" for i in range(people))
    config = config_of("scale=quick", "trainer=cpu", "trainer.threads=1", f"data.identities=[{names}]")
    prepare_process(config)
    data = smooth_data(8, 4 * config.model.resolution, sides_of(people))
    replica, batch = Replica(config, data, torch.device("cpu")), next(batches_of(config, data))

    def work() -> None:
        for _ in range(STEPS):
            replica.step(batch)

    return work
