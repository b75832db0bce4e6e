"""Judge the judge: every metric under known damage of a perfect swap. Writes the tables of docs/judging.md.

    OMP_NUM_THREADS=1 python scripts/judging/study.py --work /tmp/judging     some 20 CPU minutes, most of them training

What has been rendered and trained is kept in the work folder. The numbers are the lab's own: each picture is judged by
the very function that judges runs.
"""

import argparse
import csv
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from damages import Scene, damages
from eyes import ADA, LARGE, PAIRS, SHOWN, trained
from ssim_inside import ssim_inside
from torch import Tensor

from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.png import write_png
from faceswap_lab.evaluation.preview import Row, picture
from faceswap_lab.evaluation.scores import judge_swap

ROOT = Path(__file__).parents[2]
PAGE, PICTURES = ROOT / "docs" / "judging.md", ROOT / "docs" / "judging"
JUDGEMENTS = Path(__file__).with_name("judgements.csv")
ABOUT = {"Software": "faceswap_lab", "Description": "Synthetic: rendered faces, and swaps made by models"}
SCENES = tuple(dict.fromkeys(pair[0] for pair in PAIRS))
WHOLE = {"score": 1, "ssim": 1, "ssim_inside": 1, "recall5": 1, "fitted_mae": -1, "mae": -1}  # metrics of a whole swap
PARTS = (
    "identity",
    "identity_colour",
    "still_source",
    "colour",
    "skin_tone",
    "pose",
    "expression",
    "lighting",
    "sharpness",
)
SHOWN_SCENES = (ADA, LARGE)
SLACK = 0.003  # a rise by less is none
MUST_FALL = ("blur", "noise", "shift", "light turned", "mouth", "head turned", "morph to A", "cross-fade to A",
             "colour of A", "mixed with the mean face")  # fmt: skip

Scores = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for rendered faces and runs, kept")
    work = parser.parse_args().work
    PICTURES.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    scores: dict[tuple[str, str, int], Scores] = {}
    drawn: dict[tuple[str, str, int], dict[str, Tensor]] = {}
    for scene in SCENES:
        of = Scene(*scene, work / "cache")
        data = of.data()
        held_out = of.held_out(data)
        levels = {kind: dict(some) for kind, some in damages(of, data, held_out)}
        faces = {f"{kind}/{label}": x for kind, some in levels.items() for label, x in some.items()}
        faces |= trained(of, held_out, faces)
        scores[scene] = {name: _judged(x, held_out) for name, x in faces.items()}
        drawn[scene] = {"truth": held_out.images["B"], "input": held_out.images["A"]} | faces
        _write(f"all {_named(scene)}", _all(scores[scene]))
        if scene in SHOWN_SCENES:
            write_png(PICTURES / f"damage-{'-'.join(map(str, scene))}.png", _shown(drawn[scene], scores[scene]), ABOUT)
    _write("falls", _falls(scores))
    _write("nulls", _nulls(scores))
    _write("windows", _windows(scores))
    _write("eyes", _eyes(scores, drawn))


def _judged(faces: Tensor, held_out: HeldOut) -> dict[str, float]:
    inside = ssim_inside(faces, held_out.images["B"], held_out.masks["B"]).double().mean()
    return judge_swap(faces, held_out, "A", "B") | {"ssim_inside": float(inside)}


def _all(scores: Scores) -> str:
    keys = ("score", *PARTS, "ssim", "recall5", "mae")
    rows = [[name.replace("nothing/", ""), *(_number(of.get(key), key) for key in keys)] for name, of in scores.items()]
    return _table([" ", *keys], rows)


def _falls(scores: Mapping[tuple[str, str, int], Scores]) -> str:
    """Per kind of damage and metric: does it fall with every level, in every scene? And how far at the worst?"""
    rows = []
    for kind in MUST_FALL:
        cells = []
        for key, sign in WHOLE.items():
            steps, ends = [], []
            for of in scores.values():
                values = [of["nothing/truth"][key]] + [v[key] for name, v in of.items() if name.startswith(f"{kind}/")]
                steps += [sign * (b - a) for a, b in itertools.pairwise(values)]
                ends.append(values[-1])
            rises = sum(step > SLACK for step in steps)
            still = sum(abs(step) <= SLACK for step in steps)
            said = f"rises {rises}×" if rises else ("blind" if still == len(steps) else "falls")
            cells.append(f"{said} ({min(ends):.2f} to {max(ends):.2f})")
        rows.append([kind, *cells])
    return _table(["damage, from mild to grave", *WHOLE], rows)


def _nulls(scores: Mapping[tuple[str, str, int], Scores]) -> str:
    rows = []
    for scene, of in scores.items():
        for name in (
            "trained",
            "trained only_b",
            "trained smoke",
            "average of 3 models",
            "trained mixed with the mean face",
        ):
            if name in of:
                rows.append([_named(scene), name, *(f"{of[name][key]:.3f}" for key in WHOLE)])
        for name in [name for name in of if name.startswith(("nulls/", "another person/"))]:
            cells = []
            for key, sign in WHOLE.items():
                above = sign * of[name][key] > sign * of["trained"][key]
                cells.append(f"**{of[name][key]:.3f}**" if above else f"{of[name][key]:.3f}")
            rows.append([_named(scene), name.partition("/")[2], *cells])
    return _table(["faces", "swap", *WHOLE], rows)


def _windows(scores: Mapping[tuple[str, str, int], Scores]) -> str:
    both = np.array([[v["ssim"], v["ssim_inside"]] for of in scores.values() for v in of.values()])
    order = [np.argsort(np.argsort(column)) for column in both.T]
    change = both[:, 1] - both[:, 0]
    return (
        f"Over the {len(both)} swaps of this page the two agree with a rank correlation of "
        f"{np.corrcoef(*order)[0, 1]:.4f}; inside the mask is higher by {change.mean():.3f} at the mean "
        f"({change.min():.3f} to {change.max():.3f})."
    )


def _eyes(
    scores: Mapping[tuple[str, str, int], Scores], drawn: Mapping[tuple[str, str, int], dict[str, Tensor]]
) -> str:
    """Compare judgements by eye, made before any number was known, with each metric's; draw the pairs."""
    with open(JUDGEMENTS, encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file))
    right = dict.fromkeys(WHOLE, 0)
    rows, sheets, decided = [], [], 0
    for row in asked:
        number, better = int(row["pair"]), int(row["better"])  # 0: alike
        scene, two = (row["a"], row["b"], int(row["size"])), (row["first"], row["second"])
        decided += better > 0
        cells = []
        for key, sign in WHOLE.items():
            first, second = (sign * scores[scene][name][key] for name in two)
            says = 1 if first > second else 2
            right[key] += better > 0 and says == better
            cells.append("" if not better else "✓" if says == better else "✗")
        by_eye = {0: "alike", 1: two[0], 2: two[1]}[better]
        rows.append([number, _named(scene), *two, f"{by_eye}: {row['why']}", *cells])
        sheets.append(_pair(number, drawn[scene], two, better))
    for first in range(0, len(sheets), 12):
        write_png(PICTURES / f"eyes-{first // 12 + 1}.png", _sheet(sheets[first : first + 12]), ABOUT)
    total = ["", "", "", "", f"**agreement, of {decided}**", *(f"**{n}**" for n in right.values())]
    return _table(["pair", "faces", "first", "second", "better by eye", *WHOLE], [*rows, total])


def _pair(number: int, drawn: Mapping[str, Tensor], two: Sequence[str], better: int) -> np.ndarray:
    said = ["alike", "first is better", "second is better"][better]
    rows = [("", "truth", "the true swap", drawn["truth"]), *(("", f"{n}", "", drawn[t]) for n, t in zip((1, 2), two))]
    return picture([[Row(*row[:3], row[3][list(SHOWN)]) for row in rows]], f"pair {number}: {said}")


def _sheet(pictures: Sequence[np.ndarray]) -> np.ndarray:
    height, width = (max(one.shape[axis] for one in pictures) for axis in (0, 1))
    edges = [((0, height - p.shape[0] + 12), (0, width - p.shape[1] + 12), (0, 0)) for p in pictures]
    padded = [np.pad(one, edge, constant_values=255) for one, edge in zip(pictures, edges)]
    padded += [np.full_like(padded[0], 255)] * (-len(padded) % 4)
    whole = np.concatenate([np.concatenate(padded[i : i + 4], axis=1) for i in range(0, len(padded), 4)])
    return _smaller(whole, 0.5)


def _shown(drawn: Mapping[str, Tensor], scores: Scores) -> np.ndarray:
    """Show the worst level of every damage, the nulls, and what was trained, with two numbers each."""
    last = {name.partition("/")[0]: name for name in scores if "/" in name and not name.startswith("nulls/")}
    names = [*last.values(), *(name for name in scores if name.startswith("nulls/") or "/" not in name)]
    rows = [Row("", "input A", "", drawn["input"][:4])]
    for name in names:
        kind, _, label = name.removeprefix("nulls/").removeprefix("nothing/").partition("/" if "/" in name else " ")
        caption, more = (kind, label) if len(f"{kind} {label}") > 18 else (f"{kind} {label}", "")
        numbers = f"score {scores[name]['score']:.2f}, SSIM {scores[name]['ssim']:.2f}"
        rows.append(Row("", f"{caption} {more}" if len(more) < 3 else caption, numbers, drawn[name][:4]))
    half = -(-len(rows) // 2)
    columns = [picture([rows[:half]]), picture([rows[half:]])]
    height = max(len(one) for one in columns)
    whole = [np.pad(c, ((0, height - len(c)), (0, 24), (0, 0)), constant_values=255) for c in columns]
    return _smaller(np.concatenate(whole, 1), 0.75)


def _smaller(shown: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(cv2.resize(shown, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _named(scene: tuple[str, str, int]) -> str:
    return f"{scene[0]} → {scene[1]}, {scene[2]} px"


def _number(value: float | None, key: str) -> str:
    if value is None:
        return ""
    return (
        f"{value:.0f}" if key == "skin_tone" else f"{value:.3f}" if key in ("ssim", "mae", "score") else f"{value:.2f}"
    )


def _table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _write(name: str, text: str) -> None:
    begin, end = f"<!-- {name}: written by scripts/judging/study.py -->", f"<!-- end of {name} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page = PAGE.read_text("utf-8")
    if not marked.search(page):
        raise ValueError(f"{PAGE} has no place for '{name}': add the lines {begin!r} and {end!r}")
    PAGE.write_text(marked.sub(lambda _: f"{begin}\n{text}\n{end}", page), "utf-8")


if __name__ == "__main__":
    main()
