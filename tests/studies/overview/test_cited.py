"""No number in a text that the data do not give."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.evidence import read_evidence
from faceswap_lab.studies.overview.cited import rewritten
from faceswap_lab.studies.overview.show import write_overview
from faceswap_lab.studies.overview.table import overview

HERE = Path(__file__).resolve().parents[3]
EXPERIMENTS = HERE / "experiments"
ONE_PAIR = "encoder_count-twins-seed_range-0-8-metric_swap_ssim_AB"
CITING = [HERE / "README.md", HERE / "docs" / "answers.md"]


def differences(study: str, arm: str, metric: str, baseline: str = "baseline") -> np.ndarray:
    """An arm's differences from another, read from the table again."""
    runs = read_evidence(EXPERIMENTS / study).runs
    values = {(run.arm, run.seed): run.metrics.get(metric) for run in runs}
    seeds = [seed for name, seed in values if name == arm]
    return np.array([values[arm, seed] - values[baseline, seed] for seed in seeds])


def near(text: str, *numbers: float) -> bool:
    """Whether the numbers in a text are these, to the last digit that it gives."""
    found = re.findall(r"[+−]?\d+(?:\.(\d+))?", text)
    values = [float(one.replace("−", "-")) for one in re.findall(r"[+−]?\d+(?:\.\d+)?", text)]
    return len(values) == len(numbers) and all(
        abs(value - number) <= 0.5001 * 10.0 ** -len(digits) for value, number, digits in zip(values, numbers, found)
    )


def cited(words: str) -> str:
    text = rewritten(f"before <!--= {words} -->old 0.1<!--/--> after", EXPERIMENTS)
    assert text.startswith(f"before <!--= {words} -->")
    assert text.endswith("<!--/--> after")
    return text.removeprefix(f"before <!--= {words} -->").removesuffix("<!--/--> after")


def test_an_arm_can_be_compared_with_another_than_the_baseline() -> None:
    own = differences(ONE_PAIR, "only_b", "swap_yaw_AB", "frozen_encoder")
    ends = stats.t.interval(0.95, len(own) - 1, own.mean(), own.std(ddof=1) / np.sqrt(len(own)))
    assert near(cited(f"{ONE_PAIR} only_b effect swap_yaw_AB against=frozen_encoder"), own.mean(), *ends)
    assert cited(f"{ONE_PAIR} baseline seeds against=only_b") == cited(f"{ONE_PAIR} only_b seeds")
    with pytest.raises(ConfigError, match="no arm 'onlyb'"):
        cited(f"{ONE_PAIR} baseline effect against=onlyb")


def test_numbers_are_those_of_the_table() -> None:
    primary = read_evidence(EXPERIMENTS / ONE_PAIR).plan.metric
    for metric in (primary, "swap_yaw_AB"):
        own = differences(ONE_PAIR, "only_b", metric)
        error = own.std(ddof=1) * np.sqrt(1 / len(own))
        low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), error)
        further = stats.t.interval(0.95, len(own) - 1, own.mean(), error * np.sqrt(len(own) + 1))
        assert near(cited(f"{ONE_PAIR} only_b difference {metric}"), own.mean())
        assert near(cited(f"{ONE_PAIR} only_b effect {metric}"), own.mean(), low, high)
        assert near(cited(f"{ONE_PAIR} only_b interval {metric}"), low, high)
        assert near(cited(f"{ONE_PAIR} only_b median {metric}"), np.median(own))
        assert near(cited(f"{ONE_PAIR} only_b prediction {metric}"), *further)
        same = max((own < 0).sum(), (own > 0).sum())
        assert cited(f"{ONE_PAIR} only_b pairs {metric}") == f"{same} of {len(own)}"
    assert cited(f"{ONE_PAIR} only_b seeds") == str(len(own))
    assert f"| only_b | {cited(f'{ONE_PAIR} only_b verdict')} | " in cited(f"{ONE_PAIR} * table")
    runs = [run for run in read_evidence(EXPERIMENTS / ONE_PAIR).runs if run.arm == "baseline"]
    assert near(cited(f"{ONE_PAIR} baseline mean"), np.mean([run.value(primary) for run in runs]))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("encoder_count-population_confirmatio only_b effect", "Did you mean 'encoder_count-population_confirmation'"),
        (f"{ONE_PAIR} only_c effect", "Did you mean 'only_b'|Did you mean 'only_a'"),
        (f"{ONE_PAIR} only_b efect", "Did you mean 'effect'"),
        (f"{ONE_PAIR} only_b effect swap_sim_AB", "there is no metric"),
        (f"{ONE_PAIR} baseline effect", "only the mean can be said"),
        (ONE_PAIR, "write <!--= study arm what"),
        ("", "write <!--= study arm what"),
    ],
)
def test_what_is_not_there_is_refused(words: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        cited(words)


def test_a_number_whose_comment_is_not_closed_takes_nothing_else_away() -> None:
    open_one, closed = f"<!--= {ONE_PAIR} only_b effect -->", f"<!--= {ONE_PAIR} only_b pairs -->8 of 8<!--/-->"
    for text in (f"{open_one}0.1 in {closed} pairs", f"{closed} and {open_one}0.1"):
        with pytest.raises(ConfigError, match=r"only_b effect -->: after .* <!--/--> is missing"):
            rewritten(text, EXPERIMENTS)


def uncited(text: str) -> list[str]:
    """Return the decimal numbers in the answers of a text that no comment vouches for."""
    cited = re.compile(r"<!--=.*?-->.*?<!--/-->", re.DOTALL)
    not_prose = re.compile(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", re.DOTALL)
    sections = re.findall(r"<!-- answers -->(.*?)<!-- end of answers -->", text, re.DOTALL)
    return re.findall(r"[+−-]?\d+\.\d+", " ".join(not_prose.sub(" ", cited.sub(" ", one)) for one in sections))


def test_numbers_that_nothing_vouches_for_are_found() -> None:
    text = (
        "0.5 outside\n<!-- answers -->\nworse by <!--= a b effect -->−0.47 (−0.5 to −0.4)<!--/-->, −0.31 by hand, "
        "[a link](x/0.7.md), `scale=0.9`, commit 1.2\n<!-- end of answers --> 0.6"
    )
    assert uncited(text) == ["−0.31", "1.2"]
    assert uncited(text.replace("−0.31 by hand", "").replace("1.2", "")) == []


@pytest.mark.parametrize("path", CITING, ids=lambda path: path.name)
def test_the_numbers_in_the_answers_are_those_of_the_data(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(re.findall("<!--=", text)) >= 8
    assert rewritten(text, EXPERIMENTS) == text, f"run: python -m faceswap_lab findings readme={path.relative_to(HERE)}"
    assert uncited(text) == []
    # CommonMark takes a line that begins with a comment for HTML, and ends the paragraph before it
    assert not [line for line in text.splitlines() if line.startswith("<!--=")]


def test_the_list_of_findings_is_as_the_data_give_it(tmp_path: Path) -> None:
    from faceswap_lab.cli.groups import conf_dir

    kept = tmp_path / "experiments"
    kept.mkdir()
    for folder in EXPERIMENTS.glob("*/"):
        if not folder.match("smoke*") and not folder.match("compare-*"):  # what a user has tried is no evidence of ours
            (kept / folder.name).symlink_to(folder)
    experiments = [path.stem for path in sorted((conf_dir() / "experiment").glob("*.yaml"))]
    readme, _ = write_overview(overview(kept, experiments), tmp_path)
    assert readme.read_text() == (EXPERIMENTS / "README.md").read_text(), "run: python -m faceswap_lab findings"


def test_the_evidence_stays_small() -> None:
    kept = [path for path in EXPERIMENTS.rglob("*") if path.is_file() and path.suffix != ".html"]
    studies = list(EXPERIMENTS.glob("*/results.csv"))
    cells = sum(len(table.read_text().splitlines()) - 1 for table in studies)
    assert sum(path.stat().st_size for path in kept) < 150_000 * len(studies) + 6_000 * cells
    assert not [path for path in kept if path.suffix == ".png" or path.match("[!t]*.svg")]  # but topology_1.svg, …
