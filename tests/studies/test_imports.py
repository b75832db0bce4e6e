import subprocess
import sys

PROGRAM = """
import sys
from faceswap_lab.studies.statistics import curves, rank_correlation, verdicts
import faceswap_lab.studies.analysis
heavy = ("torch", "scipy", "hydra", "pytorch_lightning", "pandas", "PIL", "altair")
print([name for name in heavy if name in sys.modules])
"""


def test_importing_the_statistics_is_cheap():
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
