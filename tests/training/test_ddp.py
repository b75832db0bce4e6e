"""Two CPU processes with half the batch each are one process with the whole batch, for every update order."""

import multiprocessing
import time

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import distributed

from faceswap_lab.data import sampler_choice
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.orders import ORDERS
from faceswap_lab.schedules import Schedule
from faceswap_lab.topology import ORIGINAL, Sizes, expand
from faceswap_lab.training.device.processes import Place, further_processes
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.step.objective import Objective
from tests.models.tiny import tiny
from tests.training.tiny import EVENTS, adversaries, module_for, samples_for, single, term, trained, trainer_for

TWO = tiny(encoders=2, encoder_start="independent")
MASKED = Architecture(32, expand(ORIGINAL, "AB", Sizes(32, (4, 4, 4), 8, 4, (4, 4), mask_head=(3, 3))))
DSSIM = {"window": 5, "sigma": 1.5, "padding": "valid"}
SUM = Objective(
    {
        "dssim": term("dssim", weight=2.0, mask_weight=1.0, masking="pictures", mask_blur=0.1, **DSSIM),
        "huber": term("huber", delta=1),
    }
)
REGIONAL = Objective(
    {"mae": term("mae"), "eyes": term("mae", weight=3.0, mask_weight=1.0, masking="whole", region="eyes")}
)


class Wandering:
    """Ellipses that move with the index of the sample, so that each process must ask for its own."""

    def batch(self, first, count, warp):
        shape = np.array([[10.0, 10.0], [5.0, 0.0], [0.0, 4.0]])
        moves = np.arange(first, first + count)[:, None, None, None] * np.array([[0.7, 0.3], [0, 0], [0, 0]])
        return np.tile(shape, (count, 3, 1, 1)) + moves


CASES = {order: {"order": order, "state": "shared"} for order in ORDERS} | {
    "keras_2018": {"order": "a_then_b", "state": "keras_2018"},
    "accumulated in two states": {"order": "accumulate", "state": "per_autoencoder"},
    "weighed by the mask": {"order": "joint", "state": "shared", "objective": single("mae", 0.7)},
    "faces on the device": {"order": "a_then_b", "state": "shared", "sampler": "device"},
    "clipped": {"order": "a_then_b", "state": "shared", "gradient_clip": 2e-3},
    "scheduled, dropped and averaged": {
        "order": "a_then_b",
        "state": "keras_2018",
        "schedule": Schedule("cosine", 0.1, 4),
        "lr_dropout": 0.5,
        "ema": 0.9,
    },
    "events": {"order": "a_then_b", "state": "keras_2018", "ema": 0.9, "schedule": Schedule("constant", 0.1, 4)}
    | {"events": EVENTS},
    "a mask head": {"order": "joint", "state": "shared", "architecture": MASKED, "mask_weight": 3.0},
    "two encoders": {"order": "a_then_b", "state": "keras_2018", "architecture": TWO},
    "compiled": {"order": "a_then_b", "state": "shared", "backend": "aot_eager"},
    "two encoders, joint": {"order": "joint", "state": "shared", "architecture": TWO},
    "two encoders, worse first": {
        "order": "worse_first",
        "state": "shared",
        "architecture": TWO,
        "objective": single("mae", 0.5),
    },
    "discriminators": {"order": "a_then_b", "state": "keras_2018", "against": adversaries, "gradient_clip": 0.1},
    "discriminators, joint": {"order": "joint", "state": "shared", "against": adversaries},
    "a sum of terms": {"order": "a_then_b", "state": "shared", "objective": SUM},
    "a region": {
        "order": "joint_half",
        "state": "shared",
        "objective": REGIONAL,
        "regions": dict.fromkeys("AB", Wandering()),
    },
}


class Rows(pl.Callback):
    """Collects what goes into the rows of metrics."""

    def __init__(self):
        self.rows = []

    def on_train_batch_end(self, trainer, module, *rest):
        self.rows.append(dict(module.last_losses))


def one_case(case, place=None):
    rows = Rows()
    module = trained(**CASES[case], steps=4, place=place, callbacks=[rows])
    averaged = {} if module.averaged is None else module.averaged.state_dict()
    beside = averaged | module.discriminators.state_dict()
    return {"weights": module.autoencoder.state_dict() | beside, "rows": rows.rows}


def all_cases(place, out):
    """Be one of two processes. The process group is made once and used by all cases."""
    ends = {case: one_case(case, place) for case in CASES}
    ends["diverged"] = how_it_diverges(place)
    ends["full"] = how_a_full_device_is_met(place)
    distributed.destroy_process_group()
    torch.save(ends, out / f"{place.rank}.pt")


def how_it_diverges(place):
    """Spoil a sample that rank 1 alone sees: both must stop, before any update, with the same words."""
    module = module_for("a_then_b", "shared")
    samples = samples_for("a_then_b", 4)
    before = [p.detach().clone() for p in module.parameters()]
    try:
        trainer_for([Spoil(place.rank == 1)], place=place).fit(module, samples)
    except Diverged as error:
        return {"said": str(error), "moved": any(not torch.equal(p, q) for p, q in zip(module.parameters(), before))}
    return {"said": "nothing", "moved": True}


def how_a_full_device_is_met(place):
    """Let rank 1's device have no room: what is asked for is refused by both, and what is left open is cv2 for both."""
    met = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampler_choice, "free_bytes", lambda device: 10**9 if place.rank == 0 else 7)
        for asked in ("device", "auto"):
            samples = samples_for("a_then_b", 1, sampler=asked)
            try:
                trainer_for(place=place).fit(module_for("a_then_b", "shared"), samples)
                met[asked] = samples.sampler
            except sampler_choice.SamplerRefused as error:
                met[asked] = str(error)
    return met


class Spoil(pl.Callback):
    def __init__(self, here):
        self.here = here

    def on_train_start(self, trainer, module):
        if self.here:
            reconstruct_all = module.autoencoder.reconstruct_all
            module.autoencoder.reconstruct_all = lambda *a, **k: [
                drawn._replace(faces=drawn.faces * float("nan")) for drawn in reconstruct_all(*a, **k)
            ]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    out = tmp_path_factory.mktemp("ddp")
    first = Place.first_of(2)
    with further_processes(first, all_cases, out):
        all_cases(first, out)
    return [torch.load(out / f"{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_are_one(case, both):
    alone = one_case(case)
    for rank in (0, 1):
        assert both[rank][case]["rows"] == both[0][case]["rows"]
        for row, expected in zip(both[rank][case]["rows"], alone["rows"], strict=True):
            assert row == pytest.approx(expected, abs=1e-6)
        for name, weights in alone["weights"].items():
            torch.testing.assert_close(both[rank][case]["weights"][name], weights, atol=1e-6, rtol=0, msg=name)
            assert torch.equal(both[rank][case]["weights"][name], both[0][case]["weights"][name])


def test_half_the_batch_alone_is_something_else(both):
    """What a process would learn if gradients were not averaged; the tolerance above must tell."""
    from tests.training import tiny as setup

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "BATCH", 2)
        half = one_case("a_then_b")["weights"]
    assert any((half[n] - w).abs().max() > 1e-4 for n, w in both[0]["a_then_b"]["weights"].items())


def test_what_one_process_sees_go_wrong_stops_both(both):
    for rank in (0, 1):
        assert both[rank]["diverged"]["said"].startswith("training step 1: loss_A is nan")
        assert not both[rank]["diverged"]["moved"]


def test_the_device_with_the_least_room_decides_for_both(both):
    for rank in (0, 1):
        assert "and 7 (0.0 GiB) are free" in both[rank]["full"]["device"]
        assert both[rank]["full"]["auto"] == "cv2"


def wait_long(place):
    time.sleep(600)


def test_a_failure_here_ends_the_others_at_once():
    with pytest.raises(RuntimeError, match="here"), further_processes(Place(0, 2, 1), wait_long):
        raise RuntimeError("here")
    assert not multiprocessing.active_children()
