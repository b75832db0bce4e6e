import pytest
import torch

from faceswap_lab.training import fit
from faceswap_lab.training.fit import prepare_process
from tests.training.configs import config_for


@pytest.fixture(autouse=True)
def as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_one_cells_threads_are_not_the_next_cells():
    """In a sweep, ``trainer.threads=null`` after a cell with three threads is torch's own choice again."""
    own = fit._TORCHS_OWN_THREADS
    for asked, expected in ((3, 3), (None, own), (2, 2), (own + 1, own + 1), (None, own)):
        prepare_process(config_for(f"trainer.threads={'null' if asked is None else asked}"))
        assert torch.get_num_threads() == expected
