"""The report of a finished study of 5 arms and 8 seeds: ``python -m faceswap_lab report``."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.children import LAB, run
from benchmarks.figures import Figure, Goal, duration
from benchmarks.finished_runs import make_study
from benchmarks.measure import Spread, cpu_of_children, interleaved, timed

ARMS = "baseline,relu_encoder,elu_encoder,gelu_encoder,silu_encoder"
STUDY = ("+study=encoder_activation", f"+experiment={ARMS}", "seed=range(0,8)")
CELLS = 5 * 8


def figures() -> list[Figure]:
    with TemporaryDirectory(prefix="faceswap-bench-") as place:
        words = [*STUDY, f"runs_dir={place}/runs", f"experiments_dir={place}/experiments"]
        made = make_study(words, Path(place) / "template")
        if made != CELLS:
            raise RuntimeError(f"the study has {made} cells, not {CELLS}")
        write = timed(lambda: run([*LAB, "report", *words]), cpu_of_children)
        seconds = Spread.of(interleaved({"ours": write})["ours"])
    return [Figure("report of 5 arms × 8 seeds", duration(seconds), "", seconds, "CPU s", Goal(5, at_least=False))]
