import subprocess
import sys

import pytest

from benchmarks.children import run


def test_another_exit_code_than_expected_is_an_error_that_says_why():
    command = [sys.executable, "-c", "import sys; print('no faces here'); sys.exit(3)"]
    run(command, code=3)
    with pytest.raises(RuntimeError, match="ended with 3, not 0:\nno faces here"):
        run(command)


def test_peak_memory_is_the_childs():
    # asked in a small process: a child begins with its parent's peak, and this one has torch loaded
    ask = """
import sys
from benchmarks.children import peak_memory
for size in (0, 200 << 20):
    print(peak_memory([sys.executable, "-c", f"x = b'1' * {size}"]))
"""
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    small, large = map(int, said.split())
    assert large - small == pytest.approx(200 << 20, rel=0.05)
