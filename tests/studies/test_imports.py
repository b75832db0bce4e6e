import subprocess
import sys

PROGRAM = """
import sys
import faceswap_lab.studies.verdicts, faceswap_lab.studies.curves, faceswap_lab.studies.rank_correlation
import faceswap_lab.studies.analysis
heavy = ("torch", "scipy", "hydra", "pytorch_lightning", "pandas", "PIL", "altair")
print([name for name in heavy if name in sys.modules])
"""


def test_importing_the_statistics_is_cheap():
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
