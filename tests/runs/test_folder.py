import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import find, find_all, find_or_create, is_run
from faceswap_lab.runs.identity import run_name
from faceswap_lab.runs.status import write_status
from tests.runs.processes import child, exit_code

_DIGEST = "0123456789"


def test_a_new_run_gets_a_folder_with_its_parts(tmp_path: Path) -> None:
    folder = find_or_create(tmp_path / "runs", "Two Encoders", 3, _DIGEST)
    assert folder.path == tmp_path / "runs" / f"two-encoders-s3-{_DIGEST}"
    assert folder.previews.is_dir()
    assert folder.checkpoints.is_dir()
    parts = [folder.config, folder.run, folder.status, folder.metrics, folder.weights, folder.result]
    names = ["config.yaml", "run.json", "status.json", "metrics.csv", "weights.safetensors", "result.json"]
    assert [part.name for part in parts] == names
    assert {part.parent for part in parts} == {folder.path}


def test_a_folder_that_was_half_made_is_made_whole(tmp_path: Path) -> None:
    folder = find_or_create(tmp_path, "one", 0, _DIGEST)
    folder.checkpoints.rmdir()
    assert find_or_create(tmp_path, "one", 0, _DIGEST) == folder
    assert folder.checkpoints.is_dir()


def test_a_run_is_found_whatever_its_label(tmp_path: Path) -> None:
    made = find_or_create(tmp_path, "one", 0, _DIGEST)
    assert find(tmp_path, 0, _DIGEST) == made
    assert find_or_create(tmp_path, "another-label", 0, _DIGEST) == made
    made.path.rename(tmp_path / f"renamed-by-hand-s0-{_DIGEST}")
    found = find_or_create(tmp_path, "one", 0, _DIGEST)
    assert found.path.name == f"renamed-by-hand-s0-{_DIGEST}"


def test_another_run_is_not_found(tmp_path: Path) -> None:
    find_or_create(tmp_path, "one", 1, _DIGEST)
    (tmp_path / f"a-file-s7-{_DIGEST}").write_text("no folder")
    (tmp_path / f"x-s8-{_DIGEST}.bak").mkdir()
    for seed, digest in [(0, _DIGEST), (11, _DIGEST), (1, "1123456789"), (7, _DIGEST), (8, _DIGEST)]:
        assert find(tmp_path, seed, digest) is None
    assert find(tmp_path / "no such root", 0, _DIGEST) is None


def test_fresh_starts_beside_and_becomes_the_one_that_is_found(tmp_path: Path) -> None:
    first = find_or_create(tmp_path, "x", 0, _DIGEST)
    (first.path / "result.json").write_text("precious")
    fresh = [find_or_create(tmp_path, "y", 0, _DIGEST, again=True) for _ in range(10)]
    assert [folder.path.name for folder in fresh] == [f"y-s0-{_DIGEST}.{n}" for n in range(2, 12)]
    assert find(tmp_path, 0, _DIGEST) == fresh[-1]  # .11 is newer than .9
    assert (first.path / "result.json").read_text() == "precious"


def test_one_listing_finds_what_every_single_search_finds(tmp_path: Path) -> None:
    runs = [(0, _DIGEST), (0, "1123456789"), (12, _DIGEST)]
    for seed, digest in runs:
        find_or_create(tmp_path, f"x-s{seed}-abc", seed, digest)  # a label that looks like an ending
    for _ in range(10):
        find_or_create(tmp_path, "y", 12, _DIGEST, again=True)
    (tmp_path / "sweeps").mkdir()
    (tmp_path / f"a-file-s7-{_DIGEST}").write_text("no folder")
    (tmp_path / f"x-s8-{_DIGEST}.bak").mkdir()
    assert find_all(tmp_path) == {run: find(tmp_path, *run) for run in runs}
    assert find_all(tmp_path / "no such root") == {}


def test_of_two_machines_folders_of_one_run_the_finished_one_is_found(tmp_path: Path) -> None:
    for finished, label in enumerate(("b", "a", "c")):
        (tmp_path / f"{label}-s0-{_DIGEST}").mkdir()
        if finished == 1:
            (tmp_path / f"{label}-s0-{_DIGEST}" / "result.json").write_text("{}")
    for found in (find(tmp_path, 0, _DIGEST), find_all(tmp_path)[0, _DIGEST]):
        assert found is not None
        assert found.path.name == f"a-s0-{_DIGEST}"
    again = find_or_create(tmp_path, "d", 0, _DIGEST, again=True)
    assert again.path.name == f"d-s0-{_DIGEST}.2"
    assert find(tmp_path, 0, _DIGEST) == again, "made anew on purpose"


def test_fresh_without_an_older_one_is_the_plain_folder(tmp_path: Path) -> None:
    assert find_or_create(tmp_path, "x", 0, _DIGEST, again=True).path.name == f"x-s0-{_DIGEST}"


def test_many_at_once_make_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has another label, so that their folders' names would not collide."""
    ready, go = os.pipe()

    def slowly(*arguments: str | int) -> str:  # between looking for the folder and making it
        time.sleep(0.05)
        return run_name(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("faceswap_lab.runs.folder.run_name", slowly)

    def make(label: str) -> None:
        os.read(ready, 1)
        find_or_create(tmp_path / "runs", label, 0, _DIGEST)

    with child(lambda: make("a")) as a, child(lambda: make("b")) as b, child(lambda: make("c")) as c:
        os.write(go, b"123")
        assert [exit_code(pid) for pid in (a, b, c)] == [0, 0, 0]
    assert len([path for path in (tmp_path / "runs").iterdir() if path.is_dir()]) == 1


def test_fresh_at_once_makes_as_many_as_asked(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        folders = list(threads.map(lambda _: find_or_create(tmp_path, "x", 0, _DIGEST, again=True).path, range(8)))
    assert len(set(folders)) == 8


def test_is_run(tmp_path: Path) -> None:
    folder = find_or_create(tmp_path, "x", 0, _DIGEST)
    assert not is_run(folder.path)
    write_status(folder, "created", 0)
    assert is_run(folder.path)
    assert not is_run(tmp_path / "nothing")


def test_a_root_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder should be"):
        find_or_create(tmp_path / "file" / "runs", "x", 0, _DIGEST)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that takes no files")
def test_a_root_that_takes_no_files_is_one_clear_error() -> None:
    with pytest.raises(StorageError, match=r"Cannot write /proc/\.create\.lock"):
        find_or_create(Path("/proc"), "x", 0, _DIGEST, again=True)
