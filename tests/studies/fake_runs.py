"""Finished run folders without a training: the files a run leaves, with numbers from a seeded generator.

    plan = fake_study(tmp_path / "runs", {"baseline": FakeArm(), "two_encoders": FakeArm(shift=-0.4)}, seeds=range(8))

Every seed has a luck of its own that all arms share, as in real runs, so pairing pays.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.folder import RunFolder, find_or_create
from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session, end_session
from faceswap_lab.runs.status import write_status
from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.plan import Planned, StudyPlan

STEPS, EVALUATE_EVERY, LOG_EVERY = 800, 100, 10
SECONDARY = [
    *("swap_ssim_BA", "swap_fitted_mae_AB", "swap_recall5_AB", "swap_yaw_AB", "swap_mouth_AB", "swap_light_AB"),
    *("recon_ssim_A", "recon_ssim_B"),
]
PEOPLE = {"name": "people", "population": "development"}  # changes={"data": PEOPLE}: each seed has a pair of its own
FOLDERS = {"name": "folders", "held_out": 0.1}  # no truth, and no tiles of it


CONFIG: dict[str, Any] = {
    "model": {"resolution": 32, "encoder_widths": [16, 32, 64], "code_size": 128},
    "encoders": {"count": 1, "start": None, "trained": True},
    "decoder_activation": {"name": "sigmoid"},
    "value_range": {"name": "unit"},
    "update_order": {"name": "a_then_b", "block": None},
    "loss": {"name": "mae", "mask_weight": 0, "weight_a": 1, "weight_b": 1},
    "training": {"max_steps": STEPS, "batch_size": 16},
}
PROVENANCE: dict[str, Any] = {
    "start": "2026-11-24T20:00:00+00:00",
    "command": "python -m faceswap_lab",
    "data_fingerprint": "twins-0123abcd",
    "recipe_version": 1,
    "versions": {"python": "3.11.9", "faceswap-lab": "0.1.0", "torch": "2.13.0", "numpy": "2.3.0"},
    "code": {"commit": "a" * 40, "dirty": False, "diff": None, "diff_sha256": None, "untracked_count": 0},
    "hardware": {"host": "1a2b3c4d", "cpu": "Some CPU @ 2 GHz", "cores": 2, "threads": 1, "gpus": []},
}
_LEVELS = {  # stem → (level of a good run, how much of an SSIM shift it takes over, noise)
    "ssim": (0.65, 1.0, 0.008),
    "fitted_mae": (0.045, -0.06, 0.0008),
    "mae": (0.06, -0.08, 0.0015),
    "mae_full": (0.055, -0.07, 0.0015),
    "recall5": (0.8, 1.0, 0.03),
    "yaw": (0.93, 0.3, 0.008),
    "mouth": (0.75, 0.4, 0.02),
    "light": (0.9, 0.3, 0.01),
}
_ONLY_AT_THE_END = ("yaw", "mouth", "light")
_DIAGNOSTICS = {
    "grad_cosine": 0.4, "preact_grad_A": 0.002, "preact_grad_B": 0.002, "code_twins_AB": 0.6, "code_twins_BA": 0.6,
    "code_cka": 0.8, "code_probe": 0.9, "saturated_A": 0.01, "saturated_B": 0.01, "dead_encoder_0": 0.0,
    "dead_decoder_A_1": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class FakeArm:
    """What an arm does in these inventions.

    Attributes:
        shift: added to the swap's SSIM; the other metrics follow.
        two_paths: two encoders, so metrics of the target path too.
        without: metrics this arm does not have, such as ``loss_B``.
        changes: dotted setting → value.
        says: a sentence.
        with_likeness: added to the swap's SSIM for every unit of the pair's likeness, which lies in [0, 1).
    """

    shift: float = 0.0
    two_paths: bool = False
    without: tuple[str, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    with_likeness: float = 0.0


def analysed(plan: StudyPlan) -> Findings:
    """Return what a study's runs say, straight from their folders."""
    return analyse(evidence_of(plan))


def fake_study(
    root: Path,
    arms: Mapping[str, FakeArm],
    seeds: Iterable[int],
    *,
    states: Mapping[tuple[str, int], str] | None = None,
    provenance: Mapping[tuple[str, int], Mapping[str, Any]] | None = None,
    tiles: bool = True,
    luck_of: str = "",
    **fields: Any,
) -> StudyPlan:
    """Write the runs of a study below ``root`` and return its plan; the first arm is the baseline.

    Args:
        root: the runs folder, made if need be.
        arms: by name.
        seeds: the seeds.
        states: of the cells that are not finished: missing, running, interrupted, failed, diverged, damaged.
        provenance: groups of ``PROVENANCE`` in which a cell differs, such as {"hardware": {"cpu": "another"}}.
        tiles: write the pictures too.
        luck_of: any word; with another one all runs have other noise.
        fields: of ``StudyPlan``, where they should differ.
    """
    seeds, states, provenance = list(seeds), states or {}, provenance or {}
    cells = [planned(name, arm, seed) for name, arm in arms.items() for seed in seeds]
    with patch("os.fsync"):  # these files need not outlive a power cut, and waiting for the disk takes most of the time
        for cell in cells:
            state = states.get((cell.arm, cell.seed), "finished")
            made = _merged(PROVENANCE, provenance.get((cell.arm, cell.seed), {}))
            if state == "finished":
                write_finished(root, cell, arms[cell.arm], made, tiles, luck_of)
            elif state != "missing":
                write_unfinished(root, cell, state, made)
    plan: dict[str, Any] = {
        "name": "encoder_count",
        "title": "Encoder count",
        "question": "What does a single encoder buy?",
        "baseline": next(iter(arms)),
        "arms": {name: arm.says or f"{name} in a sentence." for name, arm in arms.items()},
        "seeds": seeds,
        "metric": "swap_ssim_AB",
        "smallest_difference": 0.02,
        "secondary": SECONDARY,
        "notes": ["Made without a training."],
        "group_seeds": None,
        "runs_dir": root,
        "command": "python -m faceswap_lab +study=encoder_count",
    }
    return StudyPlan(**(plan | fields), cells=cells)


def planned(name: str, arm: FakeArm, seed: int) -> Planned:
    """Return an arm's cell."""
    config = copy.deepcopy(CONFIG) | {"seed": seed}
    for key, value in arm.changes.items():
        *groups, last = key.split(".")
        inner = config
        for group in groups:
            inner = inner[group]
        inner[last] = value
    digest = hashlib.sha256(json.dumps([name, config], sort_keys=True).encode()).hexdigest()[:10]
    return Planned(name, seed, digest, config)


def write_finished(
    root: Path,
    cell: Planned,
    arm: FakeArm,
    provenance: Mapping[str, Any] = PROVENANCE,
    tiles: bool = True,
    luck_of: str = "",
) -> RunFolder:
    """Write all files of a finished run that a report reads."""
    folder = _begun(root, cell, provenance)
    rng, luck = _generators(cell, luck_of)
    people = pair_of(cell.seed) if cell.config.get("data") == PEOPLE else {}
    likeness = people["pair"]["likeness"] if people else 0.0
    final = final_metrics(replace(arm, shift=arm.shift + arm.with_likeness * likeness), rng, luck)
    _write_metrics(folder, final, rng)
    if tiles:
        write_tiles(folder, rng, arm.two_paths, truth=cell.config.get("data") != FOLDERS)
    encoders = "an encoder per side" if arm.two_paths else "one encoder"
    folder.topology.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text>{encoders}</text></svg>')
    end_session(folder, "finished", STEPS)
    write_result(
        folder,
        Result(
            digest=cell.digest,
            label=cell.arm,
            seed=cell.seed,
            steps=STEPS,
            seconds=30 + rng.random(),
            metrics=final,
            details={"parameters": {"encoder": 1000, "total": 3000 if arm.two_paths else 2000}}
            | ({"people": people} if people else {}),
        ),
    )
    write_status(folder, "finished", STEPS)
    return folder


def pair_of(seed: int) -> dict[str, Any]:
    """Return what a run knows of the pair of people that its seed drew."""
    rng = np.random.default_rng([seed, 7])
    sides = {
        side: {"name": f"person-{2 * seed + place}", "skin_lightness": float(rng.random())}
        for place, side in enumerate("AB")
    }
    return {"sides": sides, "pair": {"likeness": float(rng.random()), "same_hair": bool(rng.integers(2))}}


def write_unfinished(root: Path, cell: Planned, state: str, provenance: Mapping[str, Any] = PROVENANCE) -> RunFolder:
    """Write a run that has no result: running (its process has gone), interrupted, failed, diverged or damaged."""
    folder = _begun(root, cell, provenance)
    if state == "damaged":
        folder.result.write_text('{"format": 1, "metrics": {"swap_ssim_AB": ')
        write_status(folder, "finished", STEPS)
    else:
        error = RuntimeError("an error of the test's making") if state in ("failed", "diverged") else None
        write_status(folder, state, 120, "" if error else f"{state} in a test", error)  # type: ignore[arg-type]
    return folder


def final_metrics(arm: FakeArm, rng: np.random.Generator, luck: float) -> dict[str, float]:
    """Return what ``result.json`` holds: the scores of swap and reconstruction, the losses, the diagnostics."""
    found = {f"loss_{side}": 0.05 + 0.002 * rng.standard_normal() - 0.02 * luck for side in "AB"}
    for where in ("AB", "BA"):
        for path in ("", "_target_path") if arm.two_paths else ("",):
            shift = arm.shift / 4 if path else arm.shift
            found |= {f"swap_{stem}_{where}{path}": _level(stem, shift + luck, rng) for stem in _LEVELS}
        found |= {f"copy_{stem}_{where}": _level(stem, -0.2, rng) for stem in _LEVELS}
    for side in "AB":
        stems = ("ssim", "fitted_mae", "mae", "mae_full")
        found |= {f"recon_{stem}_{side}": _level(stem, 0.2 + luck, rng) for stem in stems}
    found |= {name: value + 0.005 * rng.random() for name, value in _DIAGNOSTICS.items()}
    return {name: value for name, value in found.items() if name not in arm.without}


def write_tiles(
    folder: RunFolder, rng: np.random.Generator, two_paths: bool, faces: int = 4, side: int = 16, truth: bool = True
) -> None:
    """Write the tiles of step 400 and of the end: flat colours, a shade per tile."""
    second = ["swap_AB_target_path"] if two_paths else []
    other = ["swap_BA_target_path"] if two_paths else []
    rows = ["A", "A_recon", "swap_AB", *second, "B_truth", "B", "B_recon", "swap_BA", *other, "A_truth"]
    rows = [row for row in rows if truth or not row.endswith("_truth")]
    about = PngInfo()
    about.add_text("Rows", json.dumps(rows))
    about.add_text("Tile", str(side))
    for name in ("step-000000400-tiles.png", "final-tiles.png"):
        shades = rng.integers(0, 256, (len(rows), faces, 3), dtype=np.uint8)
        Image.fromarray(shades.repeat(side, axis=0).repeat(side, axis=1)).save(folder.previews / name, pnginfo=about)


def _begun(root: Path, cell: Planned, provenance: Mapping[str, Any]) -> RunFolder:
    folder = find_or_create(root, cell.arm, cell.seed, cell.digest)
    begin_session(folder, {**provenance, "seed": cell.seed, "config": {**cell.config, "runs_dir": "runs"}}, 0)
    return folder


def _generators(cell: Planned, luck_of: str) -> tuple[np.random.Generator, float]:
    """Return the run's generator and the luck that every arm has at this seed, in units of SSIM."""
    own = int.from_bytes(hashlib.sha256(f"{cell.arm} {cell.seed}{luck_of}".encode()).digest()[:8], "big")
    return np.random.default_rng(own), 0.02 * np.random.default_rng(cell.seed).standard_normal()


def _level(stem: str, shift: float, rng: np.random.Generator) -> float:
    level, share, noise = _LEVELS[stem]
    return float(level + share * shift + noise * rng.standard_normal())


def _write_metrics(folder: RunFolder, final: Mapping[str, float], rng: np.random.Generator) -> None:
    """Write the losses every 10 steps, and every 100 a row of scores beside them, as the program does."""
    losses = [name for name in ("loss_A", "loss_B") if name in final]
    stems = tuple(f"_{stem}_" for stem in _ONLY_AT_THE_END)
    scores = [name for name in final if name not in losses and not any(s in name for s in stems) and "copy" not in name]
    rows: list[dict[str, Any]] = []
    for step in range(LOG_EVERY, STEPS + 1, LOG_EVERY):
        left = np.exp(-step / 150)  # of the way still to go
        noise = rng.standard_normal(len(losses) + len(scores))
        rows.append({"step": step} | {k: final[k] + 0.2 * left + 5e-4 * e for k, e in zip(losses, noise)})
        if step % EVALUATE_EVERY == 0:
            noisy = zip(scores, noise[len(losses) :])
            rows.append({"step": step} | {k: float(final[k] * (1 - 0.5 * left) * (1 + 0.005 * e)) for k, e in noisy})
    MetricsCsv(folder.metrics).append(rows)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the groups in ``changes`` changed, setting by setting."""
    merged = dict(base)
    for name, value in changes.items():
        merged[name] = {**base[name], **value} if isinstance(value, Mapping) and flat(base[name]) else value
    return merged
