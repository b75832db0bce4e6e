import subprocess
import sys
from pathlib import Path

_SLOW = ("torch", "numpy", "rich", "filelock", "importlib.metadata", "yaml", "omegaconf")


def test_importing_the_room_loads_nothing_slow() -> None:
    """A command line that only finds a finished run has to answer at once."""
    code = f"import sys, faceswap_lab.runs; print([name for name in {_SLOW!r} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
