"""When a run shows a face on its way."""

import pytest

from faceswap_lab.training.run import preview_every


@pytest.mark.parametrize(
    ("asked", "last", "every"),
    [(140, 280, 140), (20, 60, 20), (5000, 1000, 500), (5000, 130, 100), (5000, 12_000, 5000), (None, 1000, None)],
)
def test_a_run_that_ends_before_its_first_preview_is_due_shows_one_halfway(asked, last, every):
    assert preview_every(asked, last) == every
