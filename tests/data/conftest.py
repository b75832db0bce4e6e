import pytest

from faceswap_lab.data.folders import load_folders
from tests.data.recipes import write_faces


@pytest.fixture
def load(tmp_path):
    """Two folders, ten faces of A and six of B, and how to load them."""
    write_faces(tmp_path / "a", 10, seed=1)
    write_faces(tmp_path / "b", 6, seed=2)

    def loaded(**changes):
        folders = [changes.pop(side, tmp_path / side) for side in "ab"]
        standard = {"folders": folders, "held_out": 2, "size": 40, "progress": False}
        return load_folders(**(standard | {"cache_dir": tmp_path / "cache"} | changes))

    return loaded
