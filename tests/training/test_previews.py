"""When a run shows a face on its way."""

from pathlib import Path

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.run import Run
from tests.training.configs import config_for, noise_data


@pytest.mark.parametrize(
    ("asked", "last", "every"),
    [(140, 280, 140), (20, 60, 20), (5000, 1000, 500), (5000, 130, 100), (5000, 12_000, 5000), (None, 1000, None)],
)
def test_a_run_that_ends_before_its_first_preview_is_due_shows_one_halfway(
    tmp_path: Path, asked: int | None, last: int, every: int | None
) -> None:
    asks = f"evaluation.preview_every_steps={'null' if asked is None else asked}"
    run = Run(config_for(asks, f"training.max_steps={last}"), noise_data(), RunFolder(tmp_path), "0" * 10, "", [])
    (previews,) = (one for one in run._callbacks() if isinstance(one, Every) and one.action == run.preview)
    assert previews.steps == every
