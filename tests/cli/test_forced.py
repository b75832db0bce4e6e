"""``force=true``: a folder of its own for each job that asks, and one for all that a scheduler makes of one job."""

from collections.abc import Callable
from pathlib import Path

import pytest

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job import run
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.runs.folder import RunFolder

Start = Callable[[Path | None], str]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    """Start the job whose time is up as it begins to train; return the name of the folder in which it would have."""

    def no_time(config: object, data: object, folder: RunFolder, *others: object) -> tuple[JobStatus, None]:
        return JobStatus("interrupted", str(folder.path)), None

    def started(forced: Path | None) -> str:
        with composing([conf_dir()]) as compose:
            composed = compose(["name=tiny", "scale=smoke", "force=true", f"runs_dir={tmp_path}"])
        return Path(run.run_job(composed, [conf_dir()], [], forced=forced).folder).name

    monkeypatch.setattr(run, "train", no_time)
    monkeypatch.setattr(run, "faces_of", lambda config: None)
    monkeypatch.setattr(run, "differing_options", lambda folders: [])
    return started


def test_each_job_gets_a_folder_of_its_own(start: Start, tmp_path: Path):
    first = start(None)
    assert first.startswith("tiny-s0-")
    cells = [tmp_path / "sweep" / "forced" / name for name in ("000000", "000001")]
    assert [start(None), *map(start, cells)] == [f"{first}.{number}" for number in (2, 3, 4)]


def test_a_job_that_is_queued_again_goes_on_in_its_folder(start: Start, tmp_path: Path):
    cell = tmp_path / "sweep" / "forced" / "000000"
    first = start(None)
    assert [start(cell), start(cell)] == [f"{first}.2", f"{first}.2"]
    start(None)
    assert start(cell) == f"{first}.2"  # not in a newer one, which is another's
    (tmp_path / f"{first}.2").rename(tmp_path / "away")
    assert start(cell) == f"{first}.4"
