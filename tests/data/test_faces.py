"""Faces travel to other processes by name where they lie in files, by value where they do not."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceswap_lab.data.faces import Faces

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (20, 16, 16, 3), np.uint8)
PIXELS = np.dstack([IMAGES.reshape(-1, 16, 3), np.full((20 * 16, 16), 255, np.uint8)]).reshape(20, 16, 16, 4)
STATES = RNG.normal(size=(20, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> Faces:
    folder = tmp_path_factory.mktemp("faces")
    np.save(folder / "faces.npy", PIXELS)
    np.save(folder / "states.npy", STATES)
    return Faces(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("faces", "states")))


def assert_equal(faces: Faces, images: np.ndarray, states: np.ndarray | None) -> None:
    np.testing.assert_array_equal(faces.images, images)
    assert faces.masks.shape == images.shape[:3]
    assert (faces.masks == 255).all()
    assert faces.masks.dtype == np.uint8
    if states is None:
        assert faces.states is None
    else:
        np.testing.assert_array_equal(faces.states, states)


bounds = st.none() | st.integers(-25, 25)


@given(first=st.tuples(bounds, bounds), second=st.tuples(bounds, bounds))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_ranges_of_mapped_faces_are_pickled_by_name(mapped, first, second):
    faces = mapped[slice(*first)][slice(*second)]
    sent = pickle.dumps(faces)
    assert len(sent) < 2000
    assert_equal(pickle.loads(sent), IMAGES[slice(*first)][slice(*second)], STATES[slice(*first)][slice(*second)])


@pytest.mark.parametrize("rows", [slice(None, None, 2), slice(None, None, -1)])
def test_what_does_not_lie_in_one_piece_is_pickled_by_value(mapped, rows):
    assert_equal(pickle.loads(pickle.dumps(mapped[rows])), IMAGES[rows], STATES[rows])


def test_faces_in_memory_are_pickled_by_value():
    faces = Faces.joined(IMAGES[3:7], np.full((4, 16, 16), 255, np.uint8))
    assert_equal(pickle.loads(pickle.dumps(faces)), IMAGES[3:7], None)
    assert (len(faces), faces.size) == (4, 16)


def test_a_copy_of_mapped_faces_is_no_longer_the_file(mapped):
    copied = mapped.pixels[[5, 2, 5]]
    assert_equal(pickle.loads(pickle.dumps(Faces(copied))), IMAGES[[5, 2, 5]], None)
    assert_equal(pickle.loads(pickle.dumps(Faces(mapped.pixels + 0))), IMAGES, None)
