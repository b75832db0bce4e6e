import pickle
from dataclasses import replace

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.draws import jitter_in_cells, shown
from faceswap_lab.data.faces import Faces
from faceswap_lab.data.sampler import SideSampler, centre
from tests.data.recipes import NONE, WARP_2018, any_recipe, noise_faces

FACES = noise_faces(7, 64)
GRAINY = ({"name": "GaussNoise", "p": 1.0}, {"name": "RandomGamma", "p": 0.5})


def same(a, b):
    return all(map(np.array_equal, a, b))


def joined(parts):
    return dict(zip(parts[0]._fields, map(np.concatenate, zip(*parts))))


@settings(max_examples=25)
@given(any_recipe, st.integers(0, 1000), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.booleans())
def test_samples_do_not_depend_on_how_batches_are_cut(recipe, first, counts, two_stage):
    """Workers and ranks each make some of the batches: any cut of the indices must give the same samples."""
    sampler = SideSampler(FACES, replace(recipe, two_stage=two_stage), 16, seed=5, side="B")
    whole = sampler.batch(first, sum(counts))
    starts = first + np.cumsum([0, *counts[:-1]])
    other = pickle.loads(pickle.dumps(sampler))  # another process
    parts = joined([other.batch(int(s), c) for s, c in reversed(list(zip(starts, counts)))][::-1])
    assert all(np.array_equal(getattr(whole, name), part) for name, part in parts.items())


def test_photometric_samples_do_not_depend_on_the_batch_either():
    sampler = SideSampler(FACES, WARP_2018, 16, 0, "A", photometric=GRAINY)
    whole = sampler.batch(0, 9)
    fresh = SideSampler(FACES, WARP_2018, 16, 0, "A", photometric=GRAINY)
    parts = joined([fresh.batch(0, 4), pickle.loads(pickle.dumps(fresh)).batch(4, 5)])
    assert all(np.array_equal(getattr(whole, name), part) for name, part in parts.items())


def test_each_photometric_sample_has_its_own_noise():
    one_face = noise_faces(1, 64)
    a = SideSampler(one_face, NONE, 16, 0, "A", photometric=GRAINY).batch(0, 2).target
    b = SideSampler(one_face, NONE, 16, 0, "B", photometric=GRAINY).batch(0, 2).target
    assert (a[0] != a[1]).any()
    assert (a[0] != b[0]).any()


def test_each_side_is_warped_in_cells_of_its_own():
    recipe = replace(WARP_2018, nodes="dfl_cells", fitted=False)
    a, b = (SideSampler(FACES, recipe, 16, 0, side).draws(3, 20).jitter for side in "AB")
    assert np.array_equal(b, jitter_in_cells(0, "B", 3, 20))
    assert all((one != other).any() for one, other in zip(a, b))


def test_the_input_has_noise_of_its_own():
    """Where a sample is the stored face, pixel for pixel, the same change would show in both."""
    whole = replace(NONE, coverage=1.0)
    faces = Faces.joined(np.full((5, 16, 16, 3), 128, np.uint8), np.full((5, 16, 16), 255, np.uint8))
    noise = ({"name": "GaussNoise", "p": 1.0},)
    both, alone = (
        SideSampler(faces, whole, 16, 0, "A", **{name: noise}).batch(0, 5).input
        for name in ("photometric", "photometric_input")
    )
    assert all((one != other).any() for one, other in zip(both, alone))


def test_photometric_changes_input_and_target_alike_and_never_the_mask_or_the_stored_face():
    before = FACES.images.copy()
    plain = SideSampler(FACES, NONE, 16, 0, "A").batch(0, 5)
    grainy = SideSampler(FACES, NONE, 16, 0, "A", photometric=GRAINY).batch(0, 5)
    assert (plain.input != grainy.input).any()
    assert np.abs(grainy.input.astype(int) - grainy.target).max() <= 1
    np.testing.assert_array_equal(plain.mask, grainy.mask)
    np.testing.assert_array_equal(FACES.images, before)


def test_memory_mapped_faces_give_the_same_samples(tmp_path):
    np.save(tmp_path / "faces.npy", FACES.pixels)
    mapped = Faces(np.load(tmp_path / "faces.npy", mmap_mode="r"))
    for photometric in ((), GRAINY):
        ours = SideSampler(FACES, WARP_2018, 16, 0, "A", photometric).batch(3, 10)
        assert same(ours, SideSampler(mapped, WARP_2018, 16, 0, "A", photometric).batch(3, 10))


def test_identity_is_the_centre_crop():
    faces = noise_faces(3, 64)
    samples = SideSampler(faces, NONE, 16, 0, "A").batch(0, 3)
    for i, face in enumerate(shown(0, "A", 0, 3, 3)):
        crop = np.ascontiguousarray(faces.images[face, 12:52, 12:52]).astype(np.float64)
        expected = cv2.resize(crop, (16, 16), interpolation=cv2.INTER_LINEAR)
        assert np.abs(samples.input[i] - expected).max() <= 0.51
        assert np.abs(samples.target[i] - expected).max() <= 0.51


def test_the_same_draws_for_every_recipe():
    """A recipe without jitter or rotation must not shift the flips (promise 1: arms are compared pair by pair)."""
    flips = [
        np.array_equal(a, b)
        for recipe in (NONE, replace(NONE, jitter=1e-9, rotation=1e-9, zoom=1e-9, shift=1e-9))
        for a, b in zip(
            SideSampler(FACES, replace(recipe, flip=0.4), 16, 0, "A").batch(0, 20).target,
            SideSampler(FACES, NONE, 16, 0, "A").batch(0, 20).target,
        )
    ]
    assert flips[:20] == flips[20:]
    assert 0 < sum(flips[:20]) < 20


def test_centre_averages_over_areas():
    faces = noise_faces(2, 256)
    for pictures in (faces.images, faces.masks):
        doubled = pictures[:, 48:208, 48:208].repeat(2, axis=1).repeat(2, axis=2).astype(np.float64)  # 2.5 px → 5 px
        expected = doubled.reshape(2, 64, 5, 64, 5, *pictures.shape[3:]).mean(axis=(2, 4))
        assert np.abs(centre(pictures, 64, 160 / 256) - expected).max() <= 0.51
        np.testing.assert_array_equal(centre(pictures, 256, 1.0), pictures)


def test_centre_is_where_an_aligned_target_is():
    """A smooth ramp shows places: evaluation and training must look at the same part of the face."""
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8), (1, 256, 256))
    faces = Faces.joined(np.stack([ramp] * 3, axis=-1), ramp)
    target = SideSampler(faces, NONE, 64, 0, "A").batch(0, 1).target
    assert np.abs(centre(faces.images, 64, NONE.coverage).astype(int) - target).max() <= 1


def test_what_is_done_to_the_input_alone_leaves_the_target_and_is_each_samples_own():
    def sampler():
        return SideSampler(FACES, WARP_2018, 16, 0, "A", photometric_input=GRAINY)

    plain, whole = SideSampler(FACES, WARP_2018, 16, 0, "A").batch(0, 9), sampler().batch(0, 9)
    assert np.array_equal(whole.target, plain.target)
    assert np.array_equal(whole.mask, plain.mask)
    assert all((seen != before).any() for seen, before in zip(whole.input, plain.input))
    parts = joined([sampler().batch(0, 4), pickle.loads(pickle.dumps(sampler())).batch(4, 5)])
    assert all(np.array_equal(getattr(whole, name), part) for name, part in parts.items())
    assert not sampler().places_suffice
