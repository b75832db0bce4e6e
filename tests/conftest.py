"""What every test finds as a person at a terminal would."""

import gc
import os
import signal

# Before torch and numpy are loaded, and for each process that a test starts: the models are tiny, and threads that
# wait for one another took a fifth of the time of some tests, and more than half beside other work.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import pytest
from hypothesis import settings

settings.register_profile("lab", deadline=None)  # no test is timed: a busy machine is no fault of the code
settings.load_profile("lab")

gc.disable()  # until all tests are collected; what is there by then is never looked through for garbage

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job: its children would not hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clusters", action="store_true", help="also what takes minutes on a real SLURM and a real Ray")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("minutes") and not config.getoption("--clusters"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: make clusters runs it"))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
