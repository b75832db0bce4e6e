"""A study that declares tuning: what is asked for, and what is refused before any run."""

from copy import copy
from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.study.levels import levels_of
from faceswap_lab.cli.study.plan import study_of
from faceswap_lab.cli.study.tuning import _Tuning, declares_tuning, report_tuned
from faceswap_lab.cli.sweep.cells import combinations
from faceswap_lab.config import ConfigError
from faceswap_lab.runs.folder import find_or_create
from tests.cli.test_study_plan import OURS

TUNED = (
    *("+study=smoke", "seed=0,1", "data=people", "data.population=confirmation"),
    *("+study.tuning={optimizer.lr:[1e-3,2e-3]}", "+study.tuning_seeds=[5,6]"),
)


def asked_with(*more: str, without: str = " ") -> list[str]:
    return [*(word for word in TUNED if without not in word), *more]


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> _Tuning:
    root = tmp_path_factory.mktemp("tuned")
    return _Tuning(asked_with(f"runs_dir={root / 'runs'}", f"experiments_dir={root}"), None, [conf_dir()])


def test_a_study_tells_that_it_tunes_before_it_is_composed(tmp_path: Path) -> None:
    path = tmp_path / "study" / "ours.yaml"
    path.parent.mkdir()
    folders = [conf_dir(), tmp_path]
    for written, tunes in (("{}", False), ("{optimizer.lr: [1.0e-3, 2.0e-3]}", True)):
        path.write_text(f"# @package _global_\n{OURS.replace('group_seeds', f'tuning: {written}, group_seeds')}")
        assert declares_tuning(["+study=ours"], folders) is tunes
        assert bool(study_of(["+study=ours", "+experiment=baseline"], folders).study.tuning) is tunes
    assert not declares_tuning(["+study=ours", "study.tuning={}"], folders)
    assert declares_tuning(list(TUNED), folders)
    assert not declares_tuning(["seed=3"], folders)
    assert not declares_tuning(["+study=smoke"], folders)


def test_every_arm_is_tried_at_every_candidate_on_other_people_than_it_is_judged_on(tuning: _Tuning) -> None:
    assert list(tuning.candidates) == ["optimizer.lr=0.001", "optimizer.lr=0.002"]
    for candidate, asked in tuning.candidates.items():
        assert [(cell.arm, cell.seed) for cell in asked.plan.cells] == [
            (arm, seed) for arm in ("baseline", "two_encoders") for seed in (5, 6)
        ]
        for cell in asked.plan.cells:
            assert cell.config["data"]["population"] == "development"
            assert f"optimizer.lr={cell.config['optimizer']['lr']}" == candidate
    assert {cell.config["data"]["population"] for cell in tuning.untuned.plan.cells} == {"confirmation"}
    assert [cell.seed for cell in tuning.untuned.plan.cells] == [0, 1, 0, 1]
    assert tuning.usual == dict.fromkeys(["baseline", "two_encoders"], "optimizer.lr=0.002")
    folders = {tuning.folder, tuning.untuned.folder, *(asked.folder for asked in tuning.candidates.values())}
    assert len(folders) == 4
    assert all(folder.is_relative_to(tuning.folder) for folder in folders)


def test_a_factor_is_of_what_each_arm_has(tmp_path: Path) -> None:
    words = asked_with(f"runs_dir={tmp_path}", f"experiments_dir={tmp_path}", "+experiment=baseline,lion_optimizer")
    words = ["+study.tuning={optimizer.lr:[x0.3,x1]}" if "study.tuning=" in word else word for word in words]
    found = _Tuning([word for word in words if "population" not in word], None, [conf_dir()])
    values = {"baseline": (0.0006, 0.002), "lion_optimizer": (4.5e-5, 1.5e-4)}
    for place, (candidate, asked) in enumerate(found.candidates.items()):
        assert candidate == ("optimizer.lr=x0.3", "optimizer.lr=x1")[place]
        for cell in (*asked.plan.cells, *found.settled[candidate].plan.cells):
            assert cell.config["optimizer"]["lr"] == values[cell.arm][place]
        assert {cell.config["data"]["population"] for cell in asked.plan.cells} == {"development"}
    assert {cell.config["data"]["population"] for cell in found.untuned.plan.cells} == {"confirmation"}  # untyped
    assert found.usual == {"baseline": "optimizer.lr=0.002", "lion_optimizer": "optimizer.lr=0.00015"}
    assert len({asked.folder for asked in found.candidates.values()}) == 2
    assert [one.candidate for one in found.tried if one.arm == "lion_optimizer"] == [
        "optimizer.lr=4.5e-05", "optimizer.lr=0.00015",
    ]  # fmt: skip


def test_a_factor_of_a_whole_number_is_rounded_only_where_the_setting_is_one(tmp_path: Path) -> None:
    place = tmp_path / "drive (2), josé"
    words = [word for word in asked_with(f"runs_dir={tmp_path}") if "tuning=" not in word]
    tuned = ["+study.tuning={loss.weight_b:[x0.3,x1],training.batch_size:[x0.3,x1]}", f"experiments_dir='{place}'"]
    found = _Tuning([*words, *tuned], None, [conf_dir()])
    settled = {
        (cell.config["loss"]["weight_b"], cell.config["training"]["batch_size"])
        for job in found.settled.values()
        for cell in job.plan.cells
    }
    assert settled == {(b, size) for b in (0.3, 1) for size in (5, 16)}
    assert all(job.folder.is_relative_to(place) for job in (*found.candidates.values(), found.untuned))


def test_several_settings_are_tried_in_every_combination() -> None:
    assert combinations({"optimizer.lr": [1e-3, 2e-3], "optimizer": ["adam", "sgd"]}) == [
        [f"optimizer.lr={lr}", f"optimizer={name}"] for lr in (0.001, 0.002) for name in ("adam", "sgd")
    ]


def test_an_arm_has_settings_of_its_own() -> None:
    own = {"two_encoders": ["optimizer.lr=0.004"]}
    cells = study_of(["+study=smoke"], [conf_dir()], own).plan.cells
    assert [cell.config["optimizer"]["lr"] for cell in cells] == [0.002, 0.002, 0.004, 0.004]


def test_nothing_is_chosen_before_an_arm_has_a_candidate_that_is_finished(tuning: _Tuning) -> None:
    with pytest.raises(
        ConfigError, match=r"of 8 runs of the candidates 8 are neither finished nor diverged, as baseline/5"
    ):
        copy(tuning).chosen()


def test_a_declaration_is_written_once_and_another_one_beside_it_with_the_runs_that_had_begun(tuning: _Tuning) -> None:
    for _ in range(2):
        tuning.declare()
    (first,) = tuning.declarations
    assert first["its runs begun by then"] == 0
    assert len(first["declared"]["runs"]) == 2 * 2 * 2 * 2  # candidates, arms, seeds, populations
    assert first["hash"] in tuning.lines()[-1]
    slow = "optimizer.lr=0.001"
    for asked in (tuning.candidates[slow], tuning.settled[slow]):  # tried, and looked at where it counts
        cell = asked.plan.cells[0]
        find_or_create(asked.plan.runs_dir, cell.arm, cell.seed, cell.digest)
    other = copy(tuning)
    other.declared = tuning.declared | {"tuning_seeds": [5]}
    other.declare()
    assert [entry["its runs begun by then"] for entry in tuning.declarations] == [0, 2]
    assert tuning.declarations[0] == first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (asked_with("data.population=development"), "data.population=development: those are the people that arms are"),
        (asked_with("data=twins", without="data"), "with data=twins: it is done on other people than are judged"),
        (
            asked_with("+study.tuning={optimizer.lr:[1e-3,3e-3]}"),
            "baseline has without tuning is none of the candidates",
        ),
        (asked_with("+study.tuning={optimizer.lr:[2e-3]}"), "give a list of two candidates or more"),
        (asked_with("+study.tuning={optimizer.lr:[[1e-3],2e-3]}"), "is no single value"),
        (
            asked_with("+study.tuning={optimizer:[x0.5,x1]}"),
            "optimizer=x0.5: a factor is of a number, and baseline has optimizer=None",
        ),
        (asked_with("+study.tuning={data.faces:[96,48]}"), "data.faces is no setting of an arm"),
        (asked_with("+study.tuning={optimizer.speed:[1,2]}"), "optimizer.speed"),
        (asked_with("+study.tuning_seeds=[]"), r"tuning_seeds=\[\]: name each seed once"),
        (asked_with("+study.tuning_seeds=[1,1]"), r"tuning_seeds=\[1, 1\]: name each seed once"),
        (asked_with("optimizer.lr=2e-3"), "optimizer.lr=2e-3 with study.tuning of optimizer.lr: it is tuned"),
        (
            asked_with("study.group_seeds=2", "+experiment=baseline"),
            "group_seeds=2: one arm alone has nothing to tune for",
        ),
        (asked_with("scale=smoke,quick"), "scale=smoke,quick: a study that tunes has no axis"),
    ],
)
def test_what_cannot_be_tuned_is_said_in_one_line(words: list[str], told: str, tmp_path: Path) -> None:
    words = [*words, f"runs_dir={tmp_path}", f"experiments_dir={tmp_path}"]
    with pytest.raises(ConfigError, match=told) as refused:
        report_tuned(words, levels_of(words), [conf_dir()])
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())
