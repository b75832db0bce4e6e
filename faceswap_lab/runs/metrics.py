"""``metrics.csv``: the record of a training, one row per logging, written so that a kill costs at most the last row."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from faceswap_lab.runs.atomic import explaining, write_text

Value = int | float | str
_STEP = "step"


class MetricsCsv:
    """A CSV file of metrics that only grows, except when a resumed run cuts what it is about to make again.

    The first column is ``step``; the others follow in the order in which they first came. A new column later rewrites
    the file with a wider header, atomically. A cell that a row does not have is empty. Floats are written with all
    their digits, so reading returns the very numbers.

    Opening an existing file drops a last line that a kill left incomplete. One process may write at a time (who holds
    the run's lock); any number may read with ``read_metrics``.

    Args:
        path: the file; made with the first row.

    Attributes:
        columns: the header as it stands, ``step`` first; empty before the first row.

    Raises:
        ValueError: there is a file whose first column is not ``step``.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.columns, lines, torn = _whole_lines(self.path)
        if torn:
            self._rewrite(lines)

    def append(self, rows: Mapping[str, Value | None] | Iterable[Mapping[str, Value | None]]) -> None:
        """Add a row, or a group of rows, and hand them to the operating system before returning.

        Args:
            rows: each with ``step`` (>= 0) and any other columns: Python's numbers, or text without line breaks.
                None, empty text and an absent column are the same: an empty cell.

        Raises:
            StorageError: the disk is full or the like; nothing is added.
        """
        group = [rows] if isinstance(rows, Mapping) else list(rows)
        if not group:
            return
        columns = list(dict.fromkeys([*(self.columns or [_STEP]), *(name for row in group for name in row)]))
        lines = [_line([row.get(name) for name in columns]) for row in group]
        if columns != self.columns:
            self._widen(columns)
        self._append_lines(lines)

    def truncate_after(self, step: int) -> int:
        """Drop every row with a later step, atomically, and return how many went: resuming makes them again.

        Raises:
            StorageError: the file cannot be written; it is as it was.
        """
        _, lines, _ = _whole_lines(self.path)
        kept = [line for line in lines if int(line.split(",", 1)[0]) <= step]
        if len(kept) < len(lines):
            self._rewrite(kept)
        return len(lines) - len(kept)

    def sync(self) -> None:
        """Have the rows on the disk itself before returning; call it before a checkpoint that relies on them.

        A killed process needs no such thing, but a machine that loses its power does.
        """
        if self.path.exists():
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def _widen(self, columns: Sequence[str]) -> None:
        _, lines, _ = _whole_lines(self.path)
        padding = "," * (len(columns) - len(self.columns))
        header = _line(columns)
        write_text(self.path, "".join([header, *(f"{line[:-1]}{padding}\n" for line in lines)]))
        self.columns = list(columns)

    def _rewrite(self, lines: Sequence[str]) -> None:
        write_text(self.path, "".join([_line(self.columns), *lines]) if self.columns else "")

    def _append_lines(self, lines: Sequence[str]) -> None:
        with explaining(self.path):
            before = self.path.stat().st_size
            try:
                with self.path.open("ab", buffering=0) as file:
                    _write_all(file, "".join(lines).encode())
            except OSError:
                os.truncate(self.path, before)  # or the next row would be glued to half a row
                raise


def read_metrics(path: Path) -> list[dict[str, Value]]:
    """Return the rows of a metrics file, oldest first, without their empty cells; [] if there is no file.

    A cell that reads as an integer is an int, one that reads as a number a float (nan and inf too), else it is text.
    A line that is incomplete (its writer was killed, or writes at this moment) is left out.

    Raises:
        ValueError: the file's first column is not ``step``.
    """
    columns, lines, _ = _whole_lines(Path(path))
    rows = csv.reader(lines)
    return [{name: _parsed(cell) for name, cell in zip(columns, row) if cell != ""} for row in rows]


def _whole_lines(path: Path) -> tuple[list[str], list[str], bool]:
    """Return the header's names, the complete rows as they stand (with line ends), and whether anything was torn."""
    try:
        content = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return [], [], False
    if not content:
        return [], [], False
    header, *lines = content.splitlines(keepends=True)
    columns = next(csv.reader([header]))
    if columns[:1] != [_STEP] or not header.endswith("\n"):
        raise ValueError(
            f"{path} is no metrics file: its first line is {header[:80]!r}, not a list of columns from "
            "'step' on; move it away"
        )
    whole = [line for line in lines if _is_whole(line, len(columns))]
    return columns, whole, len(whole) < len(lines)


def _is_whole(line: str, width: int) -> bool:
    cells = next(csv.reader([line]), [])
    return line.endswith("\n") and len(cells) == width and cells[0].isascii() and cells[0].isdigit()


def _write_all(file: io.FileIO, data: bytes) -> None:
    """Write all of ``data``: an unbuffered file may take less than it is given, as when the disk fills up."""
    while data:
        data = data[file.write(data) or 0 :]


def _line(cells: Sequence[Value | None]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _parsed(cell: str) -> Value:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
