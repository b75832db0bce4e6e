"""A set of faces is made a few at a time, and not begun where the disk cannot hold it. NumPy's memory is traced."""

import shutil
import tracemalloc
from collections import namedtuple
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from faceswap_lab.data import cache, folder_reading, twin_sets
from faceswap_lab.data.cache import CacheError, check_room, fetch
from faceswap_lab.data.folders import load_folders
from faceswap_lab.data.twin_sets import load_twins
from faceswap_lab.randomness import stream
from faceswap_lab.twins import sample_state, state_of

MIB = 2**20
Usage = namedtuple("Usage", "total used free")


class Painter:
    """A RenderPool that draws grey faces at once."""

    begun = 0

    def __init__(self, processes): ...

    def __enter__(self):
        return self

    def __exit__(self, *_): ...

    def render(self, person, states, size):
        Painter.begun += 1
        for first in range(0, len(states), 8):
            n = len(states[first : first + 8])
            yield np.zeros((n, size, size, 4), np.uint8)


@pytest.fixture
def twins(monkeypatch, tmp_path):
    monkeypatch.setattr(twin_sets, "RenderPool", Painter)
    Painter.begun = 0
    common = {"people": ("ada", "ben"), "seed": 0, "cache_dir": tmp_path, "progress": False}
    return lambda faces, size: load_twins(**common, faces=faces, held_out=20, size=size)


@contextmanager
def most_allocated():
    """Yield a list that then holds the bytes in use at once, at the most, inside the block."""
    peak = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def test_rendering_holds_a_few_pictures_only(twins):
    with most_allocated() as peak:
        faces = twins(200, 192).train["A"]
    assert faces.pixels.nbytes > 28 * MIB
    assert peak[0] < 4 * MIB


def test_a_state_that_waits_to_be_rendered_takes_its_numbers_only():
    style = twin_sets._style(0, "A", "equal", "equal", "varied")
    with most_allocated() as peak:
        states = twin_sets._states(0, "A", [style], 2000)
    assert peak[0] < 2000 * 24 * 8 + MIB / 8  # 24 numbers in float64; as objects they take five times as much
    rng = stream(0, "states", "A")
    for row in states[:50]:
        assert repr(state_of(row)) == repr(sample_state(rng))  # types and all: a background's seed is a whole number


def test_decoding_holds_a_few_pictures_only(tmp_path):
    rng = np.random.default_rng(0)
    for side in "ab":
        (tmp_path / side).mkdir()
        for i in range(60):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(tmp_path / side / f"{i}.png")
    places = [tmp_path / side for side in "ab"]
    with most_allocated() as peak:
        data = load_folders(folders=places, held_out=2, size=384, smallest=1, cache_dir=tmp_path / "c", progress=False)
    assert data.train["A"].pixels.nbytes > 32 * MIB
    assert peak[0] < (3 * folder_reading._threads() + 2) * 384**2 * 4 + MIB  # under way, ahead, and being written


@pytest.fixture
def free(monkeypatch):
    """Set how many bytes the disk has left."""
    return lambda count: monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40 - count, count))


def test_twins_of_which_only_one_side_fits_are_not_begun(twins, free):
    free(25 * MIB)  # 20 training faces and 20 truths at 512 px are 20 + 20 MiB a side
    with pytest.raises(CacheError, match=r"80 MiB are needed \(25 MiB are free"):
        twins(20, 512)
    assert Painter.begun == 0
    free(80 * MIB)
    twins(20, 512)
    free(0)
    twins(20, 512)  # they are there: no room is needed


def test_folders_of_which_only_one_fits_are_not_begun(tmp_path, free, monkeypatch):
    for side, colour in zip("ab", ("red", "blue")):
        (tmp_path / side).mkdir()
        for i in range(4):
            Image.new("RGB", (8, 8), colour).save(tmp_path / side / f"{i}.png")
    free(25 * MIB)
    monkeypatch.setattr(folder_reading._Reading, "write", lambda *_: pytest.fail("begun"))
    places = [tmp_path / side for side in "ab"]
    with pytest.raises(CacheError, match=r"32 MiB are needed \(25 MiB are free"):
        load_folders(folders=places, held_out=1, size=1024, smallest=1, cache_dir=tmp_path, progress=False)


def test_what_another_process_has_written_so_far_is_not_asked_for_again(tmp_path, free):
    recipe = {"source": "test"}
    begun = tmp_path / cache.FACES / f"{cache.recipe_key(recipe)}.partial-1"
    begun.mkdir(parents=True)
    (begun / "faces.npy").write_bytes(bytes(3 * MIB))
    free(2 * MIB)
    check_room(tmp_path, [(recipe, 5 * MIB)])
    with pytest.raises(CacheError, match="6 MiB are needed"):
        check_room(tmp_path, [(recipe, 5 * MIB), ({"source": "other"}, 4 * MIB)])


def test_what_a_killed_maker_left_is_removed_before_room_is_asked_for(tmp_path, monkeypatch):
    recipe = {"source": "test"}
    left = tmp_path / cache.FACES / f"{cache.recipe_key(recipe)}.partial-1"
    left.mkdir(parents=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0 if left.exists() else MIB))

    def make(place):
        np.save(place / "faces.npy", np.zeros((1, 8, 8, 4), np.uint8))
        return {}

    fetch(tmp_path, recipe, make, expected_bytes=MIB)
