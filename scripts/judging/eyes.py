"""Pairs of pictures for a person to judge, without any number beside them: which is the better swap?

    OMP_NUM_THREADS=1 python scripts/judging/eyes.py --work /tmp/judging     writes pair-01.png … and pairs.csv

Each picture shows three inputs, the true swaps, and two candidates below, in an order drawn by chance.
"""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path

import torch
from damages import Scene, damages
from models import MEDIUM, trained_swap
from torch import Tensor

from faceswap_lab.evaluation.png import write_png
from faceswap_lab.evaluation.preview import Row, picture
from faceswap_lab.randomness import stream

SHOWN = (3, 17, 42)  # states
ABOUT = {"Software": "faceswap_lab", "Description": "Synthetic: rendered faces, and swaps made by models"}
ADA, R11, LARGE = ("ada", "ben", 32), ("random-11", "random-12", 32), ("random-11", "random-12", 64)
LIT, POSED = "nulls/nearest in pose and light", "nulls/nearest in pose"
PAIRS = (  # scene, one candidate, the other
    (ADA, "trained", LIT),
    (ADA, "trained", "nulls/mean face of B"),
    (ADA, "trained", "nulls/copy of A"),
    (ADA, "trained", "trained only_b"),
    (ADA, "trained", "trained smoke"),
    (ADA, "trained", "average of 3 models"),
    (ADA, "trained", "blur/σ 2 px"),
    (ADA, "colour of A/100 %", "trained"),
    (ADA, "another person/random-21", "trained"),
    (ADA, "morph to A/50 %", "trained"),
    (ADA, "head turned/10°", "blur/σ 1 px"),
    (ADA, "mouth/+0.6", "morph to A/30 %"),
    (ADA, "trained mixed with the mean face", "trained"),
    (ADA, "light turned/80°", "colour of A/100 %"),
    (ADA, "noise/σ 20/255", "blur/σ 1 px"),
    (ADA, POSED, LIT),
    (ADA, "trained only_b", LIT),
    (ADA, "head turned/20°", "trained"),
    (ADA, "trained smoke", LIT),
    (ADA, "cross-fade to A/50 %", "trained"),
    (ADA, "another person/random-22", LIT),
    (ADA, "trained only_b", "nulls/mean face of B"),
    (R11, "trained", LIT),
    (R11, "trained", "blur/σ 2 px"),
    (R11, "another person/random-21", "trained"),
    (R11, "morph to A/50 %", "trained"),
    (R11, "colour of A/100 %", "trained"),
    (R11, "trained", "nulls/mean face of B"),
    (R11, "head turned/20°", LIT),
    (R11, "cross-fade to A/30 %", "blur/σ 1.5 px"),
    (LARGE, "trained", LIT),
    (LARGE, "trained", "blur/σ 2 px"),
    (LARGE, "another person/random-22", "trained"),
    (LARGE, "morph to A/50 %", "trained"),
    (LARGE, "mouth/+0.6", "head turned/10°"),
    (LARGE, "colour of A/100 %", "trained"),
)


def candidates(scene: Scene) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return every swap of the scene by name, (N, 3, r, r) each; and what stands above them: inputs and truth."""
    data = scene.data()
    held_out = scene.held_out(data)
    drawn = {f"{kind}/{label}": faces for kind, levels in damages(scene, data, held_out) for label, faces in levels}
    return drawn | trained(scene, held_out, drawn), {"A": held_out.images["A"], "truth": held_out.images["B"]}


def trained(scene: Scene, held_out, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the swaps of trained models: all that there are of ada → ben, one of any other pair."""
    work = scene.cache.parent
    if scene.size == 64:
        return {"trained": trained_swap(scene.a, scene.b, held_out, work, *MEDIUM)}
    found = {"trained": trained_swap(scene.a, scene.b, held_out, work)}
    mixed = torch.lerp(found["trained"], drawn["nulls/mean face of B"], 0.25)
    found["trained mixed with the mean face"] = mixed
    if (scene.a, scene.b, scene.size) == ADA:
        more = [trained_swap(scene.a, scene.b, held_out, work, f"seed={seed}") for seed in (1, 2)]
        found |= {f"trained, seed {seed}": one for seed, one in zip((1, 2), more)}
        found["average of 3 models"] = torch.stack([found["trained"], *more]).mean(0)
        found["trained only_b"] = trained_swap(scene.a, scene.b, held_out, work, "+experiment=only_b")
        found["trained smoke"] = trained_swap(scene.a, scene.b, held_out, work, "scale=smoke")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work
    shown = {scene: candidates(Scene(*scene, work / "cache")) for scene in dict.fromkeys(pair[0] for pair in PAIRS)}
    (work / "eyes").mkdir(exist_ok=True)
    rows = []
    for number, (scene, *two) in enumerate(PAIRS, 1):
        drawn, above = shown[scene]
        first, second = two if stream(0, "judging", "order", number).random() < 0.5 else two[::-1]
        lines = [
            ("input A", above["A"]),
            ("truth", above["truth"]),
            ("left: 1", drawn[first]),
            ("right: 2", drawn[second]),
        ]
        group = [Row("", caption, "", faces[list(SHOWN)]) for caption, faces in lines]
        write_png(work / "eyes" / f"pair-{number:02}.png", picture([group], f"pair {number}"), ABOUT)
        rows.append([number, *scene, first, second])
    with open(work / "eyes" / "pairs.csv", "w", newline="") as file:
        csv.writer(file).writerows([["pair", "a", "b", "size", "first", "second"], *rows])


if __name__ == "__main__":
    main()
