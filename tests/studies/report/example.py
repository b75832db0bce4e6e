"""The findings of a study of invented runs, with something in every section of a report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.findings import Compared, Findings
from tests.studies.fake_runs import FakeArm, fake_study

ARMS = {
    "baseline": FakeArm(),
    "two_encoders": FakeArm(shift=-0.09, two_paths=True, changes={"encoders.count": 2}),
    "b_then_a": FakeArm(shift=0.004, changes={"update_order.name": "b_then_a"}),
    "joint": FakeArm(shift=0.018, changes={"update_order.name": "joint"}),
}


def example(folder: Path, arms: int, seeds: int) -> Findings:
    """Return findings of a study whose runs are written below ``folder``.

    Of three arms or more, the third's last two runs have failed, and the last arm's were made with another torch.
    """
    names, last = list(ARMS)[:arms], range(max(seeds - 2, 0), seeds)
    plan = fake_study(
        folder,
        {name: ARMS[name] for name in names},
        range(seeds),
        states={(names[2], seed): "failed" for seed in last} if arms > 2 else {},
        provenance={(names[-1], seed): {"versions": {"torch": "2.12.0"}} for seed in last} if arms > 2 else {},
        settings=["scale=quick"],
    )
    return analyse(replace(evidence_of(plan), extras={"order_effect": ORDER_EFFECT, "false_alarms": FALSE_ALARMS}))


def renamed(findings: Findings, old: str, new: str) -> Findings:
    """Return findings in which an arm has another name."""

    def swap(found: dict[str, Any]) -> dict[str, Any]:
        return {new if name == old else name: value for name, value in found.items()}

    def compared(one: Compared) -> Compared:
        return replace(one, values=swap(one.values), judgements=swap(one.judgements))

    return replace(
        findings,
        arms=[replace(arm, name=new) if arm.name == old else arm for arm in findings.arms],
        primary=compared(findings.primary),
        secondary=[compared(one) for one in findings.secondary],
        diagnostics=[compared(one) for one in findings.diagnostics],
        curves=[replace(one, arms=swap(one.arms), differences=swap(one.differences)) for one in findings.curves],
        cells=[replace(cell, arm=new) if cell.arm == old else cell for cell in findings.cells],
    )


FALSE_ALARMS: dict[str, Any] = {
    "says": "In 3.1 % of the splits a difference is claimed.",
    "group": 8,
    "splits": 2000,
    "level": 0.05,
    "metrics": [
        {"metric": "SSIM of the swap A→B", "runs": 32, "better_or_worse": 0.031, "equivalent": 0.94, "undecided": 0.029}
    ],
}
ORDER_EFFECT: dict[str, Any] = {
    "steps": [1, 10, 100, 1000],
    "groups": ["encoder", "decoder_A", "decoder_B"],
    "one_step": {
        "encoder": {"largest": 2.1e-5, "largest_update": 5e-5, "relative": 0.12},
        "decoder_A": {"largest": 0.0, "largest_update": 5e-5, "relative": 0.0},
        "decoder_B": {"largest": 1e-6, "largest_update": 5e-5, "relative": 0.01},
    },
    "growth": [
        {
            "step": step,
            "orders": {group: {"relative": 0.1 * step**0.3, "absolute": 0.01 * step**0.5} for group in ("encoder",)},
            "seeds": {group: {"relative": 1.4, "absolute": 0.3 * step**0.3} for group in ("encoder",)},
            "outputs": {"orders": 0.0001 * step**0.6, "seeds": 0.05},
        }
        for step in (1, 10, 100, 1000)
    ],
    "one_step_variants": [
        {
            "update_order": "a_then_b",
            "optimizer": "sgd",
            "optimizer_state": "per_autoencoder",
            "lr": 0.1,
            "groups": {"encoder": {"relative": 0.2}, "decoder_A": {"relative": None}},
        }
    ],
    "optimizer": "keras_2018",
    "loss_A_first_step_equal": True,
}
