"""What a sweep does between its cells."""

import gc
import signal
from pathlib import Path
from types import SimpleNamespace

from hydra.types import RunMode
from joblib import Parallel, delayed

from faceswap_lab.cli.sweep.sweeper import ForgetConfigurations, UntilStopped


def test_only_a_sweep_takes_what_is_loaded_out_of_the_search_for_garbage() -> None:
    """A single run may be one in a notebook, whose own circles are garbage some day."""
    ended, found = SimpleNamespace(cfg=1, hydra_cfg=1), []
    gc.unfreeze()
    for mode in (RunMode.RUN, RunMode.MULTIRUN):
        ForgetConfigurations().on_job_end(SimpleNamespace(hydra=SimpleNamespace(mode=mode)), ended)
        found.append(gc.get_freeze_count() > 0)
    assert found == [False, True]
    assert (ended.cfg, ended.hydra_cfg) == (None, None)


def test_joblib_takes_no_cell_after_the_signal(tmp_path: Path) -> None:
    def cell(number: int, words: list[str]) -> str:
        if number == 2:
            (tmp_path / "stop").write_text(str(int(signal.SIGTERM)))
        return words[0]

    cells = UntilStopped([[f"seed={seed}"] for seed in range(400)], tmp_path)
    begun = Parallel(n_jobs=2, backend="threading", pre_dispatch="n_jobs", batch_size=1)(
        delayed(cell)(number, words) for number, words in enumerate(cells)
    )
    assert len(cells) == 400
    assert begun[:3] == ["seed=0", "seed=1", "seed=2"]
    assert len(begun) <= 5  # what was under way beside the third
