from collections.abc import Iterator

import pytest
from hydra.core.global_hydra import GlobalHydra


@pytest.fixture(scope="session", autouse=True)
def _hydra_put_away() -> Iterator[None]:
    yield
    GlobalHydra.instance().clear()
