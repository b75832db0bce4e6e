"""A sweeper that searches is told each run's metric; what has none has failed to it, and never wins."""

from pathlib import Path

import pytest
import yaml

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.sweep.objective import check_directions
from faceswap_lab.config import ConfigError
from tests.acceptance.program import STEP, At, Program
from tests.acceptance.test_sweeps import fail

pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra [optuna] is not installed")
pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=6", "progress=false")
GRID = ("hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1")
BEST = "hydra.sweeper.direction=maximize"


def best(program: Program) -> dict[str, object]:
    """Return what Optuna's sweeper wrote down at the end of the last sweep."""
    newest = max((program.runs / "sweeps").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    found: dict[str, object] = yaml.safe_load((newest / "optimization_results.yaml").read_text())
    return found


def scores(program: Program) -> dict[float, dict[str, float]]:
    """Return the metrics of every finished run by its learning rate."""
    found = {}
    for path in program.runs.glob("*/result.json"):
        rate = yaml.safe_load((path.parent / "config.yaml").read_text())["optimizer"]["lr"]
        found[rate] = yaml.safe_load(path.read_text())["metrics"]
    return found


@pytest.mark.parametrize("launcher", [(), ("hydra/launcher=joblib", "hydra.sweeper.n_jobs=2")], ids=["here", "joblib"])
def test_the_best_learning_rate_is_that_of_the_best_metric(program: Program, launcher: tuple[str, ...]) -> None:
    search = ("-m", *GRID, *launcher, *SHORT, "optimizer.lr=choice(1e-7,1e-2)")
    ended = program.run(*search, BEST, seconds=120)
    assert ended.code == 0, ended.err
    found = scores(program)
    right = max(found, key=lambda rate: found[rate]["swap_score_AB"])
    assert best(program) == {
        "name": "optuna", "best_params": {"optimizer.lr": right}, "best_value": found[right]["swap_score_AB"],
    }  # fmt: skip
    assert f"best_value: {found[right]['swap_score_AB']}" in ended.out
    made = {path: path.stat().st_mtime_ns for path in program.runs.glob("*/result.json")}
    here = ("-m", *GRID, *SHORT, "optimizer.lr=choice(1e-7,1e-2)")  # whoever has trained them, they are found
    again = program.run(*here, "hydra.sweeper.direction=minimize", "optimized_metric=loss_A", seconds=120)
    assert "2 cells: 2 reused" in again.out, again.err
    assert best(program)["best_value"] == min(metrics["loss_A"] for metrics in found.values())
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_several_metrics_are_several_objectives(program: Program) -> None:
    several = ("optimized_metric=[swap_score_AB,loss_B]", "hydra.sweeper.direction=[maximize,minimize]")
    ended = program.run("-m", *GRID, *SHORT, "optimizer.lr=choice(1e-7,1e-2)", *several)
    assert ended.code == 0, ended.err
    pairs = [[metrics["swap_score_AB"], metrics["loss_B"]] for metrics in scores(program).values()]
    best_pairs = [pair for pair in pairs if not any(o[0] >= pair[0] and o[1] <= pair[1] and o != pair for o in pairs)]
    solutions = best(program)["solutions"]
    assert isinstance(solutions, list)
    assert sorted(solution["values"] for solution in solutions) == sorted(best_pairs)


RANDOM = ("hydra/sweeper=optuna", "hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=1")
FOUR = (*RANDOM, "hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2")  # of two choices: some of each


def test_what_is_refused_fails_or_diverges_never_wins(program: Program) -> None:
    refused = program.run("-m", *FOUR, BEST, *SHORT, "optimizer=choice(adam,sgd)")  # sgd has no state of 2018
    assert refused.code == 2
    assert "refused" in refused.out
    assert best(program)["best_params"] == {"optimizer": "adam"}
    sgd = ("optimizer=sgd", "optimizer_state=per_autoencoder", "decoder_activation=linear", "loss=mse")
    diverged = program.run("-m", *FOUR, BEST, *SHORT, *sgd, "training.max_steps=60", "optimizer.lr=choice(1e-3,10)")
    assert diverged.code == 1
    assert "diverged" in diverged.out
    assert best(program)["best_params"] == {"optimizer.lr": 1e-3}
    weights = "loss.weight_a=choice(0.5,0.6)"
    failed = program.run("-m", *FOUR, BEST, *SHORT, weights, "optimizer.lr=1e-2", before=[At(STEP, 1, fail)])
    assert failed.code == 1
    assert "1 failed" in failed.out
    results = [yaml.safe_load(path.read_text())["metrics"] for path in program.runs.glob("*/result.json")]
    assert best(program)["best_value"] in [metrics["swap_score_AB"] for metrics in results]


def test_where_nothing_finishes_there_is_no_best_and_no_traceback(program: Program) -> None:
    ended = program.run("-m", *GRID, BEST, *SHORT, "optimizer=sgd", "loss.weight_a=choice(0.5,0.6)")
    assert ended.code == 2
    assert "2 cells: 2 refused" in ended.out
    assert "hydra/sweeper=optuna gave up" in ended.err
    assert "Traceback" not in ended.err
    assert not list(program.runs.glob("*/result.json"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), ["hydra.sweeper.direction=minimize", "optimized_metric=swap_score_AB", "direction=maximize"]),
        (("optimized_metric=swap_scor_AB", BEST), ["'swap_score_AB'"]),
        (("optimized_metric=[swap_score_AB,loss_A]", BEST), ["hydra.sweeper.direction=[maximize,minimize]"]),
    ],
)
def test_a_search_for_the_worst_is_refused(program: Program, words: tuple[str, ...], told: list[str]) -> None:
    ended = program.run("-m", *GRID, *SHORT, "optimizer.lr=choice(1e-7,1e-2)", *words)
    assert (ended.code, ended.out) == (2, "")
    assert not [part for part in told if part not in ended.err], ended.err
    assert not Path(program.runs).exists()


def test_a_search_among_real_people_for_what_takes_a_true_swap_is_refused_before_its_first_run() -> None:
    words = ["hydra/sweeper=optuna", BEST, "data=folders", "data.a=a", "data.b=b"]
    with pytest.raises(ConfigError, match=r"with data=folders: .* Use optimized_metric=identity_sface_AB"):
        check_directions("optuna", words, [conf_dir()])
    check_directions("optuna", [*words, "optimized_metric=identity_sface_AB"], [conf_dir()])
