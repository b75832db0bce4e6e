import json

import pytest

from faceswap_lab.studies.collecting.collect import collect
from faceswap_lab.studies.collecting.provenance import named, provenance_of
from tests.studies.fake_runs import PEOPLE, FakeArm, fake_study

ARMS = {"baseline": FakeArm(), "other_data": FakeArm(changes={"data": {"pose": "disjoint"}})}


def told(tmp_path, seeds=4, **study):
    arms = study.pop("arms", {"baseline": FakeArm(), "arm": FakeArm()})
    return provenance_of(collect(fake_study(tmp_path, arms, range(seeds), tiles=False, **study)))


def test_runs_that_are_alike_need_no_warning(tmp_path):
    provenance = told(tmp_path)
    assert provenance.warnings == []
    assert provenance.facts["commit"] == {
        "a" * 40: [f"{arm}/{seed}" for arm in ("baseline", "arm") for seed in range(4)]
    }
    assert {name: list(values) for name, values in provenance.facts.items()} == {
        "commit": ["a" * 40],
        "changes": ["none"],
        "recipe": ["1"],
        "data": ["twins-0123abcd"],
        "python": ["3.11.9"],
        "faceswap-lab": ["0.1.0"],
        "torch": ["2.13.0"],
        "numpy": ["2.3.0"],
        "cpu": ["Some CPU @ 2 GHz"],
        "cores": ["2"],
        "threads": ["1"],
        "gpus": ["none"],
        "host": ["1a2b3c4d"],
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": {"commit": "b" * 40}}, ["commit", "a" * 12 + " (7 runs)", "b" * 12 + " (arm/2)"]),
        ({"versions": {"torch": "2.14.0"}}, ["version of torch", "2.13.0 (7 runs)", "2.14.0 (arm/2)"]),
        ({"hardware": {"cpu": "Another CPU"}}, ["processor", "Another CPU (arm/2)"]),
        ({"hardware": {"host": "ffffffff"}}, ["machine", "ffffffff (arm/2)"]),
        ({"hardware": {"threads": 2}}, ["number of threads", "2 (arm/2)"]),
        ({"hardware": {"gpus": ["H100"]}}, ["GPUs", "H100 (arm/2)"]),
        ({"sampler": "device"}, ["what made the samples", "cv2 (7 runs)", "device (arm/2)"]),
        ({"recipe_version": 2}, ["recipe", "2 (arm/2)"]),
        ({"data_fingerprint": "twins-ffff"}, ["data", "twins-ffff (arm/2)"]),
        ({"code": {"diff_sha256": "c" * 64}}, ["changed or untracked files", "arm/2", "diff cccccccccc"]),
        ({"code": {"untracked_count": 3}}, ["changed or untracked files", "arm/2", "3 untracked files"]),
    ],
)
def test_whatever_is_mixed_is_named_with_its_cells(tmp_path, changed, words):
    sampled = {(arm, seed): {"sampler": "cv2"} for arm in ("baseline", "arm") for seed in range(4)}
    made = sampled | {("arm", 2): {"sampler": "cv2"} | changed}
    warnings = told(tmp_path, provenance=made).warnings
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in words)


def test_an_arm_on_other_data_has_another_fingerprint_and_that_is_right(tmp_path):
    other = {("other_data", seed): {"data_fingerprint": "twins-disjoint"} for seed in range(4)}
    assert told(tmp_path / "a", arms=ARMS, provenance=other).warnings == []
    warnings = told(
        tmp_path / "b", arms=ARMS, provenance=other | {("other_data", 1): {"data_fingerprint": "x"}}
    ).warnings
    assert warnings == ["Runs that ask for the same data had other ones: twins-disjoint (3 runs); x (other_data/1)."]


def test_every_seed_brings_its_own_people_but_all_arms_the_same(tmp_path):
    arms = {name: FakeArm(changes={"data": PEOPLE}) for name in ("baseline", "arm", "more")}
    pairs = {(arm, seed): {"data_fingerprint": f"pair-{seed}"} for arm in arms for seed in range(4)}
    assert told(tmp_path / "a", arms=arms, provenance=pairs).warnings == []
    warnings = told(tmp_path / "b", arms=arms, provenance=pairs | {("arm", 2): {"data_fingerprint": "x"}}).warnings
    assert warnings == [
        "Runs that ask for the same data had other ones: pair-2 (2 runs); x (arm/2).",
    ]


def test_the_sampler_does_not_decide_which_data_a_run_asks_for(tmp_path):
    arms = {"baseline": FakeArm(), "arm": FakeArm(changes={"data": {"sampler": "device"}})}
    (warning,) = told(tmp_path, arms=arms, provenance={("arm", 1): {"data_fingerprint": "x"}}).warnings
    assert warning.endswith("(7 runs); x (arm/1).")


def test_every_cell_that_is_not_finished_is_named_under_its_state(tmp_path):
    states = {("arm", 0): "missing", ("arm", 1): "missing", ("arm", 2): "diverged", ("baseline", 3): "damaged"}
    warnings = told(tmp_path, states=states).warnings
    assert warnings[0].startswith("Not run yet (2 of 8 runs): arm/0, arm/1. ")
    assert warnings[1].startswith("Diverged (1 of 8 runs): arm/2 (at step 120: RuntimeError: an error of the test's")
    assert warnings[2].startswith("With a result that cannot be read (1 of 8 runs): baseline/3 (result.json cannot be")
    assert len(warnings) == 3


def test_a_run_without_its_record_is_named(tmp_path):
    plan = fake_study(tmp_path, {"baseline": FakeArm()}, range(3), tiles=False)
    (collect(plan)[1].folder / "run.json").unlink()
    provenance = provenance_of(collect(plan))
    assert provenance.warnings == ["How baseline/1 was made is not known: run.json is missing or damaged."]
    assert provenance.facts["commit"] == {"a" * 40: ["baseline/0", "baseline/2"]}


def test_a_run_that_went_on_elsewhere_has_both_values(tmp_path):
    plan = fake_study(tmp_path, {"baseline": FakeArm()}, range(3), tiles=False)
    path = collect(plan)[0].folder / "run.json"
    record = json.loads(path.read_text())
    last = record["sessions"][-1]
    record["sessions"].append({**last, "hardware": {**last["hardware"], "cpu": "Another CPU"}})
    path.write_text(json.dumps(record))
    warnings = provenance_of(collect(plan)).warnings
    assert len(warnings) == 1
    assert "Some CPU @ 2 GHz, then Another CPU (baseline/0)" in warnings[0]


def test_many_cells_and_many_values_are_shortened(tmp_path):
    assert named([f"a/{n}" for n in range(8)]) == "a/0, a/1, a/2, a/3, a/4, a/5 and 2 more"
    assert named(["a/0"]) == "a/0"
    commits = {("arm", seed): {"code": {"commit": f"{seed}" * 40}} for seed in range(8)}
    (warning,) = told(tmp_path, seeds=8, provenance=commits).warnings
    assert warning.startswith("Runs differ in the code's commit: aaaaaaaaaaaa (8 runs); 000000000000 (arm/0)")
    assert warning.endswith("and 5 more.")
    states = {("arm", seed): {"code": {"untracked_count": seed + 1}} for seed in range(8)}
    (warning,) = told(tmp_path / "b", seeds=8, provenance=states).warnings
    assert warning.endswith("arm/5 and 2 more, in 8 different states.")


def test_nothing_has_begun(tmp_path):
    states = {(arm, seed): "missing" for arm in ("baseline", "arm") for seed in range(4)}
    provenance = told(tmp_path, states=states)
    assert provenance.facts == {}
    assert len(provenance.warnings) == 1
