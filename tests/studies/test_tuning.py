"""Arms that were each tuned first: what is chosen, and what a report says of it beside the verdicts."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.collecting.collect import collect
from faceswap_lab.studies.evidence import read_evidence, write_evidence
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.overview.table import overview
from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.tuning import Tried, as_extra, at_an_end, choose, shown, tried_by
from tests.studies.fake_runs import PEOPLE, FakeArm, fake_study

SLOW, FAST = "optimizer.lr=0.001", "optimizer.lr=0.002"
SEEDS = (0, 1, 2)


def tried(arm: str, candidate: str, values: list[float]) -> Tried:
    return Tried(arm, candidate, candidate == SLOW, dict(enumerate(values)), len(values), 1.0)


@given(
    st.lists(st.lists(st.integers(0, 9).map(lambda n: n / 8), min_size=3, max_size=3), min_size=1, max_size=5),
    st.booleans(),
)
def test_the_best_mean_over_the_seeds_and_of_equal_ones_the_first(values: list[list[float]], higher: bool) -> None:
    found = choose([tried("arm", str(i), of) for i, of in enumerate(values)], SEEDS, higher)
    sums = [sum(of) for of in values]
    assert found == {"arm": str(sums.index(max(sums) if higher else min(sums)))}


def test_every_arm_chooses_for_itself_and_a_candidate_that_lacks_a_seed_has_not_had_the_budget() -> None:
    found = [
        tried("baseline", SLOW, [0.5, 0.5, 0.5]),
        tried("baseline", FAST, [0.4, 0.4, 0.4]),
        tried("other", SLOW, [0.1, 0.1, 0.1]),
        tried("other", FAST, [0.9, 0.9]),  # and diverged with the third
        tried("lost", SLOW, []),
    ]
    assert choose(found, SEEDS, True) == {"baseline": SLOW, "other": SLOW}
    assert choose([replace(one, values=one.values | {2: 0.0}) for one in found], SEEDS, True)["other"] == FAST


def test_only_the_seeds_that_are_asked_for_are_averaged() -> None:
    found = [tried("arm", SLOW, [0.5, 0.5, 0.5, 0.0]), tried("arm", FAST, [0.4, 0.4, 0.4, 1.0])]
    assert choose(found, SEEDS, True) == {"arm": SLOW}


def test_what_is_tried_counts_what_was_begun_and_what_was_finished(tmp_path: Path) -> None:
    states = {("other", 1): "diverged", ("other", 2): "missing"}
    plan = fake_study(tmp_path, {"baseline": FakeArm(), "other": FakeArm()}, SEEDS, states=states, tiles=False)
    runs = collect(plan)
    one = tried_by("other", FAST, False, runs, "swap_ssim_AB")
    (run,) = (run for run in runs if run.arm == "other" and run.finished)
    assert one == Tried("other", FAST, False, {0: run.metrics["swap_ssim_AB"]}, 2, run.seconds or 0)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a study whose second arm is worse without tuning, and as good as the baseline with it."""
    root, seeds = tmp_path_factory.mktemp("tuned"), range(8)
    changes = {"data": PEOPLE | {"population": "confirmation"}}
    before = fake_study(
        root / "before",
        {"baseline": FakeArm(changes=changes), "slow": FakeArm(-0.2, changes=changes)},
        seeds,
        tiles=False,
    )
    tuned = changes | {"training.batch_size": 32}
    after = fake_study(
        root / "after", {"baseline": FakeArm(changes=changes), "slow": FakeArm(changes=tuned)}, seeds, tiles=False
    )
    declared = [
        {"time": "2026-11-28T13:00:00+00:00", "hash": "0123456789", "commit": "c0ffee", "its runs begun by then": 0}
    ]
    found = [
        tried(arm, candidate, [mean] * 3)
        for arm, means in {"baseline": (0.6, 0.5), "slow": (0.4, 0.6)}.items()
        for candidate, mean in zip((SLOW, FAST), means)
    ]
    extra = as_extra(found, choose(found, SEEDS, True), collect(before), "swap_ssim_AB", declared, 5)
    write_evidence(replace(evidence_of(after), extras={"tuning": extra}), root / "kept")
    (root / "kept" / "tuning.json").write_text(json.dumps(extra))
    for runs in ("before", "after"):
        shutil.rmtree(root / runs)
    return root / "kept"


def test_verdicts_without_and_with_tuning_stand_side_by_side(kept: Path) -> None:
    said = analyse(read_evidence(kept)).extras["tuning"]
    rows = said["verdicts_without_and_with_tuning"]
    assert [(row["arm"], row["tuning"], row["optimizer.lr"], row["verdict"]) for row in rows] == [
        ("baseline", "without", "0.001", "baseline"),
        ("baseline", "tuned", "0.001", "baseline"),
        ("slow", "without", "0.001", "worse"),
        ("slow", "tuned", "0.002", "equivalent"),
    ]
    assert rows[2]["difference"].startswith("−0.2")
    assert rows[3]["mean"] - rows[2]["mean"] == pytest.approx(0.2, abs=0.02)
    assert said["says"][0] == "Another setting than without tuning: slow. Another verdict: slow."
    assert said["says"][1].endswith("beyond: baseline (optimizer.lr=0.001), slow (optimizer.lr=0.002).")
    assert "2 candidates of 3 runs each" in said["says"][2]


def test_a_report_and_the_findings_say_that_every_arm_was_tuned(kept: Path) -> None:
    found = read_evidence(kept)
    assert analyse(found).scope.endswith(". Every arm has the optimizer.lr that was best for it on other people.")
    assert "that was best for it" not in analyse(replace(found, extras={})).scope
    shrunk = replace(found, plan=replace(found.plan, settings=["shrink=matched_flops"]))
    assert "800 steps). Every arm has its size from shrink=matched_flops. Every arm has the" in analyse(shrunk).scope
    assert "its size" not in analyse(replace(found, plan=replace(found.plan, settings=["shrink=none"]))).scope
    (row,) = overview(kept.parent).rows
    assert row.where.endswith("; optimizer.lr tuned in every arm")


@pytest.mark.parametrize(
    ("alpha", "verdicts"),
    [(0.2, ["baseline", "better", "equivalent"]), (0.05, ["baseline", "undecided", "undecided"])],
)
def test_verdicts_without_tuning_have_the_metrics_way_its_margin_and_the_level(
    alpha: float, verdicts: list[str]
) -> None:
    """Of 5 seeds p is 2/32 at least: enough at 0.2, also after Holm for two arms, and never at 0.05."""
    error = replace(judged_metric("swap_mae_AB"), smallest_difference=0.05)
    luck = (0.01, -0.01, 0.02, -0.02, 0.0)
    means = {"baseline": 0.5, "lower": 0.3, "alike": 0.5}
    arms = {
        arm: {seed: mean + (0.0 if arm == "baseline" else one) for seed, one in enumerate(luck)}
        for arm, mean in means.items()
    }
    untuned = [
        Run(arm, seed, "finished", metrics={error.key: value})
        for arm, values in arms.items()
        for seed, value in values.items()
    ]
    found = [tried(arm, SLOW, [mean] * 3) for arm, mean in means.items()]
    extra = as_extra(found, choose(found, SEEDS, False), untuned, error.key, [], 0)
    rows = shown(extra, Compared(error, arms, {}), untuned, alpha)["verdicts_without_and_with_tuning"]
    assert [row["verdict"] for row in rows if row["tuning"] == "without"] == verdicts


@given(
    st.lists(st.integers(-9, 9).map(lambda n: n / 8), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(("adam", "lion")), min_size=1, max_size=2, unique=True),
    st.data(),
)
def test_a_choice_at_the_end_of_its_list_is_named(rates: list[float], names: list[str], data: st.DataObject) -> None:
    rate, name = data.draw(st.sampled_from(rates)), data.draw(st.sampled_from(names))
    found = [tried("arm", f"optimizer.lr={lr} optimizer.name={of}", [0.5]) for lr in rates for of in names]
    named = at_an_end(found, {"arm": f"optimizer.lr={rate} optimizer.name={name}"})
    inside = any(other < rate for other in rates) and any(other > rate for other in rates)
    assert named == ({} if inside or len(rates) == 1 else {"arm": [f"optimizer.lr={rate}"]})


def test_the_ends_are_those_of_what_the_arm_itself_tried() -> None:
    lists = {"few": (2, 3), "many": (1, 2, 3, 4)}
    found = [tried(arm, f"optimizer.lr={rate}", [0.5]) for arm, rates in lists.items() for rate in rates]
    assert at_an_end(found, dict.fromkeys(lists, "optimizer.lr=3")) == {"few": ["optimizer.lr=3"]}


def test_the_page_of_the_evidence_alone_has_choice_cost_declaration_and_counts(kept: Path) -> None:
    write_report(analyse(read_evidence(kept)), kept)
    for text in ((kept / "report.md").read_text(), (kept / "report.html").read_text()):
        assert "Each arm tuned, and as it was without" in text
        for told in ("c0ffee", "0123456789", FAST, "chosen", "Another verdict: slow", "were not chosen, on the people"):
            assert told in text
    lines = [line for line in (kept / "report.md").read_text().splitlines() if line.startswith("| ")]
    assert "| of the candidates, on the development population | 12 | 12 |" in lines
    assert "| without tuning | 16 | 16 |" in lines
    assert "| tuned | 16 | 16 |" in lines
    assert "| of candidates that were not chosen, on the people that count | 5 | 0 |" in lines
