import re
from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.study.levels import levels_of, report_levels, run_levels
from faceswap_lab.cli.study.plan import study_of
from faceswap_lab.config import ConfigError
from faceswap_lab.studies.analysis import evidence_of
from faceswap_lab.studies.evidence import write_evidence
from tests.studies.fake_runs import FakeArm, fake_study


def test_an_axis_given_as_a_list_is_told_from_arms_and_seeds() -> None:
    words = ["+study=smoke", "scale=smoke,quick", "+experiment=baseline,two_encoders", "seed=range(0,3)"]
    levels = levels_of(words)
    assert levels is not None
    assert levels.axis == "scale"
    assert levels.overrides == {
        level: ["+study=smoke", f"scale={level}", *words[2:]] for level in ("smoke", "quick")
    }  # fmt: skip
    lr = levels_of(["+study=smoke", "optimizer.lr=0.001,0.002"])
    assert lr is not None
    assert list(lr.overrides) == ["0.001", "0.002"]


@pytest.mark.parametrize(
    "words",
    [
        ["+study=smoke"],
        ["+study=smoke", "seed=0,1", "+experiment=baseline,two_encoders"],
        ["scale=smoke,quick"],  # any multirun
        ["+study=smoke", "model.encoder_widths=[8,16,32]"],
        ["+study=smoke", "scale=smoke,"],  # whoever composes it says what is wrong
    ],
)
def test_what_is_no_axis(words: list[str]) -> None:
    assert levels_of(words) is None


def axes_in_docs() -> dict[str, list[str]]:
    """Return the words of the page's examples, by what they go along."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")
    _, table = page.split("| an axis of | such as |\n|---|---|\n")
    return {
        what: words.split() for what, words in re.findall(r"^\| (.+) \| `python -m faceswap_lab (.+?)`", table, re.M)
    }


@pytest.mark.parametrize(
    ("what", "axis", "values"),
    [
        ("people", "data.skin", ["light", "dark"]),
        ("augmentation", "augmentation.rotation", [10, 5, 0]),
        ("the optimizer", "optimizer.name", ["adam", "adamw"]),
    ],
)
def test_every_axis_of_the_page_on_studies_composes_in_all_of_its_arms(
    what: str, axis: str, values: list[object]
) -> None:
    levels = levels_of([*axes_in_docs()[what], "seed=0"])
    assert levels is not None
    group, field = axis.split(".")
    for words, value in zip(levels.overrides.values(), values, strict=True):
        cells = study_of(words, [conf_dir()]).plan.cells
        assert len(cells) == 6
        assert {cell.config[group][field] for cell in cells} == {value}
        assert {cell.config["data"]["name"] for cell in cells} == {"people"}


def test_two_axes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"scale=smoke,quick and optimizer\.lr=1,2: a study goes along one axis"):
        levels_of(["+study=smoke", "scale=smoke,quick", "optimizer.lr=1,2"])
    for word in ("scale=glob(s*)", "optimizer.lr=interval(1e-3,1e-2)", "scale=quick,quick"):
        with pytest.raises(ConfigError, match="goes along a list of two values or more"):
            levels_of(["+study=smoke", word])


def test_levels_run_one_after_another_and_are_reported_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["+study=smoke", "optimizer.lr=0.001,0.002", f"experiments_dir={tmp_path}/experiments", "cache_dir=null"]
    levels = levels_of(words)
    assert levels is not None
    arms = {"baseline": FakeArm(), "two_encoders": FakeArm(shift=-0.3)}
    ran: list[list[str]] = []

    def run(own: list[str]) -> int:
        ran.append(own)
        study = fake_study(tmp_path / str(len(ran)), arms, range(8), tiles=False)
        write_evidence(evidence_of(study), study_of(own, [conf_dir()]).folder)
        return len(ran) - 1

    assert run_levels(levels, run, [conf_dir()]) == 1
    assert ran == list(levels.overrides.values())
    out = capsys.readouterr().out
    assert "two_encoders is worse at every optimizer.lr: it holds" in out
    assert out.splitlines()[0] == "axis        optimizer.lr: 0.001, 0.002, one study after another"
    assert (tmp_path / "experiments" / "smoke-optimizer.lr-0.001-0.002" / "report.html").is_file()


def test_a_stopped_level_stops_the_rest_and_a_wrong_one_the_first(tmp_path: Path) -> None:
    levels = levels_of(["+study=smoke", "scale=smoke,quick"])
    assert levels is not None
    ran: list[list[str]] = []
    assert run_levels(levels, lambda words: ran.append(words) or 130, [conf_dir()]) == 130  # type: ignore[func-returns-value]
    assert len(ran) == 1
    wrong = levels_of(["+study=smoke", "training.max_steps=10,-5"])
    assert wrong is not None
    with pytest.raises(ConfigError, match="max_steps"):
        run_levels(wrong, lambda words: pytest.fail("it ran"), [conf_dir()])


def test_levels_that_are_the_same_runs_are_refused() -> None:
    levels = levels_of(["+study=smoke", "data.sampler=cv2,device"])
    assert levels is not None
    with pytest.raises(ConfigError, match=r"data\.sampler=cv2,device: cv2 and device are the same runs"):
        run_levels(levels, lambda words: pytest.fail("it ran"), [conf_dir()])
    with pytest.raises(ConfigError, match="cv2 and device are the same runs"):
        report_levels(levels, [conf_dir()])
