"""100,000 faces per side need not fit in memory: a process that may not allocate them does all that a run asks of them.

The files are sparse: 26 GB of zeros that take next to no disk. RLIMIT_DATA counts what a process allocates and not the
files it maps read-only; beyond it an allocation fails.
"""

import subprocess
import sys

import pytest

BOUND_MIB = 256
CHILD = f"""
import resource, sys, numpy as np, cv2, torch
from pathlib import Path
from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.evaluation.followers import train_followers
from faceswap_lab.evaluation.held_out import held_out_from, mean_faces
from faceswap_lab.evaluation.scores import evaluate
from faceswap_lab.twins import STATE_FIELDS
from tests.data.recipes import WARP_2018

N, place = 100_000, Path(sys.argv[1])
torch.set_num_threads(1), cv2.setNumThreads(0)

def mapped(name, *shape, dtype=np.uint8):
    array = np.lib.format.open_memmap(place / name, "w+", dtype, shape)
    if name == "small":
        array[:2048, ..., 3] = 255  # a face without a mask cannot be judged
    array.flush()
    return np.load(place / name, mmap_mode="r")

large = Faces(mapped("large", N, 256, 256, 4))
small = Faces(mapped("small", N, 32, 32, 4), mapped("states", N, len(STATE_FIELDS), dtype=np.float32))
both = dict.fromkeys("AB", small)

class Echo:
    def reconstruct(self, side, x):
        return x

lines = Path("/proc/self/status").read_text().splitlines()
now = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))
limit = 1024 * now + {BOUND_MIB} * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.array(small.pixels)
    raise SystemExit("the limit does not bite")
except MemoryError:
    pass

sampler = SideSampler(large, WARP_2018, 64, 0, "A")
for first in (0, N - 48, N - 16, 2 * N - 16):  # before, and across, the borders of two epochs
    assert sampler.batch(first, 32).input.shape == (32, 64, 64, 3)
print("sampled")
assert float(mean_faces(both, 8, 0.625)["B"].max()) == 0
print("averaged")
held_out = held_out_from(FaceData(both, both, paired=False, fingerprint=""), 32, 1.0)
assert evaluate(Echo(), held_out)["recon_mae_A"] == 0
print("judged")
train_followers(both, 32, 1.0, "")
print("followed")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about RLIMIT_DATA")
def test_a_process_that_could_not_hold_the_faces_works_with_them(tmp_path):
    child = subprocess.run([sys.executable, "-c", CHILD, tmp_path], capture_output=True, text=True, timeout=200)
    assert child.stdout.split() == ["sampled", "averaged", "judged", "followed"], child.stderr
