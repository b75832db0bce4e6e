"""Every shipped study means something, and so does what is typed beside it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.cli.groups import conf_dir, first_comment
from faceswap_lab.cli.study.plan import Swept, swept
from faceswap_lab.cli.subcommands.report import study_of
from faceswap_lab.cli.sweep.cells import axes_of
from faceswap_lab.config import ConfigError
from faceswap_lab.config.options import Options
from faceswap_lab.studies.statistics.p_values import fewest_seeds
from tests.config.shipped import composed

STUDIES = Options([conf_dir()])["study"]


def read(study: str) -> str:
    return (conf_dir() / "study" / f"{study}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study(name: str):
    asked = study_of([f"+study={name}"], [conf_dir()])
    plan = asked.plan
    assert [(cell.arm, cell.seed) for cell in plan.cells] == [(arm, seed) for arm in plan.arms for seed in plan.seeds]
    assert len({(cell.seed, cell.digest) for cell in plan.cells}) == len(plan.cells), "two arms are the same run"
    assert plan.baseline == next(iter(plan.arms))
    assert plan.arms == {arm: first_comment(conf_dir() / "experiment" / f"{arm}.yaml") for arm in plan.arms}
    assert asked.study.name == plan.name == name
    assert asked.folder == Path("experiments") / name
    assert plan.command == f"python -m faceswap_lab +study={name}"
    assert plan.settings == []
    assert f"\n#   python -m faceswap_lab +study={name}\n" in read(name)
    assert "\n# Expect: " in read(name)
    assert "\n# Cost: " in read(name)
    arms = len(plan.arms) - 1 or len(plan.seeds) // (plan.group_seeds or 1) - 1
    seeds = plan.group_seeds or len(plan.seeds)
    assert name == "smoke" or seeds >= fewest_seeds(0.05, arms), "too few seeds for a verdict"
    stated = re.search(r"# Cost: (?:(\d+) arms? x (\d+) seeds = )?(\d+) cells", read(name))
    assert stated is not None
    assert int(stated[3]) == len(plan.cells)
    assert stated[1] is None or (int(stated[1]), int(stated[2])) == (len(plan.arms), len(plan.seeds))


def test_a_cell_is_the_run_that_its_overrides_make():
    asked = study_of(["+study=smoke", "seed=7", "+experiment=baseline,joint", "data.seed=${seed}"], [conf_dir()])
    alone = composed("scale=smoke", "seed=7", "+experiment=joint", "data.seed=7")
    cell = asked.plan.cells[-1]
    assert (cell.arm, cell.seed) == ("joint", 7)
    for key, value in cell.config["data"].items():
        assert alone["data"][key] == value
    assert cell.config["update_order"]["name"] == "joint"
    assert cell.config["training"]["max_steps"] == alone["training"]["max_steps"] == 280


def test_what_is_typed_replaces_what_the_study_says():
    words = ["+study=smoke", "seed=5", "+experiment=joint,baseline", "training.max_steps=9", "cache_dir=x"]
    plan = study_of(words, [conf_dir()]).plan
    assert plan.seeds == [5]
    assert list(plan.arms) == ["baseline", "joint"]
    assert plan.settings == words[1:4]
    assert plan.command == "python -m faceswap_lab " + " ".join(words[:4])


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9), st.booleans())
def test_seeds_are_read_as_hydra_reads_them(seeds: list[int], choice: bool):
    text = ",".join(map(str, seeds))
    words = [f"seed=choice({text})" if choice else f"seed={text}", "+study=any", "scale=smoke"]
    sweep = swept(axes_of(words, {"+experiment": "[a,b],c", "seed": "0,1"}, None))
    assert sweep == Swept("any", {"a-b": "[a,b]", "c": "c"}, list(dict.fromkeys(seeds)), ["+study=any", "scale=smoke"])


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 5))
def test_ranges_too(start: int, length: int, step: int):
    params = {"+experiment": "a", "seed": f"range({start},{start + length},{step})"}
    sweep = swept(axes_of(["+study=any"], params, None))
    assert sweep.seeds == list(range(start, start + length, step))


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["seed=0,1", "runs_dir=x", "trainer=cpu", "force=true"], "smoke"),
        (["experiments_dir=mine"], "mine/smoke"),
        (["seed=range(0,3)"], "smoke-seed_range-0-3"),
        (["scale=quick", "+experiment=baseline,joint"], "smoke-baseline-joint-quick"),
        (["study.smallest_difference=0.05"], "smoke-smallest_difference_0.05"),
        (["model.code_size=32", "optimizer.lr=1e-3"], "smoke-code_size_32-lr_1e-3"),
    ],
)
def test_the_report_lies_where_the_overrides_say(words: list[str], folder: str):
    asked = study_of(["+study=smoke", *words], [conf_dir()])
    assert asked.folder == (Path(folder) if "/" in folder else Path("experiments") / folder)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["+experiment=joint,two_encoders"], "baseline baseline is none of the arms.*=baseline,joint,two_encoders"),
        (["seed=range(3,3)"], "no seeds. Give some: seed=0,1,2"),
        (["seed=one,two"], "seed=one: expected a whole number"),
        (["optimizer.lr=1e-3,1e-4"], r"optimizer\.lr=0\.001,0\.0001: a study goes over arms and seeds only"),
        (["++seed=1"], r"\+\+seed=1: in a study write seed="),
        (["study.metric=swap_sim_AB"], "swap_sim_AB.*swap_ssim_AB"),
        (["study.secondary=[swap_ssim_AB,los_A]"], "los_A.*loss_A"),
        (["study.baseline=joint"], "baseline joint is none of the arms"),
        (["encoders.count=2"], "start"),
    ],
)
def test_what_makes_no_study_is_said_in_one_message(words: list[str], told: str):
    with pytest.raises(ConfigError, match=told):
        study_of(["+study=smoke", *words], [conf_dir()])


def test_a_study_of_ones_own_with_an_experiment_of_ones_own(tmp_path: Path):
    for name, text in {"experiment/mine": "# Mine.\nloss: {weight_a: 0.5}", "study/ours": OURS}.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir()
        path.write_text(f"# @package _global_\n{text}\n")
    plan = study_of(["+study=ours", "scale=smoke"], [conf_dir(), tmp_path]).plan
    assert plan.arms["mine"] == "Mine."
    assert plan.seeds == [0, 1, 2]
    (tmp_path / "study" / "ours.yaml").write_text(f"# @package _global_\n{OURS.replace('mine', 'mein')}\n")
    with pytest.raises(ConfigError, match=r"study ours: \+experiment=mein: no such option. Did you mean 'mine'"):
        study_of(["+study=ours"], [conf_dir(), tmp_path])
    (tmp_path / "study" / "ours.yaml").write_text(f"# @package _global_\n{OURS[OURS.index('hydra') :]}\n")
    with pytest.raises(ConfigError, match=r"study/ours.yaml declares nothing"):
        study_of(["+study=ours"], [conf_dir(), tmp_path])


OURS = """\
# Ours.
study:
  {name: ours, title: Ours, question: "Is mine better?", baseline: baseline, metric: swap_ssim_AB, companion: null,
   smallest_difference: null, secondary: [], notes: [], group_seeds: null}
hydra:
  mode: MULTIRUN
  sweeper: {params: {+experiment: "baseline,mine", seed: "0,1,2"}}
"""
