"""What a training step sees depends on the step alone: not on workers, ranks, or where training began."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.datamodule import (
    FaceDataModule,
    SideBatch,
    SidePlaces,
    StepDataset,
    loader_of,
)
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.sampler_choice import resident_faces
from faceswap_lab.events import Event, Events
from tests.data.recipes import WARP_2018, noise_faces

SAMPLERS = {side: SideSampler(noise_faces(5, 64, seed=i), WARP_2018, 16, 3, side) for i, side in enumerate("ABC")}


def plan(step, batch):
    """Return B's samples, then A's, then C's: any function of the step will do."""
    return ("B", step * batch, batch), ("A", 7 + step * batch, batch), ("C", step * batch, batch)


def same(a, b):
    return all(x.side == y.side and all(map(torch.equal, x[1:], y[1:])) for x, y in zip(a, b, strict=True))


def test_a_step_is_what_the_plan_says():
    (b, a, c) = StepDataset(SAMPLERS, partial(plan, batch=6), 0, 9, 0, 1)[4]
    for portion, side, first in ((b, "B", 24), (a, "A", 31), (c, "C", 24)):
        expected = SAMPLERS[side].batch(first, 6)
        assert isinstance(portion, SideBatch)
        assert portion.side == side
        for got, due in zip(portion[1:], (expected.input, expected.target, expected.mask), strict=True):
            assert got.dtype == torch.uint8
            assert torch.equal(got, torch.from_numpy(due))


@settings(max_examples=20)
@given(st.integers(0, 10**9), st.integers(0, 9), st.sampled_from([1, 2, 3, 4]))
def test_ranks_share_a_step_out_in_order(first_step, index, world):
    whole = StepDataset(SAMPLERS, partial(plan, batch=12), first_step, first_step + 10, 0, 1)[index]
    ranks = [
        StepDataset(SAMPLERS, partial(plan, batch=12), first_step, first_step + 10, rank, world)[index]
        for rank in range(world)
    ]
    for portion, shares in zip(whole, zip(*ranks), strict=True):
        assert len({len(share.input) for share in shares}) == 1
        for field in ("input", "target", "mask"):
            assert torch.equal(torch.cat([getattr(share, field) for share in shares]), getattr(portion, field))


def loaded(first_step, workers):
    return list(
        FaceDataModule(StepDataset(SAMPLERS, partial(plan, batch=4), first_step, 7), workers).train_dataloader()
    )


@pytest.mark.parametrize("workers", [0, 1, 4])
@pytest.mark.parametrize("first_step", [0, 4])
def test_workers_and_resuming_change_nothing(workers, first_step):
    expected = [StepDataset(SAMPLERS, partial(plan, batch=4), 0, 7, 0, 1)[i] for i in range(first_step, 7)]
    torch.manual_seed(workers)  # nobody's generator has a say
    got = loaded(first_step, workers)
    assert len(got) == 7 - first_step
    assert all(map(same, got, expected))
    assert not same(expected[0], expected[1])


@pytest.mark.parametrize("workers", [0, 2])
def test_the_warp_changes_at_its_step_and_not_a_sample_earlier(workers):
    """Whoever makes the samples, and however long before."""
    weaker, off = ({s: weakened(sampler, by) for s, sampler in SAMPLERS.items()} for by in (0.25, 0.0))
    events = Events((Event(2, "off", "warp", {"strength": 0.25}), Event(5, "warp", "warp", {"strength": 0.0})))
    for kind in ("cv2", "device"):
        by_step = [SAMPLERS] * 2 + [weaker] * 3 + [off] * 2
        expected = [StepDataset(s, partial(plan, batch=4), 0, 7, 0, 1, kind)[i] for i, s in enumerate(by_step)]
        for first in (0, 3):
            dataset = StepDataset(SAMPLERS, partial(plan, batch=4), first, 7, 0, 1, kind, events)
            assert all(map(same, loader_of(dataset, workers, False), expected[first:]))
    samples = FaceDataModule(StepDataset(SAMPLERS, partial(plan, batch=4), 0, 7, events=events), workers)
    assert same(list(samples.train_dataloader())[5], StepDataset(off, partial(plan, batch=4), 0, 7, 0, 1)[5])


def weakened(sampler, strength):
    recipe = replace(sampler.recipe, jitter=strength * sampler.recipe.jitter)
    return SideSampler(sampler.faces, recipe, sampler.resolution, sampler.seed, sampler.side)


def test_the_dataset_ends():
    dataset = StepDataset(SAMPLERS, partial(plan, batch=4), 3, 7, 0, 1)
    assert len(dataset) == 4
    for index in (-1, 4):
        with pytest.raises(IndexError):
            dataset[index]


def on_device(first_step, workers, resident):
    module = FaceDataModule(StepDataset(SAMPLERS, partial(plan, batch=4), first_step, 7), workers)
    module.resident = resident
    return [(batch, module.finished(batch)) for batch in module.train_dataloader()]


@pytest.mark.parametrize(("first_step", "workers"), [(0, 0), (4, 0), (4, 2)])
def test_with_resident_faces_the_loader_sends_places_and_the_pixels_are_made_at_the_end(first_step, workers):
    resident = resident_faces("device", SAMPLERS, torch.device("cpu"))
    expected = [finished for _, finished in on_device(0, 0, resident)][first_step:]
    for (batch, finished), due in zip(on_device(first_step, workers, resident), expected, strict=True):
        assert sum(numbers.nbytes for portion in batch for numbers in portion[1:]) < 6000  # twelve samples
        assert all(isinstance(portion, SidePlaces) for portion in batch)
        assert all(isinstance(portion, SideBatch) for portion in finished)
        assert same(finished, due)


def test_resident_faces_give_the_same_samples_to_rounding():
    resident = resident_faces("device", SAMPLERS, torch.device("cpu"))
    for (_, finished), by_cv2 in zip(on_device(0, 0, resident), loaded(0, 0), strict=True):
        for portion, due in zip(finished, by_cv2, strict=True):
            assert portion.side == due.side
            for got, pixels in zip(portion[1:], due[1:], strict=True):
                assert (got.int() - pixels.int()).abs().max() <= 1
                assert (got != pixels).float().mean() < 0.01
