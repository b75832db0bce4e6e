"""Findings made by hand: plausible numbers from a seeded generator, judged by the real statistics."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from faceswap_lab.studies.findings import (
    Arm,
    Budget,
    Compared,
    Curve,
    Curves,
    Findings,
    Grid,
    Picture,
    Prediction,
    Provenance,
)
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.curves import curve_difference
from faceswap_lab.studies.statistics.rank_correlation import rank_correlation, rank_correlation_within
from faceswap_lab.studies.statistics.verdicts import judge_arms

NAMES = [
    "baseline", "two_encoders", "b_then_a", "joint", "joint_equal_updates", "accumulate", "alternate", "random_order",
    "worse_first", "only_b",
]  # fmt: skip
EFFECT = [0.0, -0.09, 0.004, 0.018, 0.0, 0.002, -0.012, -0.03, 0.03, -0.002]
PRIMARY = Metric("swap_ssim_AB", "SSIM of the swap A→B", True, 0.02)
SECONDARY = [
    Metric("swap_ssim_BA", "SSIM of the swap B→A", True, 0.02),
    Metric("swap_fitted_mae_AB", "MAE of the swap A→B after a colour fit", False, 0.002),
    Metric("swap_recall5_AB", "share of swaps A→B whose twin is among the 5 nearest", True, 0.05),
    Metric("swap_yaw_AB", "how well yaw follows in A→B", True, 0.03),
    Metric("recon_ssim_A", "SSIM of the reconstruction of A", True, 0.02),
]
DIAGNOSTICS = [
    Metric(key, caption, None)
    for key, caption in {
        "grad_cosine": "cosine of the encoder's gradients of loss_A and loss_B",
        "code_twins_AB": "codes of A whose nearest code of B is the twin's",
        "code_cka": "CKA of the twins' codes",
        "code_probe": "accuracy of a linear probe A or B",
        "saturated_A": "saturated output values of A",
        "dead_encoder_0": "dead units in encoder layer 0",
        "dead_decoder_A_1": "dead units in decoder A layer 1",
        "preact_grad_A": "gradient norm at the output's pre-activation, A",
    }.items()
]
LOSSES = [Metric("loss_A", "loss_A: MAE of the reconstruction of A", False), Metric("loss_B", "loss_B", False)]


def example(folder: Path, arms: int = 10, seeds: int = 9, unfinished: bool = True) -> Findings:
    """Return findings of a study; pictures are written below ``folder``."""
    names, rng = NAMES[:arms], np.random.default_rng(0)
    luck = dict(enumerate(rng.normal(0, 0.012, seeds)))

    def draw(name: str, middle: float, size: float, scale: float) -> dict[int, float]:
        shift = size * EFFECT[names.index(name)] / 0.09
        return {s: float(middle + shift + scale * (luck[s] / 0.012 + rng.normal(0, 0.4))) for s in range(seeds)}

    values = {PRIMARY.key: {name: draw(name, 0.74, 0.09, 0.012) for name in names}}
    for metric in SECONDARY:
        middle, size, scale = (0.03, -0.01, 0.001) if "mae" in metric.key else (0.7, 0.05, 0.02)
        values[metric.key] = {name: draw(name, middle, size, scale) for name in names}
    for metric in DIAGNOSTICS:
        values[metric.key] = {name: draw(name, 0.3, 0.05, 0.03) for name in names}
    if unfinished and arms > 2:
        for by_arm in values.values():
            for seed in (seeds - 1, seeds - 2):
                by_arm[names[2]].pop(seed, None)

    cells = [
        Run(
            arm=name,
            seed=seed,
            state="finished",
            folder=Path(f"runs/{name}-s{seed}-1f2e3d4c"),
            metrics={key: by_arm[name][seed] for key, by_arm in values.items()},
            seconds=41.0 + seed,
        )
        if seed in values[PRIMARY.key][name]
        else Run(name, seed, "failed", "ValueError: the disk is full | <b>not bold</b>", Path(f"runs/{name}-s{seed}"))
        for name in names
        for seed in range(seeds)
    ]
    curves = [_curves(metric, names, seeds, rng) for metric in (*LOSSES, PRIMARY, SECONDARY[0])]
    return Findings(
        name="update_order",
        title="Update order",
        question="Does the order of the two updates inside a step matter? Is the state after it the same if reversed?",
        answer="Two encoders are worse: SSIM lower by 0.09 in 9 seeds. worse_first is better. The others are "
        "equivalent or undecided.",
        baseline=names[0],
        arms=[_arm(name) for name in names],
        seeds=list(range(seeds)),
        alpha=0.05,
        primary=_compared(PRIMARY, values[PRIMARY.key], names),
        secondary=[_compared(metric, values[metric.key], names) for metric in SECONDARY],
        diagnostics=[Compared(metric, values[metric.key], {}) for metric in DIAGNOSTICS],
        curves=curves,
        predictions=[_prediction(loss, values, rng) for loss in ("loss_A", "loss_B", "loss_A + loss_B")],
        grids=_grids(names),
        budgets=[Budget(name, seeds, seeds, 700 - 20 * k, 1 - k / 35, 1.2, 30.0) for k, name in enumerate(names)],
        scope="About one pair only, ada → ben.",
        cells=cells,
        provenance=_provenance(cells, unfinished and arms > 2),
        command="python -m faceswap_lab +study=update_order scale=quick",
        settings=["scale=quick"],
        notes=["Rendered faces at 32 px: a claim about photographs needs photographs."],
        extras={"order_effect": ORDER_EFFECT, "false_alarms": FALSE_ALARMS},
    )


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
        {"metric": PRIMARY.caption, "runs": 32, "better_or_worse": 0.031, "equivalent": 0.94, "undecided": 0.029}
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


def _arm(name: str) -> Arm:
    changes = {} if name == "baseline" else {"updates.order": ("a_then_b", name), "model.encoders": (1, 2)}
    return Arm(name, f"what {name} does, in a sentence", changes, 453_210 if name != "two_encoders" else 812_004)


def _compared(metric: Metric, values: dict[str, dict[int, float]], names: list[str]) -> Compared:
    judgements = judge_arms(
        values[names[0]],
        {name: values[name] for name in names[1:]},
        higher_is_better=bool(metric.higher_is_better),
        smallest_difference=metric.smallest_difference,
    )
    return Compared(metric, values, judgements)


def _curves(metric: Metric, names: list[str], seeds: int, rng: np.random.Generator) -> Curves:
    steps = np.arange(100, 801, 100) if "swap" in metric.key else np.arange(10, 801, 10)
    rows: dict[str, dict[int, dict[int, float]]] = {}
    for index, name in enumerate(names):
        if name == "only_b" and metric.key == "loss_A":
            continue
        rows[name] = {}
        for seed in range(seeds):
            wobble = rng.normal(0, 0.004, len(steps)) + 0.004 * seed / max(seeds, 1)
            if metric.higher_is_better:
                level = (0.76 + EFFECT[index]) * (1 - np.exp(-steps / 180)) + wobble
            else:
                level = 0.03 + 0.2 * np.exp(-steps / (120 + 15 * index)) + wobble / 3
            rows[name][seed] = dict(zip(steps.tolist(), level.tolist()))
    differences = {
        name: curve_difference(rows[names[0]], rows[name]) for name in names[1:] if name in rows and names[0] in rows
    }
    return Curves(metric, {name: _curve(by_seed, steps) for name, by_seed in rows.items()}, differences)


def _curve(by_seed: dict[int, dict[int, float]], steps: np.ndarray) -> Curve:
    table = np.array([list(values.values()) for values in by_seed.values()])
    return Curve(len(by_seed), steps, table.mean(axis=0), table.min(axis=0), table.max(axis=0))


def _prediction(loss: str, values: dict[str, dict[str, dict[int, float]]], rng: np.random.Generator) -> Prediction:
    rows = {
        (arm, seed): [(1 - value + rng.normal(0, 0.03), 1 - value)]
        for arm, by_seed in values[PRIMARY.key].items()
        for seed, value in by_seed.items()
    }
    by_run = {run: [(first[0][0] * (1 + k / 5), first[0][1] * (1 + k / 6)) for k in range(6)]
              for run, first in rows.items()}  # fmt: skip
    by_arm: dict[str, list[tuple[float, float]]] = {}
    for (arm, _), row in rows.items():
        by_arm.setdefault(arm, []).extend(row)
    return Prediction(
        loss, PRIMARY, rank_correlation(rows), rank_correlation_within(by_arm), rank_correlation_within(by_run)
    )


ROWS = ["A", "A_recon", "swap_AB", "B_truth", "B", "B_recon", "swap_BA", "A_truth"]


def write_tiles(path: Path, rng: np.random.Generator, tile: int = 32, faces: int = 6, rows: list[str] = ROWS) -> Path:
    """Write a file of tiles as a run does: rows × faces without gaps, named in a text chunk."""
    y, x = np.mgrid[0:tile, 0:tile] / tile
    picture = np.zeros((len(rows) * tile, faces * tile, 3), np.uint8)
    for row in range(len(rows)):
        for face in range(faces):
            oval = ((x - 0.5 - 0.03 * (face - 3)) ** 2 / 0.09 + (y - 0.5) ** 2 / 0.16) < 1
            skin = np.array([200, 160, 140]) - rng.integers(0, 60, 3)
            back = np.array([90, 110, 130]) + rng.integers(0, 60, 3)
            square = np.where(oval[..., None], skin, back) + rng.normal(0, 4, (tile, tile, 1))
            picture[row * tile : (row + 1) * tile, face * tile : (face + 1) * tile] = square.clip(0, 255)
    text = PngImagePlugin.PngInfo()
    text.add_text("Rows", json.dumps(rows))
    text.add_text("Tile", str(tile))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, pnginfo=text)
    return path


def _grids(names: list[str]) -> list[Grid]:
    rng = np.random.default_rng(1)

    def row(caption: str, faces: int) -> Picture:
        return Picture(caption, "", Image.fromarray(rng.integers(0, 256, (32, 32 * faces, 3), dtype=np.uint8)))

    across = [row(name, 6) for name in ("A, the input", "B, the truth", *names)]
    return [
        Grid("Swap A→B across arms", "The same held-out faces.", [], across),
        Grid("Swap A→B over the steps", "The first face.", ["400", "800", "truth"], [row(name, 3) for name in names]),
    ]


def _provenance(cells: list[Run], unfinished: bool) -> Provenance:
    finished = [f"{cell.arm}/{cell.seed}" for cell in cells if cell.state == "finished"]
    facts = {
        "commit": {"a0eab1e3f5": finished},
        "python": {"3.11.4": finished},
        "torch": {"2.13.0+cpu": finished[:-2], "2.12.0": finished[-2:]} if unfinished else {"2.13.0+cpu": finished},
        "data": {"twins-5f3a": finished},
        "cpu": {"Intel Xeon": finished},
    }
    missing = [f"{cell.arm}/{cell.seed}" for cell in cells if cell.state != "finished"]
    warnings = [f"{len(missing)} cells are not finished: {', '.join(missing)}."] if missing else []
    if unfinished:
        warnings.append(f"2 cells ran with torch 2.12.0, the others with 2.13.0+cpu: {', '.join(finished[-2:])}.")
    return Provenance(facts, warnings)
