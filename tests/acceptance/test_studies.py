"""A whole question from the command line: its plan, its cells, its report; and the report again without torch."""

import csv
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from tests.acceptance.program import STEP, TINY, TWINS, At, Program, strike
from tests.acceptance.test_sweeps import fail
from tests.cli.test_study_plan import OURS

EVIDENCE = str(Path(__file__).parents[2] / "experiments" / "weaker_a-population_confirmation")
pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=12", "progress=false")
ONE_SEED = ("+study=smoke", "seed=0", *SHORT)
WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "pytorch_lightning", "torchmetrics", "albumentations", "wandb"):
            raise ImportError(f"{name} is wanted")
sys.meta_path.insert(0, Blocked())
from faceswap_lab.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> Iterator[Program]:
    """A study that has run to its end."""
    program = Program(tmp_path_factory.mktemp("studied"), faces)
    ended = program.run("+study=smoke", *SHORT, seconds=120)
    (program.place / "said").write_text(ended.out)
    assert ended.code == 0, ended.err
    yield program
    program.end_all()


def words(program: Program, *overrides: str) -> list[str]:
    """The words that ``Program.run`` gives the program."""
    return [*TINY, *TWINS, f"runs_dir={program.runs}", f"cache_dir={program.cache}", *overrides]


def report_folder(program: Program) -> Path:
    (found,) = (program.place / "experiments").iterdir()
    return found


def without_torch(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH, *arguments]
    return subprocess.run(command, cwd=program.place, capture_output=True, text=True, timeout=120)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_says_what_it_will_do_how_far_it_is_and_what_it_found(studied: Program) -> None:
    out = (studied.place / "said").read_text()
    assert "2 arms x 2 seeds = 4: 0 finished already, 4 to run" in out
    assert "time        not known" in out
    cells = [line for line in out.splitlines() if line.startswith("cell ")]
    for cell, (seed, arm) in zip(cells, product((0, 1), ("baseline", "two_encoders")), strict=True):
        assert f"+experiment={arm} " in cell
        assert f"seed={seed} " in cell
    for done in range(1, 5):
        assert f"study       {done} of 4 cells done" in out
    assert "sweep       4 cells: 4 finished" in out
    assert "two_encoders" in out[out.index("sweep  ") :]
    assert "undecided" in out  # two seeds decide nothing
    assert out.splitlines()[-1] == f"report      {report_folder(studied).relative_to(studied.place) / 'report.html'}"
    for name in ("report.html", "report.md", "results.csv"):
        assert (report_folder(studied) / name).stat().st_size > 100


def test_a_finished_study_goes_straight_to_the_report(studied: Program) -> None:
    written = report_folder(studied) / "report.html"
    written.unlink()
    ended = studied.run("+study=smoke", *SHORT)
    assert ended.code == 0, ended.err
    assert "4 finished already, 0 to run" in ended.out
    assert "\ncell " not in ended.out
    assert "4 cells: 4 reused" in ended.out
    assert written.is_file()


def test_the_report_again_without_torch(studied: Program) -> None:
    before = rows(report_folder(studied))
    ended = without_torch(studied, "report", *words(studied, "+study=smoke", *SHORT, "experiments_dir=again"))
    assert ended.returncode == 0, ended.stderr
    assert "undecided" in ended.stdout
    (again,) = (studied.place / "again").iterdir()
    assert again.name == report_folder(studied).name
    assert rows(again) == before


def test_runs_side_by_side_without_torch(studied: Program) -> None:
    runs = sorted(str(path.parent) for path in studied.runs.glob("*/result.json"))
    ended = without_torch(studied, "report", *runs[:3], "experiments_dir=beside")
    assert ended.returncode == 0, ended.stderr
    (folder,) = (studied.place / "beside").iterdir()
    assert folder.name.startswith("compare-")
    assert ended.stdout.splitlines()[-1] == f"report      beside/{folder.name}/report.html"
    assert (folder / "report.html").is_file()


def test_a_report_that_cannot_be_written_costs_no_run(studied: Program) -> None:
    (studied.place / "taken").write_text("a file where a folder should be")
    results = {path: path.stat().st_mtime_ns for path in studied.runs.glob("*/result.json")}
    ended = studied.run("+study=smoke", *SHORT, "experiments_dir=taken")
    assert ended.code == 1
    assert ended.err.count("faceswap_lab: ") == 1
    assert "The report could not be written" in ended.err
    assert "faceswap_lab report +study=smoke" in ended.err
    assert "Traceback" not in ended.err
    assert {path: path.stat().st_mtime_ns for path in studied.runs.glob("*/result.json")} == results


def test_the_exact_part_is_measured_once_and_kept_beside_the_report(studied: Program) -> None:
    asked = ("+study=smoke", *SHORT, "study.companion=order_effect", "experiments_dir=exact")
    ended = studied.run(*asked, seconds=120)
    assert ended.code == 0, ended.err
    (folder,) = (studied.place / "exact").iterdir()
    measured = (folder / "order_effect.json").stat().st_mtime_ns
    assert studied.run(*asked).code == 0
    assert (folder / "order_effect.json").stat().st_mtime_ns == measured
    assert "order" in (folder / "report.md").read_text().lower()


def test_a_first_ctrl_c_ends_what_comes_after_the_last_cell(studied: Program) -> None:
    """The measurement beside a report takes minutes, and no cell is left that a signal could be passed on to."""
    asked = ("+study=smoke", *SHORT, "hydra/launcher=joblib", "experiments_dir=ended")
    ended = studied.run(*asked, before=[strike("faceswap_lab.cli.study.course:measure_companion", 1, 2)])
    assert ended.code == 130, ended.err
    assert not (studied.place / "ended").exists()


def test_a_failing_cell_does_not_stop_the_report(program: Program) -> None:
    ended = program.run(*ONE_SEED, before=[At(STEP, 1, fail)])
    assert ended.code == 1
    assert "1 of 2 cells done, 1 of them failed" in ended.out
    assert "2 cells: 1 failed, 1 finished" in ended.out
    assert {row["arm"]: row["state"] for row in rows(report_folder(program))} == {
        "baseline": "failed", "two_encoders": "finished",
    }  # fmt: skip
    assert "the cat sat on the keyboard" in (report_folder(program) / "report.md").read_text()


def test_a_study_interrupted_says_how_to_go_on_and_does(program: Program) -> None:
    ended = program.run(*ONE_SEED, before=[strike(STEP, 15, 15)])  # 12 steps a cell
    assert ended.code == 128 + 15
    assert "The same command again runs only what is missing." in ended.out
    assert not (program.place / "experiments").exists()
    again = program.run(*ONE_SEED)
    assert again.code == 0, again.err
    assert "2: 1 finished already, 1 to run\ntime        about " in again.out
    assert [row["state"] for row in rows(report_folder(program))] == ["finished", "finished"]
    page = (report_folder(program) / "report.md").read_text()
    assert "before the first run. Runs started: 2; finished, and reported: 2." in page


def test_a_study_of_ones_own_with_an_arm_of_ones_own(program: Program) -> None:
    for name, text in {"experiment/mine": "# Mine.\nloss: {weight_a: 0.5}", "study/ours": OURS}.items():
        path = program.place / "own" / f"{name}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(f"# @package _global_\n{text}\n")
    own = ("--config-dir", "own", "+study=ours", "seed=0", *SHORT)
    ended = program.run(*own)
    assert ended.code == 0, ended.err
    assert "ours: Is mine better?" in ended.out
    assert {row["arm"] for row in rows(report_folder(program))} == {"baseline", "mine"}
    (repeated,) = re.findall(r"    (python -m faceswap_lab .*)", (report_folder(program) / "report.md").read_text())
    assert shlex.split(repeated)[-2:] == ["--config-dir", "own"]
    study, runs = program.place / "own" / "study" / "ours.yaml", sorted(program.runs.iterdir())
    study.write_text(study.read_text().replace("swap_ssim_AB", "swap_score_AB"))
    ended = program.run(*own)
    assert ended.code == 2
    assert "another question, which the report would replace: metric 'swap_ssim_AB', not 'swap_score_AB'." in ended.err
    assert program.run(*own, "experiments_dir=other").code == 0
    assert runs == sorted(program.runs.iterdir())


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["+study=smok"], "study=smok: no such option. Did you mean 'smoke'?"),
        (["+study=smoke", "+experiment=baseline,two_encoder"], "Did you mean 'two_encoders'?"),
        (["+study=smoke", "+experiment=two_encoders"], "Write +experiment=baseline,two_encoders"),
        (["+study=smoke", "seed=range(4,4)"], "no seeds. Give some: seed=0,1,2"),
        (["+study=smoke", "optimizer.lr=0.001,0.002", "scale=smoke,quick"], "a study goes along one axis"),
        (["+study=smoke", "study.metric=swap_sim_AB"], "Did you mean 'swap_ssim_AB'?"),
        (["report", "+study=smoke"], "none is finished"),
        (["report", "+study=smok"], "Did you mean 'smoke'?"),
        (["report"], "two runs or more are compared"),
        (["report", str(conf_dir() / "loss"), str(conf_dir() / "loss")], "is no run folder"),
        (["report", EVIDENCE, EVIDENCE], "two folders of evidence or more are pooled"),
        (["report", EVIDENCE, str(conf_dir() / "loss")], "loss none. Give folders of one kind."),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_message(program: Program, asked: list[str], told: str) -> None:
    ended = program.start_with(*asked, *([f"runs_dir={program.runs}"] if "=" in asked[-1] else [])).ended()
    assert ended.code == 2, ended.err
    assert told in ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert not list(program.runs.glob("*/*"))


def test_a_page_from_kept_evidence_and_all_findings_without_torch_or_runs(studied: Program) -> None:
    folder = report_folder(studied)
    (folder / "report.html").unlink()
    ended = without_torch(studied, "report", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert (folder / "report.html").stat().st_size > 100_000
    assert "About one pair only" in ended.stdout
    (studied.place / "notes.md").write_text("nothing is cited")
    ended = without_torch(studied, "findings", str(folder.parent), f"readme={studied.place / 'notes.md'}")
    assert ended.returncode == 0, ended.stderr
    assert f"unchanged   {studied.place / 'notes.md'} cites nothing" in ended.stdout
    assert "two_encoders" in ended.stdout
    assert "not asked yet" in ended.stdout
    assert (folder.parent / "findings.html").is_file()
    assert "never by hand" in (folder.parent / "README.md").read_text()
