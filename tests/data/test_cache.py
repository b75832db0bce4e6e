"""The cache: whole entries or none, whatever happens to the process, the disk or the files."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data import cache
from faceswap_lab.data.cache import CacheError, cache_root, check_room, fetch, recipe_key

RECIPE = {"source": "test", "size": 8}
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 8, 8, 4), np.uint8)
STATES = RNG.normal(size=(6, 3)).astype(np.float32)


def make(place: Path) -> dict[str, object]:
    np.save(place / "faces.npy", PIXELS)
    np.save(place / "states.npy", STATES)
    return {"note": "made"}


def refuse(place: Path) -> dict[str, object]:
    raise AssertionError("this entry should not be made")


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "rgba").iterdir() if path.suffix != ".lock")


def test_an_entry_is_made_once_and_mapped_not_loaded(tmp_path):
    fetch(tmp_path, RECIPE, make)
    found = fetch(tmp_path, RECIPE, refuse)
    for stored, array in zip((found.faces.pixels, found.faces.states), (PIXELS, STATES)):
        assert isinstance(stored, np.memmap)
        assert not stored.flags.writeable
        np.testing.assert_array_equal(stored, array)
    assert found.notes == {"note": "made"}
    assert entries(tmp_path) == [recipe_key(RECIPE)]


def test_states_may_be_missing(tmp_path):
    faces = fetch(tmp_path, RECIPE, lambda place: np.save(place / "faces.npy", PIXELS) or {}).faces
    np.testing.assert_array_equal(faces.pixels, PIXELS)
    assert faces.states is None


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def reordered(value):
    if isinstance(value, dict):
        return {name: reordered(item) for name, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(), plain_values, max_size=4))
@settings(max_examples=50)
def test_the_order_of_a_recipe_does_not_count(recipe):
    assert recipe_key(reordered(recipe)) == recipe_key(recipe)


@given(st.dictionaries(st.text(), plain_values, max_size=4), st.text(), plain_values)
@settings(max_examples=50)
def test_every_value_of_a_recipe_counts(recipe, name, value):
    changed = recipe | {name: value}
    unchanged = name in recipe and repr(recipe[name]) == repr(value)  # repr tells 1, 1.0 and True apart
    assert (recipe_key(changed) == recipe_key(recipe)) == unchanged


def test_values_that_look_alike_are_told_apart():
    alike = [1, 1.0, True, "1", None, "None", [1], [[1]], {"1": 1}, "", [], {}, 0.1, np.nextafter(0.1, 1).item()]
    assert len({recipe_key({"x": value}) for value in alike}) == len(alike)


def test_an_array_in_a_recipe_counts_with_every_bit():
    array = np.linspace(0, 1, 50)
    other = array.copy()
    other[17] = np.nextafter(other[17], 2)
    keys = {recipe_key({"x": x}) for x in (array, other, array.astype(np.float32), array.reshape(5, 10))}
    assert len(keys) == 4
    assert recipe_key({"x": array}) == recipe_key({"x": np.repeat(array, 2)[::2]})  # the memory layout does not


def test_a_recipe_refuses_what_it_cannot_hash():
    with pytest.raises(TypeError, match="cannot hold <object"):
        recipe_key({"x": object()})
    with pytest.raises(ValueError, match="JSON compliant"):
        recipe_key({"x": float("nan")})


def damage_truncate(entry: Path) -> None:
    os.truncate(entry / "faces.npy", (entry / "faces.npy").stat().st_size - 5)


def damage_flip(entry: Path) -> None:
    with (entry / "faces.npy").open("r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 1]))


def damage_zeroes(entry: Path) -> None:
    size = (entry / "faces.npy").stat().st_size
    (entry / "faces.npy").write_bytes(bytes(size))


def damage_missing(entry: Path) -> None:
    (entry / "states.npy").unlink()


def damage_manifest(entry: Path) -> None:
    (entry / "manifest.json").write_text('{"complete": tr')


def damage_no_manifest(entry: Path) -> None:
    (entry / "manifest.json").unlink()


def damage_strange_manifest(entry: Path) -> None:
    (entry / "manifest.json").write_text("[1, 2]")


def damage_foreign_manifest(entry: Path) -> None:
    manifest = json.loads((entry / "manifest.json").read_text())
    (entry / "manifest.json").write_text(json.dumps(manifest | {"key": "another"}))


def damage_emptied(entry: Path) -> None:
    for path in entry.iterdir():
        path.unlink()


DAMAGES = [
    damage_truncate, damage_flip, damage_zeroes, damage_missing, damage_manifest, damage_no_manifest,
    damage_strange_manifest, damage_foreign_manifest, damage_emptied,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_said_set_aside_and_made_again(tmp_path, caplog, damage):
    entry = fetch(tmp_path, RECIPE, make).path
    damage(entry)
    again = fetch(tmp_path, RECIPE, make)
    np.testing.assert_array_equal(again.faces.pixels, PIXELS)
    assert f"'{entry}' are damaged" in caplog.text
    assert entries(tmp_path) == [entry.name, f"{entry.name}.damaged"]
    fetch(tmp_path, RECIPE, refuse)


def test_a_large_file_is_read_again_only_if_its_time_stamp_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_ALWAYS_HASHED_BYTES", 0)
    entry = fetch(tmp_path, RECIPE, make).path
    hashed = []
    monkeypatch.setattr(cache, "_sha256", lambda path: hashed.append(path.name))
    fetch(tmp_path, RECIPE, refuse)
    assert hashed == []
    damage_flip(entry)
    fetch(tmp_path, RECIPE, make)
    assert "faces.npy" in hashed


def test_a_large_file_that_was_cut_is_noticed_whatever_its_time_stamp(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cache, "_ALWAYS_HASHED_BYTES", 0)
    entry = fetch(tmp_path, RECIPE, make).path
    written = (entry / "faces.npy").stat().st_mtime_ns
    os.truncate(entry / "faces.npy", PIXELS.nbytes)
    os.utime(entry / "faces.npy", ns=(written, written))
    np.testing.assert_array_equal(fetch(tmp_path, RECIPE, make).faces.pixels, PIXELS)
    assert f"faces.npy has {PIXELS.nbytes} bytes instead of {PIXELS.nbytes + 128}" in caplog.text


def test_arrays_of_objects_are_never_unpickled(tmp_path, caplog):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    entry = fetch(tmp_path, RECIPE, make).path
    np.save(entry / "faces.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    manifest = json.loads((entry / "manifest.json").read_text())
    manifest["files"]["faces.npy"] = cache._sealed(entry / "faces.npy")
    (entry / "manifest.json").write_text(json.dumps(manifest))
    fetch(tmp_path, RECIPE, make)
    assert "damaged" in caplog.text
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"faces": PIXELS.astype(np.float32)},
        {"faces": PIXELS[..., 0]},
        {"faces": PIXELS[..., :3]},
        {"faces": PIXELS[:, :4]},
        {"faces": PIXELS, "states": STATES.astype(np.float64)},
        {"faces": PIXELS, "states": STATES[1:]},
        {"states": STATES},
    ],
)
def test_what_is_not_in_the_shape_of_faces_never_gets_in(tmp_path, wrong):
    def make_wrong(place: Path) -> dict[str, object]:
        for name, array in wrong.items():
            np.save(place / f"{name}.npy", array)
        return {}

    with pytest.raises(CacheError, match=r"faces\.npy|states\.npy"):
        fetch(tmp_path, RECIPE, make_wrong)


def test_nothing_is_left_of_what_failed(tmp_path):
    def fail(place: Path) -> dict[str, object]:
        make(place)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path, RECIPE, fail)
    assert entries(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_refuses_is_one_clear_error(tmp_path, number):
    def fail(place: Path) -> dict[str, object]:
        make(place)
        raise OSError(number, os.strerror(number))

    with pytest.raises(CacheError) as caught:
        fetch(tmp_path, RECIPE, fail)
    for part in (str(tmp_path), os.strerror(number), "MiB are free", "cache_dir="):
        assert part in str(caught.value)
    assert caught.value.errno == number
    assert entries(tmp_path) == []


def test_what_cannot_fit_is_not_even_begun(tmp_path):
    with pytest.raises(CacheError, match=r"needed.*cache_dir="):
        fetch(tmp_path, RECIPE, refuse, expected_bytes=2**60)


@pytest.mark.parametrize("kept", [True, False])
def test_an_entry_that_another_process_ends_while_the_room_is_measured_does_no_harm(tmp_path, monkeypatch, kept):
    """It is moved to its place, or, where its maker failed, away, between the listing of its files and their sizes."""
    entry, glob = tmp_path / "rgba" / recipe_key(RECIPE), Path.glob
    partial = entry.with_name(f"{entry.name}.partial-1")
    partial.mkdir(parents=True)
    (partial / "faces.npy").write_bytes(bytes(1000))

    def slow(path: Path, pattern: str):
        files = list(glob(path, pattern))
        partial.rename(entry if kept else tmp_path / "gone")
        return files

    monkeypatch.setattr(Path, "glob", slow)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    if kept:
        check_room(tmp_path, [(RECIPE, 1000)])  # it is there, and needs no more room
    else:
        with pytest.raises(CacheError, match="0 MiB are needed"):
            check_room(tmp_path, [(RECIPE, 1000)])


def test_a_file_in_place_of_the_cache_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CacheError, match=r"file.*cache_dir="):
        fetch(tmp_path / "file", RECIPE, make)


def test_a_read_only_cache_serves_what_it_has(tmp_path, monkeypatch):
    fetch(tmp_path, RECIPE, make)

    def read_only(*_args, **_named):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("mkdir", "open", "rename"):
        monkeypatch.setattr(os, name, read_only)
    monkeypatch.setattr(cache, "FileLock", read_only)
    np.testing.assert_array_equal(fetch(tmp_path, RECIPE, refuse).faces.pixels, PIXELS)
    with pytest.raises(CacheError, match=r"[Rr]ead-only.*cache_dir="):
        fetch(tmp_path, {"source": "another"}, make)


def test_where_the_cache_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "faceswap_lab"
    assert cache_root(tmp_path / "own") == tmp_path / "own"
    assert cache_root("~/own") == tmp_path / "home" / "own"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache_root() == tmp_path / "home" / ".cache" / "faceswap_lab"


# A process of its own that makes the entry of RECIPE step by step and says so, line by line.
MAKER = """
import logging, sys, time
from pathlib import Path
import numpy as np
from faceswap_lab.data.cache import fetch
from faceswap_lab.data.npy_writer import NpyWriter

root, steps, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

def make(place):
    print("making", flush=True)
    with NpyWriter(place / "faces.npy", (8, 8, 4), np.uint8) as faces:
        for step in range(steps):
            faces.append(np.full((1, 8, 8, 4), step, np.uint8))
            time.sleep(pause)
    return {}

print("ready", flush=True)
logging.basicConfig(format="%(message)s")
entry = fetch(root, {"source": "test", "size": 8}, make)
print("images", len(entry.faces), int(entry.faces.images.sum()), flush=True)
"""
REPOSITORY = Path(__file__).parents[2]


def start_maker(root: Path, steps: int, pause: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKER, str(root), str(steps), str(pause)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip


def test_two_processes_make_one_entry(tmp_path):
    makers = [start_maker(tmp_path, 20, 0.02) for _ in range(2)]
    outputs = [maker.communicate(timeout=60) for maker in makers]
    assert [maker.returncode for maker in makers] == [0, 0]
    said = [output.split("\n") for output, _ in outputs]
    assert sum(lines.count("making") for lines in said) == 1
    expected = f"images 20 {sum(range(20)) * 8 * 8 * 3}"
    assert all(expected in lines for lines in said)
    assert sum("waiting for it" in errors for _, errors in outputs) == 1
    assert entries(tmp_path) == [recipe_key(RECIPE)]


def test_a_killed_maker_leaves_nothing_that_blocks_or_deceives(tmp_path, caplog):
    for attempt in range(6):
        maker = start_maker(tmp_path, 1000, 0.01)
        assert maker.stdout is not None
        assert [maker.stdout.readline() for _ in range(2)] == ["ready\n", "making\n"]
        time.sleep(0.02 * attempt)
        maker.send_signal(signal.SIGKILL)
        maker.communicate()
        assert not (tmp_path / "rgba" / recipe_key(RECIPE)).exists()
    caplog.set_level(logging.WARNING)
    np.testing.assert_array_equal(fetch(tmp_path, RECIPE, make).faces.pixels, PIXELS)
    assert entries(tmp_path) == [recipe_key(RECIPE)]
    assert caplog.text == ""
