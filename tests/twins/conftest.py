import pytest

from faceswap_lab.twins import Head, identity


@pytest.fixture(scope="session")
def ada() -> Head:
    return Head(identity("ada"))


@pytest.fixture(scope="session")
def gus() -> Head:
    return Head(identity("gus"))
