"""The growing .npy file against NumPy's own writer."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.npy_writer import NpyWriter


@given(
    chunks=st.lists(st.integers(0, 7), max_size=8),
    row_shape=st.lists(st.integers(1, 4), max_size=3).map(tuple),
    dtype=st.sampled_from([np.uint8, np.float32, np.int64]),
)
@settings(max_examples=50)
def test_the_file_is_the_one_numpy_would_write(tmp_path_factory, chunks, row_shape, dtype):
    folder = tmp_path_factory.mktemp("npy")
    rows = np.arange(sum(chunks) * int(np.prod(row_shape, dtype=int))).astype(dtype).reshape(sum(chunks), *row_shape)
    with NpyWriter(folder / "grown.npy", row_shape, dtype) as file:
        for end, count in zip(np.cumsum(chunks), chunks):
            file.append(rows[end - count : end])
    np.save(folder / "saved.npy", rows)
    assert (folder / "grown.npy").read_bytes() == (folder / "saved.npy").read_bytes()


def test_rows_in_any_memory_layout(tmp_path):
    rows = np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(0, 2, 1)
    with NpyWriter(tmp_path / "x.npy", (4, 3), np.uint8) as file:
        file.append(rows)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), rows)


@pytest.mark.parametrize("rows", [np.zeros((2, 4), np.uint8), np.zeros((2, 3), np.float32), np.zeros(3, np.uint8)])
def test_rows_that_do_not_fit_are_refused(tmp_path, rows):
    with NpyWriter(tmp_path / "x.npy", (3,), np.uint8) as file, pytest.raises(ValueError, match="do not fit"):
        file.append(rows)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_raises():
    with pytest.raises(OSError, match="No space left"), NpyWriter(Path("/dev/full"), (1 << 20,), np.uint8) as file:
        file.append(np.zeros((1, 1 << 20), np.uint8))
