"""Rendered faces keep within a bound: whoever was unused for longest goes, and nobody who is needed."""

import logging
import os
import time

import numpy as np
import pytest

from faceswap_lab.data import cache
from faceswap_lab.data.cache_bound import make_room

DAY = 24 * 3600
SIZE = 4 * 5 * 8 * 8  # bytes of five faces of 8 px
HEADER = 128  # of an .npy file


def recipe(number, source="twins"):
    return {"source": source, "number": number}


@pytest.fixture
def kept(tmp_path):
    """Keep four sets, the last used first, and one of a folder; return the paths of what is there by its number."""

    def make(place):
        np.save(place / "faces.npy", np.zeros((5, 8, 8, 4), np.uint8))
        return {}

    entries = {number: cache.fetch(tmp_path, recipe(number), make).path for number in range(4)}
    entries["folder"] = cache.fetch(tmp_path, recipe(9, "folder"), make).path
    for days, path in enumerate(entries.values()):
        os.utime(path / cache.MANIFEST, (time.time() - days * DAY,) * 2)
    return lambda: [number for number, path in entries.items() if path.exists()]


def bound(sets):
    return sets * (SIZE + HEADER)


@pytest.mark.parametrize(
    ("sets", "left"), [(9, [0, 1, 2, 3]), (5, [0, 1, 2, 3]), (4, [0, 1, 2]), (3, [0, 1]), (2, [0]), (0, [0])]
)
def test_those_unused_for_longest_make_room_for_one_more(kept, tmp_path, sets, left):
    gone = make_room(tmp_path, [(recipe(7), SIZE + HEADER)], bound(sets))
    assert kept() == [*left, "folder"]  # a folder's faces stay, and so does what was used within the hour
    assert gone == (4 - len(left)) * (SIZE + HEADER)
    assert not [name for name in os.listdir(tmp_path / cache.FACES) if "partial" in name]


def test_what_is_about_to_be_used_stays(kept, tmp_path):
    make_room(tmp_path, [(recipe(number), SIZE + HEADER) for number in (2, 3)], bound(3))
    assert kept() == [0, 2, 3, "folder"]


def test_opening_is_using(kept, tmp_path):
    cache.fetch(tmp_path, recipe(3), lambda place: pytest.fail("made again"))
    make_room(tmp_path, [], bound(2))
    assert kept() == [0, 3, "folder"]


def test_removal_is_told_with_the_setting(kept, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        make_room(tmp_path, [], bound(9))
        assert not caplog.messages
        make_room(tmp_path, [], bound(2))
    (message,) = caplog.messages
    assert all(part in message for part in ("cache_gib", "removed 2 sets", str(tmp_path)))


def test_damaged_entries_and_an_empty_cache_are_no_obstacle(kept, tmp_path):
    (tmp_path / cache.FACES / "x").mkdir()
    (tmp_path / cache.FACES / "x" / cache.MANIFEST).write_text("{")
    make_room(tmp_path, [], bound(1))
    assert kept() == [0, "folder"]
    assert make_room(tmp_path / "elsewhere", [], 0) == 0


def test_a_removed_set_can_still_be_read_by_whoever_has_it_open(kept, tmp_path):
    opened = cache.fetch(tmp_path, recipe(1), lambda place: pytest.fail("made again")).faces
    os.utime(tmp_path / cache.FACES / cache.recipe_key(recipe(1)) / cache.MANIFEST, (0, 0))
    make_room(tmp_path, [], 0)
    assert 1 not in kept()
    assert opened.pixels.sum() == 0
