"""Trained swaps to judge: the lab's own runs, by its own command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.scores import swaps
from faceswap_lab.training.saved.weights import load_weights

MEDIUM = (  # 64 px, some 250 CPU seconds
    "model.resolution=64", "model.encoder_widths=[12,24,48,96]", "model.decoder_widths=[48,24,12]", "scale.faces=400",
    "scale.held_out=64", "training.max_steps=1500", "scale.evaluate_every=500", "scale.preview_every=1500",
)  # fmt: skip


def trained_swap(a: str, b: str, held_out: HeldOut, work: Path, *overrides: str) -> Tensor:
    """Return A→B as a run of these overrides draws it, (N, 3, r, r): trained now, unless its swaps are at hand."""
    name = "_".join([a, b, str(held_out.resolution), *(text for text in overrides if text not in MEDIUM)])
    path = work / "swaps" / f"{name}.npy"
    if not path.exists():
        command = [sys.executable, "-m", "faceswap_lab", f"data.identity_a={a}", f"data.identity_b={b}", *overrides]
        command += [f"runs_dir={work / 'runs'}", f"cache_dir={work / 'cache'}"]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        folder = said.rpartition("run folder")[2].split()[0]
        drawn = swaps(load_weights(Path(folder) / "weights.safetensors"), held_out.images["A"], "A", "B")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, drawn.numpy())
    return torch.from_numpy(np.load(path))
