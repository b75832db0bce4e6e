"""Write an .npy file row by row, so that a set of faces never has to fit in memory."""

from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class NpyWriter:
    """An .npy file that grows along its first axis; a context manager.

    Plain writes and not a writable memory map: on a full disk a write raises OSError, a memory map ends the process
    with SIGBUS.

    NumPy leaves room in the header for a longer first axis ("growth axis", numpy/lib/format.py), so the number of rows
    is filled in when the file is closed.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.rows = 0
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._file = path.open("wb")
        self._write_header()
        self._data_start = self._file.tell()

    def append(self, rows: NDArray[np.generic]) -> None:
        """Append ``rows``, an array of shape (n, *row_shape) of the file's own type.

        Raises:
            ValueError: the rows do not fit the file.
            OSError: the disk is full.
        """
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            wanted = f"(n, {', '.join(map(str, self._row_shape))}) {self._dtype}"
            raise ValueError(f"rows of shape {rows.shape} {rows.dtype} do not fit a file of {wanted}")
        self._file.write(np.ascontiguousarray(rows).data)
        self.rows += len(rows)

    def _write_header(self) -> None:
        shape = (self.rows, *self._row_shape)
        header = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._file, header)

    def __enter__(self) -> "NpyWriter":
        return self

    def __exit__(self, *error: object) -> None:
        """Fill in the number of rows and close the file."""
        with self._file:
            self._file.seek(0)
            self._write_header()
            if self._file.tell() != self._data_start:
                raise RuntimeError(f"the header of {self._file.name} outgrew its place; NumPy's format has changed")
