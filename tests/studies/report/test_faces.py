import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceswap_lab.studies.findings import Faces
from faceswap_lab.studies.report import faces
from tests.studies.report.example import ROWS, example, write_tiles

TWO_PATHS = [*ROWS[:3], "swap_AB_target_path", *ROWS[3:]]


@pytest.mark.parametrize(("tile", "shown"), [(32, 32), (64, 64), (128, 64)])
def test_rows_are_cut_where_they_lie(tmp_path: Path, tile: int, shown: int) -> None:
    path = write_tiles(tmp_path / "x-tiles.png", np.random.default_rng(3), tile=tile, faces=10)
    whole = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    tiles = faces.read_tiles(path)
    assert tiles is not None
    assert list(tiles.rows) == ROWS
    assert (tiles.side, tiles.count) == (shown, 8)
    for place, name in enumerate(ROWS):
        row = whole[place * tile : (place + 1) * tile, : 8 * tile]
        smaller = row.reshape(shown, tile // shown, 8 * shown, tile // shown, 3).mean(axis=(1, 3))
        assert np.abs(np.asarray(tiles.rows[name], dtype=float) - smaller).max() <= 1
    third = np.asarray(tiles.face("B", 2))
    assert (third == np.asarray(tiles.rows["B"])[:, 2 * shown : 3 * shown]).all()


@pytest.mark.parametrize("damage", ["gone", "cut", "no text", "other size", "not a list"])
def test_what_is_no_file_of_tiles_is_left_out(tmp_path: Path, damage: str) -> None:
    path = write_tiles(tmp_path / "x-tiles.png", np.random.default_rng(3))
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:600])
    elif damage == "no text":
        Image.new("RGB", (64, 64)).save(path)
    else:
        write_tiles(path, np.random.default_rng(3))
        data = path.read_bytes()
        old, new = (b"Tile\x0032", b"Tile\x0031") if damage == "other size" else (b'["A", "A_re', b'{"A": "A_re')
        assert old in data
        path.write_bytes(data.replace(old, new))
    assert faces.read_tiles(path) is None


def test_grids_show_input_truth_and_every_arm(tmp_path: Path) -> None:
    findings = example(tmp_path, arms=3, seeds=3)
    across, growth, *_ = faces.grids(findings)
    assert [row.caption for row in across.rows] == [
        "A, the input", "B, the truth", "baseline", "two_encoders", "two_encoders", "b_then_a",
    ]  # fmt: skip
    assert growth.columns == ["200", "400", "600", "800", "truth"]
    last = faces.read_tiles(findings.faces.strips["b_then_a"][800])  # type: ignore[union-attr]
    assert last is not None
    assert np.array_equal(np.asarray(across.rows[-1].pixels), np.asarray(last.rows["swap_AB"]))
    strip = np.asarray(growth.rows[-1].pixels)
    assert np.array_equal(strip[:, 3 * 32 : 4 * 32], np.asarray(last.face("swap_AB", 0)))
    assert np.array_equal(strip[:, 4 * 32 :], np.asarray(last.face("B_truth", 0)))
    assert all(row.alt.startswith("Synthetic") for grid in faces.grids(findings) for row in grid.rows)


def test_an_arm_without_pictures_is_left_out_and_the_rest_shown(tmp_path: Path) -> None:
    findings = example(tmp_path, arms=3, seeds=3)
    assert findings.faces is not None
    for path in findings.faces.strips["two_encoders"].values():
        path.unlink()
    findings.faces.strips["b_then_a"][400].unlink()
    across, growth, *_ = faces.grids(findings)
    assert "two_encoders" not in [row.caption for row in across.rows]
    assert [row.note for row in growth.rows] == ["", "no picture at 400"]
    assert faces.grids(replace(findings, faces=Faces(0, {}))) == []
    assert faces.grids(replace(findings, faces=None)) == []


def test_names_of_files_are_harmless(tmp_path: Path) -> None:
    findings = example(tmp_path, arms=2, seeds=2)
    assert findings.faces is not None
    odd = "../<b>é|x"
    strips = {odd if name == "two_encoders" else name: strip for name, strip in findings.faces.strips.items()}
    arms = [findings.arms[0], replace(findings.arms[1], name=odd)]
    rows = [row for grid in faces.grids(replace(findings, arms=arms, faces=Faces(0, strips))) for row in grid.rows]
    assert any(row.caption == odd for row in rows)
    assert all(
        set(row.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") for row in rows
    )
    assert len({row.name for row in rows}) == len(rows)
    assert not any(".." in row.name for row in rows)


def test_pictures_are_lossless_and_say_what_they_are(tmp_path: Path) -> None:
    tiles = faces.read_tiles(write_tiles(tmp_path / "x-tiles.png", np.random.default_rng(3)))
    assert tiles is not None
    for encoded in (faces.png(tiles.rows["A"]), faces.webp(tiles.rows["A"])):
        with Image.open(io.BytesIO(encoded)) as image:
            assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(tiles.rows["A"]))
    with Image.open(io.BytesIO(faces.png(tiles.rows["A"]))) as image:
        assert image.info["Description"].startswith("Synthetic")
