"""What a sweep does between its cells."""

import gc
from types import SimpleNamespace

from hydra.types import RunMode

from faceswap_lab.cli.sweep.sweeper import ForgetConfigurations


def test_only_a_sweep_takes_what_is_loaded_out_of_the_search_for_garbage() -> None:
    """A single run may be one in a notebook, whose own circles are garbage some day."""
    ended, found = SimpleNamespace(cfg=1, hydra_cfg=1), []
    gc.unfreeze()
    for mode in (RunMode.RUN, RunMode.MULTIRUN):
        ForgetConfigurations().on_job_end(SimpleNamespace(hydra=SimpleNamespace(mode=mode)), ended)
        found.append(gc.get_freeze_count() > 0)
    assert found == [False, True]
    assert (ended.cfg, ended.hydra_cfg) == (None, None)
