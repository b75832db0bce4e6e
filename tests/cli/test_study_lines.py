"""The last lines of a study, from findings made here."""

from dataclasses import replace
from pathlib import Path

from faceswap_lab.cli.study.lines import result_lines
from faceswap_lab.studies.findings import Arm, Compared, Findings, Provenance
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.statistics.verdicts import judge_arms


def findings(values: dict[str, dict[int, float]]) -> Findings:
    arms = {arm: seeds for arm, seeds in values.items() if arm != "baseline"}
    judged = judge_arms(values["baseline"], arms, higher_is_better=True, smallest_difference=0.02)
    primary = Compared(Metric("swap_ssim_AB", "SSIM of the swap A→B", True, 0.02), values, judged)
    return Findings(
        "any", "Any", "Which?", "It is so.", "baseline", [Arm(name, "", {}) for name in values], [0], 0.05,
        primary, [], [], [], [], None, [], Provenance({}, []), "python -m faceswap_lab",
    )  # fmt: skip


def test_each_arm_has_a_line_with_its_verdict_then_the_answer_then_the_path():
    base = {seed: 0.5 + 0.001 * (-1) ** seed for seed in range(8)}
    lines = result_lines(
        findings({
            "baseline": base,
            "worse": {seed: value - 0.1 - 0.001 * seed for seed, value in base.items()},
            "same": dict(base),
            "none": {},
        }),
        Path("experiments/any/report.html"),
    )  # fmt: skip
    by_arm = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert by_arm["baseline"] == "  baseline   0.5000  baseline, 8 seeds"
    assert by_arm["worse"].startswith("  worse      0.3965  worse      -0.1035 [-0.10")
    assert by_arm["worse"].endswith("], 8 seeds")
    assert "equivalent +0.0000" in by_arm["same"]
    assert by_arm["none"].split(maxsplit=1)[1] == "undecided  no seed in common with the baseline"
    assert lines[-2:] == ["answer      It is so.", "report      experiments/any/report.html"]


def test_whom_it_is_about_comes_before_the_verdicts():
    found = replace(findings({"baseline": {0: 0.5}, "other": {0: 0.25}}), scope="About one pair only.")
    assert result_lines(found, Path("r"))[:3] == [
        "", "scope       About one pair only.", "SSIM of the swap A→B (swap_ssim_AB), differences from baseline",
    ]  # fmt: skip


def test_one_seed_has_no_interval():
    lines = result_lines(findings({"baseline": {0: 0.5}, "other": {0: 0.25}}), Path("r"))
    assert "  other      0.2500  undecided  -0.2500, 1 seed" in lines
