import csv
import math
import os
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
from tests.runs.processes import child, kill

_words = st.text(st.characters(codec="ascii", categories=["L"], include_characters=',";'), min_size=1, max_size=4)
_texts = _words.filter(lambda word: word.lower() not in {"nan", "inf", "infinity"})
_values = st.none() | st.integers() | st.floats(allow_nan=False) | _texts
_rows = st.lists(st.dictionaries(st.sampled_from(["loss_A", "loss_B", "a,b", 'q"q']), _values, max_size=3), max_size=8)


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"step": step, **row} for step, row in enumerate(rows)]


def _without_empty(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


@settings(max_examples=50)
@given(_rows)
def test_what_is_written_is_read_exactly(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        metrics = MetricsCsv(Path(folder) / "metrics.csv")
        for row in _numbered(rows):
            metrics.append(row)
        found = read_metrics(metrics.path)
        assert found == _without_empty(_numbered(rows))
        assert [[type(value) for value in row.values()] for row in found] == [
            [type(row[name]) for name in metrics.columns if row.get(name) is not None] for row in _numbered(rows)
        ]


def _slow_csv(rows: list[dict[str, Any]], header: list[str]) -> str:
    """The obvious version: the whole file at once, its header known from the start."""
    lines = [header, *(["" if row.get(name) is None else str(row[name]) for name in header] for row in rows)]
    return "".join(",".join(_quoted(cell) for cell in line) + "\n" for line in lines)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell


@settings(max_examples=50)
@given(_rows.filter(bool), st.data())
def test_killed_and_resumed_leaves_the_same_bytes_as_straight(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    rows = _numbered(rows)
    header = list(dict.fromkeys(["step", *(name for row in rows for name in row)]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.csv"
        done = 0
        while done < len(rows):
            metrics = MetricsCsv(path)
            if done:
                metrics.truncate_after(done - 1)  # the last checkpoint was made after row done - 1
            checkpoint = data.draw(st.integers(done + 1, len(rows)))
            killed_at = data.draw(st.integers(checkpoint, len(rows)))
            metrics.append(rows[done:killed_at])
            if killed_at < len(rows):
                last_line = len(path.read_bytes().splitlines(keepends=True)[-1])
                torn = data.draw(st.integers(0, last_line - 1)) if killed_at > checkpoint else 0
                os.truncate(path, path.stat().st_size - torn)
            done = checkpoint if killed_at < len(rows) else len(rows)
        assert path.read_text() == _slow_csv(rows, header)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9), max_size=12), st.integers(-1, 10))
def test_truncation_keeps_exactly_the_earlier_rows(steps: list[int], last: int) -> None:
    with TemporaryDirectory() as folder:
        metrics = MetricsCsv(Path(folder) / "metrics.csv")
        rows = [{"step": step, "loss": index / 3} for index, step in enumerate(steps)]
        metrics.append(rows)
        dropped = metrics.truncate_after(last)
        kept = [row for row in rows if row["step"] <= last]
        assert read_metrics(metrics.path) == kept
        assert dropped == len(rows) - len(kept)
        metrics.append({"step": 11, "other": 1})
        assert read_metrics(metrics.path) == [*kept, {"step": 11, "other": 1}]


def test_step_is_first_and_the_order_of_columns_is_that_of_their_coming(tmp_path: Path) -> None:
    metrics = MetricsCsv(tmp_path / "metrics.csv")
    metrics.append({"loss_B": 1, "step": 0, "loss_A": 2})
    metrics.append([{"step": 1, "aaa": 3}, {"step": 2, "bbb": 4, "loss_A": 5}])
    assert metrics.columns == ["step", "loss_B", "loss_A", "aaa", "bbb"]
    assert metrics.path.read_text() == "step,loss_B,loss_A,aaa,bbb\n0,1,2,,\n1,,,3,\n2,,5,,4\n"
    with metrics.path.open(newline="") as file:
        assert [row["aaa"] for row in csv.DictReader(file)] == ["", "3", ""]


def test_floats_keep_all_their_digits(tmp_path: Path) -> None:
    metrics = MetricsCsv(tmp_path / "metrics.csv")
    row = {"step": 3, "a": 0.1 + 0.2, "b": 1 / 3, "c": float(np.float32(0.1)), "d": 1e300}
    metrics.append(row)
    assert read_metrics(metrics.path) == [row]


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    metrics = MetricsCsv(tmp_path / "metrics.csv")
    metrics.append({"step": 0, "a": math.nan, "b": -math.inf})
    found = read_metrics(metrics.path)[0]
    assert isinstance(found["a"], float)
    assert math.isnan(found["a"])
    assert found["b"] == -math.inf


def test_a_torn_last_line_is_dropped_by_the_writer_and_left_out_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for torn in ("2", "2,0.12345", "2,0.1", "\0\0\0\0", "\0\0\n", "2\n", "x,1\n", "2,1,1\n", "\xff"):
        path.write_bytes(b"step,loss\n1,0.5\n" + torn.encode("latin-1"))
        assert read_metrics(path) == [{"step": 1, "loss": 0.5}]
        assert path.read_bytes().endswith(torn.encode("latin-1"))  # a reader changes nothing
        MetricsCsv(path).append({"step": 2, "loss": 0.25})
        assert path.read_text() == "step,loss\n1,0.5\n2,0.25\n"


def test_an_empty_file_is_a_new_one_and_a_foreign_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    assert read_metrics(path) == []
    path.touch()
    assert read_metrics(path) == []
    MetricsCsv(path).append({"step": 0})
    assert read_metrics(path) == [{"step": 0}]
    for foreign in ("epoch,loss\n1,2\n", "step,lo", "\n"):
        path.write_text(foreign)
        with pytest.raises(ValueError, match="is no metrics file"):
            MetricsCsv(path)
        assert path.read_text() == foreign


def test_killed_while_writing_no_row_is_lost_before_the_last_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rng = random.Random(0)

    def train(start: int) -> None:
        metrics = MetricsCsv(path)
        metrics.truncate_after(start)
        for step in range(start + 1, 10**9):
            extra = {f"late_{step % 7}": step} if step % 50 == 0 else {}  # widens now and then
            metrics.append({"step": step, "loss": step / 3, **extra})

    start, written = -1, 0
    path.touch()
    for _ in range(10):
        before = path.stat().st_mtime_ns
        with child(lambda: train(start)) as pid:  # noqa: B023 - called at once
            while path.stat().st_mtime_ns == before:  # on a busy machine it may not have begun for long
                time.sleep(0.001)
            time.sleep(rng.uniform(0.0, 0.02))
            kill(pid)
        rows = read_metrics(path)
        written += len(rows)
        assert [row["step"] for row in rows] == list(range(len(rows)))
        assert all(row["loss"] == int(row["step"]) / 3 for row in rows)
        start = rng.randint(0, len(rows)) - 1
    assert written


def test_a_full_disk_while_appending_leaves_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = MetricsCsv(tmp_path / "metrics.csv")
    metrics.append({"step": 0, "loss": 0.5})

    def half_then_full(file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("faceswap_lab.runs.metrics._write_all", half_then_full)
        with pytest.raises(StorageError, match="the disk is full"):
            metrics.append({"step": 1, "loss": 0.25})
    metrics.append({"step": 1, "loss": 0.125})
    assert metrics.path.read_text() == "step,loss\n0,0.5\n1,0.125\n"


def test_sync_before_and_after_the_first_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    metrics = MetricsCsv(tmp_path / "metrics.csv")
    metrics.sync()
    assert synced == []
    metrics.append({"step": 0})
    synced.clear()
    metrics.sync()
    assert synced == [str(metrics.path)]
