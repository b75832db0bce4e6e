"""A run that started leaves a line, whatever becomes of its folder."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faceswap_lab.runs.folder import find_all, find_or_create
from faceswap_lab.runs.started import key_of, started

_DIGEST = "0123456789"


def test_a_start_counts_once_until_the_run_is_made_again(tmp_path: Path) -> None:
    runs, run = tmp_path / "runs", key_of(3, _DIGEST)
    assert started(runs, find_all(runs)) == {}
    for _ in range(2):  # the second time it goes on
        made = find_or_create(runs, "arm", 3, _DIGEST)
    assert started(runs, find_all(runs)) == {run: 1}
    shutil.rmtree(made.path)
    assert find_all(runs) == {}
    assert started(runs, find_all(runs)) == {run: 1}
    find_or_create(runs, "arm", 3, _DIGEST)
    find_or_create(runs, "arm", 3, _DIGEST, again=True)
    assert started(runs, find_all(runs)) == {run: 3}


def test_a_folder_without_a_line_counts_once_and_half_a_line_not_at_all(tmp_path: Path) -> None:
    (tmp_path / f"old-s1-{_DIGEST}").mkdir()
    (tmp_path / ".started").write_text("2026-11-29T11:30:55+00:00 2-ab\n2026-11-")
    assert started(tmp_path, find_all(tmp_path)) == {key_of(1, _DIGEST): 1, "2-ab": 1}


def test_many_at_once_leave_a_line_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: find_or_create(tmp_path, "arm", n % 20, _DIGEST), range(40)))
    assert started(tmp_path, ()) == {key_of(seed, _DIGEST): 1 for seed in range(20)}
