import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceswap_lab.cli.plugins import PLUGGED
from faceswap_lab.plugins import finding
from faceswap_lab.plugins.plugin import IMPORTED, forget


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where modules are found; what they have added is taken back."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    finding.installed.cache_clear()
    yield tmp_path
    for module in list(IMPORTED):
        forget(module)
    for name in [name for name in set(sys.modules) - before if name.startswith("my_")]:
        del sys.modules[name]
    finding.installed.cache_clear()
    PLUGGED.typed, PLUGGED.folders = (), ()
