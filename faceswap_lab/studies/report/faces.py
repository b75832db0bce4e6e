"""The same held-out faces across arms: cut from the runs' tiles, row by row.

Everything here is synthetic: rendered faces, and what a model makes of them. Each file says so in its text.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, PngImagePlugin

from faceswap_lab.studies.findings import Faces, Findings

SYNTHETIC = "Synthetic: rendered faces and what a model makes of them; no real person."
_LARGEST = 64  # px: a larger face is made smaller, to keep the page under its 5 MB
_MOST_FACES = 8
_MOST_STEPS = 6
_NOTHING = (128, 128, 128)
_DIRECTIONS = {"AB": ("A", "B"), "BA": ("B", "A")}


@dataclass(frozen=True)
class Picture:
    """A row of faces: its file's name, what it is, a finer point, its alternative text, its pixels and size in px."""

    name: str
    caption: str
    note: str
    alt: str
    pixels: Image.Image


@dataclass(frozen=True)
class Grid:
    """Rows of pictures under a title.

    Attributes:
        title: what the grid shows.
        caption: a sentence or two.
        columns: what stands above each face; empty where the columns are just different faces.
        rows: from top to bottom.
    """

    title: str
    caption: str
    columns: list[str]
    rows: list[Picture]


@dataclass(frozen=True)
class Tiles:
    """One file of tiles: each named row as a picture, ``count`` faces of ``side`` px wide."""

    rows: dict[str, Image.Image]
    side: int
    count: int

    def face(self, row: str, index: int) -> Image.Image:
        """Return one face of a row."""
        return self.rows[row].crop((index * self.side, 0, (index + 1) * self.side, self.side))


def grids(findings: Findings) -> list[Grid]:
    """Return, for both directions, the swaps of all arms beside input and truth, and how they grew over the steps."""
    if findings.faces is None:
        return []
    order = [arm.name for arm in findings.arms if findings.faces.strips.get(arm.name)]
    read = {name: read_tiles(_last(findings.faces, name)) for name in order}
    last = {name: tiles for name, tiles in read.items() if tiles is not None}
    if not last:
        return []
    made = []
    for direction, (source, target) in _DIRECTIONS.items():
        across = _across(findings.faces, last, direction, source, target)
        if across is not None:
            made += [across, *_growth(findings.faces, last, direction, source, target)]
    return made


def read_tiles(path: Path) -> Tiles | None:
    """Return the rows of a file of tiles by name, or None if it is gone or is not what it should be."""
    try:
        with Image.open(path) as image:
            names, side = json.loads(image.info["Rows"]), int(image.info["Tile"])
            picture = image.convert("RGB")
    except (OSError, KeyError, TypeError, ValueError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
        return None
    if side < 1 or not isinstance(names, list) or picture.height != side * len(names) or picture.width < side:
        return None
    count = min(picture.width // side, _MOST_FACES)
    shown = min(side, _LARGEST)
    rows = {}
    for place, name in enumerate(names):
        row = picture.crop((0, place * side, count * side, (place + 1) * side))
        rows[str(name)] = row.resize((count * shown, shown), Image.Resampling.BOX) if shown < side else row
    return Tiles(rows, shown, count)


def png(picture: Image.Image) -> bytes:
    """Return a PNG file that says it is synthetic."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", SYNTHETIC)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=text, optimize=True)
    return file.getvalue()


def webp(picture: Image.Image) -> bytes:
    """Return a lossless WebP file: a quarter smaller than PNG, for the page."""
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, quality=60, method=4)
    return file.getvalue()


def _last(faces: Faces, arm: str) -> Path:
    return faces.strips[arm][max(faces.strips[arm])]


def _across(faces: Faces, last: dict[str, Tiles], direction: str, source: str, target: str) -> Grid | None:
    """Return the input, the truth and every arm's swap of the same faces."""
    first = next(iter(last.values()))
    rows: list[Picture] = []
    for row, caption, note in ((source, f"{source}, the input", ""), (f"{target}_truth", f"{target}, the truth", "")):
        if row in first.rows:
            rows.append(_row(first.rows[row], f"faces-{direction}-{len(rows)}-{row}", caption, note))
    for name, tiles in last.items():
        for row, path in _paths(tiles, direction):
            caption = f"faces-{direction}-{len(rows)}-{_safe(name)}"
            rows.append(_row(tiles.rows[row], caption, name, path))
    steps = sorted({max(faces.strips[name]) for name in last})
    when = f"after {steps[0]:,} steps" if len(steps) == 1 else f"after {steps[0]:,} to {steps[-1]:,} steps"
    caption = (
        f"The same held-out faces of {source} in every row, {when}, seed {faces.seed}. The truth is the twin of "
        f"{target} in the same state. One seed: look at it, but take the verdict from the numbers."
    )
    return Grid(f"Swap {source}→{target} across arms", caption, [], rows) if rows else None


def _growth(faces: Faces, last: dict[str, Tiles], direction: str, source: str, target: str) -> list[Grid]:
    """Return one face's swap over the steps and its truth, a row per arm; nothing where only one step was kept."""
    rows: list[Picture] = []
    columns = _spread(sorted({step for arm in last for step in faces.strips[arm]}), _MOST_STEPS)
    if len(columns) < 2:
        return []
    truth = f"{target}_truth"
    for arm in last:
        kept = {step: read_tiles(faces.strips[arm][step]) for step in columns if step in faces.strips[arm]}
        shown = {step: tiles for step, tiles in kept.items() if tiles is not None and f"swap_{direction}" in tiles.rows}
        if not shown:
            continue
        side = last[arm].side
        strip = Image.new("RGB", (side * (len(columns) + 1), side), _NOTHING)
        for place, step in enumerate(columns):
            if step in shown:
                strip.paste(shown[step].face(f"swap_{direction}", 0), (place * side, 0))
        if truth in last[arm].rows:
            strip.paste(last[arm].face(truth, 0), (len(columns) * side, 0))
        absent = [f"{step:,}" for step in columns if step not in shown]
        note = f"no picture at {', '.join(absent)}" if absent else ""
        rows.append(_row(strip, f"growth-{direction}-{len(rows)}-{_safe(arm)}", arm, note))
    caption = f"The first of these faces, seed {faces.seed}, as training goes on, and its truth. Grey: no picture."
    heads = [*(f"{step:,}" for step in columns), "truth"]
    return [Grid(f"Swap {source}→{target} over the steps", caption, heads, rows)]


def _paths(tiles: Tiles, direction: str) -> list[tuple[str, str]]:
    """Return the rows of swaps with the path's name; two encoders have two paths."""
    own, target = f"swap_{direction}", f"swap_{direction}_target_path"
    if target in tiles.rows:
        return [(own, "through the source's encoder"), (target, "through the target's encoder")]
    return [(own, "")] if own in tiles.rows else []


def _row(pixels: Image.Image, name: str, caption: str, note: str) -> Picture:
    alt = f"Synthetic faces: {caption}{', ' + note if note else ''}"
    return Picture(f"{name}.png", caption, note, alt, pixels)


def _spread(steps: Sequence[int], most: int) -> list[int]:
    """Return at most ``most`` of the steps, the first and the last among them, evenly spread."""
    if len(steps) <= most:
        return list(steps)
    return [steps[round(place * (len(steps) - 1) / (most - 1))] for place in range(most)]


def _safe(name: str) -> str:
    """Return a name for a file: letters, digits, hyphen and underscore of ASCII."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in name)[:60]
