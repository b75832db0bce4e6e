"""The same held-out faces across arms: cut from the runs' tiles, row by row, and kept as one small file.

Rendered faces, and all that a model makes, are synthetic; the inputs of runs on folders are real. The file says so.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceswap_lab.runs.atomic import write_bytes
from faceswap_lab.runs.source_type import xmp
from faceswap_lab.studies.collecting.collect import of_arm
from faceswap_lab.studies.findings import Grid, Picture
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.scope import of_real_people

if TYPE_CHECKING:
    from PIL import Image

SYNTHETIC = "Synthetic: rendered faces and what a model makes of them; no real person."
REAL = (
    "Real and synthetic: the inputs are real pictures, from the folders that were given; every swap was made by a "
    "model of real people, and shows what never was."
)
AT_BOTH_ENDS = "Pairs at both ends"
_STEP = re.compile(r"step-([0-9]+)-tiles\.png")
_FINAL = "final-tiles.png"
_LARGEST = 64  # px: a larger face is made smaller
_MOST_FACES = 8
_MOST_STEPS = 6
_NOTHING = (128, 128, 128)
_QUALITY = 88  # of the kept file: a tenth of the lossless size, and no difference to the eye
_DESCRIPTION = 0x010E  # Exif's ImageDescription

Strips = dict[int, Path]  # training step → file of tiles


@dataclass(frozen=True)
class Tiles:
    """One file of tiles: each named row as a picture of faces of ``side`` px."""

    rows: dict[str, "Image.Image"]
    side: int

    def face(self, row: str, index: int = 0) -> "Image.Image | None":
        """Return one face of a row; None where there is no such row."""
        box = (index * self.side, 0, (index + 1) * self.side, self.side)
        return self.rows[row].crop(box) if row in self.rows else None


def grids_of(runs: list[Run], arms: Sequence[str]) -> list[Grid]:
    """Return, for both directions, the swaps of all arms beside input and truth, and how they grew over the steps.

    They are of the lowest seed that has tiles in the most arms, in all of them if there is such a seed.
    """
    found: dict[int, dict[str, Strips]] = {}
    real = False
    for arm in arms:
        for pair, run in of_arm(runs, arm).items():
            if own := strips(run):
                found.setdefault(pair, {})[arm] = own
                real |= of_real_people(run.config)
    if not found:
        return []
    seed = min(found, key=lambda pair: (-len(found[pair]), pair))
    files = found[seed]
    last = {arm: tiles for arm, own in files.items() if (tiles := read_tiles(own[max(own)]))}
    ends = sorted({max(files[arm]) for arm in last})
    steps = _spread(sorted({step for arm in last for step in files[arm]}), _MOST_STEPS)
    on_the_way = {
        arm: {step: tiles for step in steps if step in files[arm] and (tiles := read_tiles(files[arm][step]))}
        for arm in last
    }
    made: list[Grid] = []
    for source, target in ("AB", "BA") if last else ():
        across = _across(last, ends, seed, source, target, real)
        if across.rows:
            made.append(across)
            made += [_growth(on_the_way, last, steps, seed, source, target)] if len(steps) > 1 else []
    return made


def extremes(runs: list[Run], baseline: str, chosen: Mapping[str, Sequence[tuple[int, str]]]) -> Grid | None:
    """Return one held-out face of the pairs of people at both ends: input, truth, the baseline's swap and the arm's.

    Args:
        runs: of the whole study.
        baseline: the baseline's name.
        chosen: arm → (pair, what to say of it).
    """
    rows = []
    for arm, pairs in chosen.items():
        for pair, says in pairs:
            files = [strips(of_arm(runs, name)[pair]) for name in (baseline, arm)]
            first, second = (read_tiles(own[max(own)]) if own else None for own in files)
            if first is None or second is None or first.side != second.side:
                continue
            faces = [*(first.face(row) for row in ("A", "B_truth", "swap_AB")), second.face("swap_AB")]
            if None not in faces:
                rows.append(Picture(arm, says, _side_by_side(faces, first.side)))
    if not rows:
        return None
    caption = "For each arm the pair of people that it served worst and best beside the baseline: one held-out face."
    return Grid(AT_BOTH_ENDS, caption, ["A", "B, the truth", baseline, "the arm"], rows)


def strips(run: Run) -> Strips:
    """Return a finished run's tiles by training step, ascending; the final ones stand at its last step."""
    if not run.finished or run.folder is None:
        return {}
    files = sorted((run.folder / "previews").glob("*-tiles.png"))
    by_step = {int(match[1]): path for path in files if (match := _STEP.fullmatch(path.name))}
    final = [path for path in files if path.name == _FINAL]
    if final:
        by_step[run.steps] = final[0]
    return dict(sorted(by_step.items()))


def read_tiles(path: Path) -> Tiles | None:
    """Return the rows of a file of tiles by name, or None if it is gone or is not what it should be."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            names, side = json.loads(image.info["Rows"]), int(image.info["Tile"])
            counts = json.loads(image.info.get("Counts", "null"))  # of each row; earlier files have equally many in all
            picture = image.convert("RGB")
    except (OSError, KeyError, TypeError, ValueError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
        return None
    if side < 1 or not isinstance(names, list) or picture.height != side * len(names) or picture.width < side:
        return None
    counts = counts or [picture.width // side] * len(names)
    if len(counts) != len(names) or not all(0 < count <= picture.width // side for count in counts):
        return None
    shown = min(side, _LARGEST)
    rows = {}
    for place, name in enumerate(names):
        count = min(counts[place], _MOST_FACES)
        row = picture.crop((0, place * side, count * side, (place + 1) * side))
        rows[str(name)] = row.resize((count * shown, shown), Image.Resampling.BOX) if shown < side else row
    return Tiles(rows, shown)


def write_grids(grids: Sequence[Grid], path: Path) -> list[dict[str, Any]]:
    """Write all rows below one another into one file; return in plain JSON what is needed to read them again."""
    from PIL import Image

    pictures = [row.pixels for grid in grids for row in grid.rows]
    if not pictures:
        path.unlink(missing_ok=True)
        return []
    sheet = Image.new("RGB", (max(one.width for one in pictures), sum(one.height for one in pictures)), _NOTHING)
    content, top = [], 0
    for grid in grids:
        rows = []
        for row in grid.rows:
            sheet.paste(row.pixels, (0, top))
            box = [0, top, row.pixels.width, top + row.pixels.height]
            rows.append({"caption": row.caption, "note": row.note, "box": box} | ({"real": True} if row.real else {}))
            top += row.pixels.height
        content.append({"title": grid.title, "caption": grid.caption, "columns": grid.columns, "rows": rows})
    write_bytes(path, webp(sheet, origin_of(grids)))
    return content


def read_grids(content: Sequence[Mapping[str, Any]], path: Path) -> list[Grid]:
    """Return the grids that ``write_grids`` wrote; none where the file is gone."""
    from PIL import Image

    if not content or not path.is_file():
        return []
    with Image.open(path) as image:
        sheet = image.convert("RGB")
    return [
        Grid(
            grid["title"],
            grid["caption"],
            list(grid["columns"]),
            [
                Picture(row["caption"], row["note"], sheet.crop(tuple(row["box"])), row.get("real", False))
                for row in grid["rows"]
            ],
        )
        for grid in content
    ]


def origin_of(grids: Sequence[Grid]) -> str:
    """Say where the faces of these pictures come from."""
    return REAL if any(row.real for grid in grids for row in grid.rows) else SYNTHETIC


def webp(picture: "Image.Image", origin: str) -> bytes:
    """Return a WebP file that says where its faces come from, in the words of ``origin_of``."""
    from PIL import Image

    about = Image.Exif()
    about[_DESCRIPTION] = origin
    file = io.BytesIO()
    label = xmp("compositeWithTrainedAlgorithmicMedia").encode()
    picture.save(file, "WEBP", quality=_QUALITY, method=6, exif=about, xmp=label)
    return file.getvalue()


def _across(last: Mapping[str, Tiles], ends: Sequence[int], seed: int, source: str, target: str, real: bool) -> Grid:
    """Return the input, the truth where there is one, and every arm's swap of the same faces."""
    first, truth = next(iter(last.values())), f"{target}_truth"
    given = {source: f"{source}, the input", truth: f"{target}, the truth"}
    rows = [
        Picture(says, "real" if real else "", first.rows[row], real) for row, says in given.items() if row in first.rows
    ]
    for arm, tiles in last.items():
        rows += [Picture(arm, path, tiles.rows[row]) for row, path in _paths(tiles, f"swap_{source}{target}")]
    known = f"The truth is the twin of {target} in the same state."
    if truth not in first.rows:
        known = "What the true swaps would look like, nobody knows."
    when = f"{ends[0]:,}" + (f" to {ends[-1]:,}" if ends[1:] else "")
    caption = (
        f"The same held-out faces of {source} in every row, after {when} steps, seed {seed}. {known} One seed: look at "
        "it, but take the verdict from the numbers."
    )
    return Grid(f"Swap {source}→{target} across arms", caption, [], rows)


def _growth(
    on_the_way: Mapping[str, Mapping[int, Tiles]],
    last: Mapping[str, Tiles],
    steps: Sequence[int],
    seed: int,
    source: str,
    target: str,
) -> Grid:
    """Return one face's swap over the steps, and its truth where there is one."""
    swap, truth = f"swap_{source}{target}", f"{target}_truth"
    known = any(truth in tiles.rows for tiles in last.values())
    rows: list[Picture] = []
    for arm, by_step in on_the_way.items():
        shown = {step: face for step, tiles in by_step.items() if (face := tiles.face(swap))}
        if shown:
            faces = [*(shown.get(step) for step in steps), *([last[arm].face(truth)] if known else [])]
            absent = ", ".join(f"{step:,}" for step in steps if step not in shown)
            note = f"no picture at {absent}" if absent else ""
            rows.append(Picture(arm, note, _side_by_side(faces, last[arm].side)))
    its_truth = ", and its truth" if known else ""
    caption = f"The first of these faces, seed {seed}, as training goes on{its_truth}. Grey: no picture."
    heads = [*(f"{step:,}" for step in steps), *(["truth"] if known else [])]
    return Grid(f"Swap {source}→{target} over the steps", caption, heads, rows)


def _side_by_side(faces: "Sequence[Image.Image | None]", side: int) -> "Image.Image":
    from PIL import Image

    strip = Image.new("RGB", (side * len(faces), side), _NOTHING)
    for place, face in enumerate(faces):
        if face is not None:
            strip.paste(face, (place * side, 0))
    return strip


def _paths(tiles: Tiles, swap: str) -> list[tuple[str, str]]:
    """Return the rows of swaps with the path's name; two encoders have two paths."""
    target = f"{swap}_target_path"
    if target in tiles.rows:
        return [(swap, "through the source's encoder"), (target, "through the target's encoder")]
    return [(swap, "")] if swap in tiles.rows else []


def _spread(steps: Sequence[int], most: int) -> list[int]:
    """Return at most ``most`` of the steps, the first and the last among them, evenly spread."""
    if len(steps) <= most:
        return list(steps)
    return [steps[round(place * (len(steps) - 1) / (most - 1))] for place in range(most)]
