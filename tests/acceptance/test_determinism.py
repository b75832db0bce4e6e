"""The same run twice is the same run, to the last bit of its weights."""

import pytest

from tests.acceptance.program import Program
from tests.acceptance.records import metrics, result

pytestmark = pytest.mark.acceptance


def test_the_same_run_twice_and_another_seed(program: Program) -> None:
    found = []
    for place, seed in (("first", 0), ("second", 0), ("third", 1)):
        program.runs = program.place / place
        ended = program.run("training.max_steps=10", f"seed={seed}")
        assert ended.code == 0, ended.err
        found.append(
            (result(program.folder)["weights_sha256"], metrics(program.folder), result(program.folder)["metrics"])
        )
    assert found[0] == found[1]
    assert all(a != b for a, b in zip(found[0], found[2]))
