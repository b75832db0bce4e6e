from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of rendered faces for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def program(tmp_path: Path, faces: Path) -> Iterator[Program]:
    """The program, in a folder of its own."""
    made = Program(tmp_path, faces)
    yield made
    made.end_all()


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> Path:
    """The folder of a run that nothing has happened to."""
    program = Program(tmp_path_factory.mktemp("straight"), faces)
    ended = program.run()
    assert ended.code == 0, ended.err
    return program.folder
