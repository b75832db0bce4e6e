"""``pictures.npz``: there, not there, and damaged."""

import numpy as np
import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.pictures import read_pictures, write_pictures


def test_what_was_written_is_read(tmp_path):
    scores = {"identity_sface_AB": np.array([0.5, 1], np.float32), "follow_yaw_AB": np.array([-3, 4.5], np.float32)}
    write_pictures(RunFolder(tmp_path), scores, {"A": np.array([0, 0, 7]), "B": np.arange(5)})
    found = read_pictures(RunFolder(tmp_path))
    assert list(found.scores) == list(scores)
    for name, values in scores.items():
        np.testing.assert_array_equal(found.scores[name], values)
    assert {side: blocks.tolist() for side, blocks in found.blocks.items()} == {"A": [0, 0, 7], "B": [0, 1, 2, 3, 4]}
    assert (tmp_path / "pictures.npz").stat().st_size < 2000


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no archive", b"no archive"])
def test_what_is_not_there_or_damaged_says_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "pictures.npz").write_bytes(content)
    assert read_pictures(RunFolder(tmp_path)) == ({}, {})
