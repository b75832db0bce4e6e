"""When a run shows a face on its way."""

import pytest

from faceswap_lab.training.run import callbacks_of
from tests.training.configs import config_for


@pytest.mark.parametrize(
    ("asked", "last", "every"),
    [(140, 280, 140), (20, 60, 20), (5000, 1000, 500), (5000, 130, 100), (5000, 12_000, 5000), (None, 1000, None)],
)
def test_a_run_that_ends_before_its_first_preview_is_due_shows_one_halfway(asked, last, every):
    config = config_for(f"evaluation.preview_every_steps={'null' if asked is None else asked}")
    shown = []
    callbacks = callbacks_of(config, "a run", (0, last), shown.append, shown.append, lambda module: None)
    _, previews, *_ = callbacks
    assert previews.steps == every
