import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceswap_lab.studies.collecting.collect import collect
from faceswap_lab.studies.collecting.pictures import (
    REAL,
    SYNTHETIC,
    extremes,
    grids_of,
    read_grids,
    read_tiles,
    strips,
    write_grids,
)
from faceswap_lab.studies.findings import Grid, Picture
from faceswap_lab.studies.report import write_report
from tests.studies.fake_runs import FOLDERS, FakeArm, analysed, fake_study

ROWS = ["A", "A_recon", "swap_AB", "B_truth", "B", "B_recon", "swap_BA", "A_truth"]


def write_tiles(path: Path, tile: int = 32, faces: int = 6) -> Path:
    """Write a file of tiles as a run does: rows × faces without gaps, named in a text chunk."""
    shape = len(ROWS) * tile, faces * tile, 3
    about = PngInfo()
    about.add_text("Rows", json.dumps(ROWS))
    about.add_text("Tile", str(tile))
    Image.fromarray(np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)).save(path, pnginfo=about)
    return path


@pytest.mark.parametrize(("tile", "shown"), [(32, 32), (64, 64), (128, 64)])
def test_rows_are_cut_where_they_lie(tmp_path: Path, tile: int, shown: int) -> None:
    path = write_tiles(tmp_path / "x-tiles.png", tile, faces=10)
    whole = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    tiles = read_tiles(path)
    assert tiles is not None
    assert list(tiles.rows) == ROWS
    assert tiles.side == shown
    for place, name in enumerate(ROWS):
        row = whole[place * tile : (place + 1) * tile, : 8 * tile]
        smaller = row.reshape(shown, tile // shown, 8 * shown, tile // shown, 3).mean(axis=(1, 3))
        assert np.abs(np.asarray(tiles.rows[name], dtype=float) - smaller).max() <= 1
    third = np.asarray(tiles.face("B", 2))
    assert (third == np.asarray(tiles.rows["B"])[:, 2 * shown : 3 * shown]).all()


@pytest.mark.parametrize(
    ("counts", "widths"), [([6, 2], [6, 2]), ([9, 1], [8, 1]), ([10, 1], None), ([6], None), ([0, 6], None)]
)
def test_a_side_of_fewer_faces_has_shorter_rows(tmp_path: Path, counts: list[int], widths: list[int] | None) -> None:
    about = PngInfo()
    for name, value in (("Rows", ["A", "B"]), ("Tile", 16), ("Counts", counts)):
        about.add_text(name, json.dumps(value))
    Image.new("RGB", (9 * 16, 2 * 16)).save(tmp_path / "x.png", pnginfo=about)
    tiles = read_tiles(tmp_path / "x.png")
    assert (tiles and [row.width // 16 for row in tiles.rows.values()]) == widths


@pytest.mark.parametrize("damage", ["gone", "cut", "no text", "other size", "not a list"])
def test_what_is_no_file_of_tiles_is_left_out(tmp_path: Path, damage: str) -> None:
    path = write_tiles(tmp_path / "x-tiles.png")
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:600])
    elif damage == "no text":
        Image.new("RGB", (64, 64)).save(path)
    else:
        write_tiles(path)
        data = path.read_bytes()
        old, new = (b"Tile\x0032", b"Tile\x0031") if damage == "other size" else (b'["A", "A_re', b'{"A": "A_re')
        assert old in data
        path.write_bytes(data.replace(old, new))
    assert read_tiles(path) is None


def test_an_arm_without_pictures_is_left_out_and_the_rest_shown(tmp_path: Path) -> None:
    arms = {"baseline": FakeArm(), "two": FakeArm(two_paths=True), "other": FakeArm()}
    runs = collect(fake_study(tmp_path, arms, [0]))
    for path in strips(runs[2]).values():
        path.write_bytes(b"no picture")
    (runs[1].folder / "previews" / "step-000000400-tiles.png").unlink()  # type: ignore[operator]
    across, growth, *_ = grids_of(runs, list(arms))
    assert [row.caption for row in across.rows] == ["A, the input", "B, the truth", "baseline", "two", "two"]
    assert [row.note for row in across.rows[3:]] == ["through the source's encoder", "through the target's encoder"]
    assert [row.note for row in growth.rows] == ["", "no picture at 400"]
    assert grids_of([], list(arms)) == []


@pytest.mark.parametrize(("changes", "said"), [({}, SYNTHETIC), ({"data": FOLDERS}, REAL)], ids=["twins", "folders"])
def test_real_is_called_real_wherever_a_face_is_shown(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    plan = fake_study(tmp_path / "runs", {"baseline": FakeArm(changes=changes)}, [0])
    findings = analysed(plan)
    real = said == REAL
    across, growth, *_ = findings.grids
    assert [row.real for row in across.rows] == ([True, False] if real else [False, False, False])
    assert [grid.kinds for grid in (across, growth)] == (
        ["real and synthetic", "synthetic"] if real else ["synthetic"] * 2
    )
    assert growth.columns == (["400", "800"] if real else ["400", "800", "truth"])
    assert growth.rows[0].pixels.width == 16 * len(growth.columns)
    file = tmp_path / "faces.webp"
    again = read_grids(write_grids(findings.grids, file), file)
    assert [[row.real for row in grid.rows] for grid in again] == [[r.real for r in g.rows] for g in findings.grids]
    assert Image.open(file).getexif()[0x010E] == said
    page = write_report(replace(findings, diagnostics=[]), tmp_path / "report")
    for text in (page.read_text(), page.with_suffix(".md").read_text()):
        assert said in text
        if real:
            assert "B, the truth" not in text
            assert not re.search("rendered|no real person|twin of", text)
            assert "About these people only, in real pictures" in text
    inline = [
        base64.b64decode(one) for one in re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", page.read_text())
    ]
    assert {Image.open(io.BytesIO(one)).getexif()[0x010E] for one in inline} == {said}
    assert all(b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in one for one in inline)
    assert f'<meta name="description" content="Faces: {said}">' in page.read_text()


def test_the_pairs_at_both_ends_have_a_face_each(tmp_path: Path) -> None:
    runs = collect(fake_study(tmp_path, {"baseline": FakeArm(), "arm": FakeArm()}, range(3)))
    grid = extremes(runs, "baseline", {"arm": [(2, "pair 2"), (0, "pair 0")]})
    assert grid is not None
    assert [(row.caption, row.note) for row in grid.rows] == [("arm", "pair 2"), ("arm", "pair 0")]
    theirs, own = (read_tiles(strips(runs[place])[800]) for place in (2, 5))
    assert theirs is not None
    assert own is not None
    faces = [np.asarray(grid.rows[0].pixels)[:, 16 * place : 16 * (place + 1)] for place in range(4)]
    truth = [theirs.face("A", 0), theirs.face("B_truth", 0), theirs.face("swap_AB", 0), own.face("swap_AB", 0)]
    assert all(np.array_equal(face, np.asarray(wanted)) for face, wanted in zip(faces, truth))


def test_grids_come_back_as_they_were_but_for_a_little_compression(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    smooth = np.broadcast_to(ramp[None, :, None], (16, 64, 3)).copy()
    rows = [Picture("one | <b>", "fine", Image.fromarray(smooth)), Picture("two", "", Image.fromarray(smooth[:, :32]))]
    grids = [Grid("First", "It is.", ["4", "8"], rows), Grid("Second", "It is too.", [], rows[:1])]
    back = read_grids(write_grids(grids, tmp_path / "faces.webp"), tmp_path / "faces.webp")
    assert [(grid.title, grid.caption, grid.columns) for grid in back] == [
        (grid.title, grid.caption, grid.columns) for grid in grids
    ]
    for grid, was in zip(back, grids):
        for row, old in zip(grid.rows, was.rows, strict=True):
            assert (row.caption, row.note, row.pixels.size) == (old.caption, old.note, old.pixels.size)
            assert np.abs(np.asarray(row.pixels, float) - np.asarray(old.pixels, float)).mean() < 4
    with Image.open(tmp_path / "faces.webp") as image:
        assert image.getexif()[0x010E].startswith("Synthetic")
    assert write_grids([], tmp_path / "faces.webp") == []
    assert not (tmp_path / "faces.webp").exists()
