import cv2
import numpy as np
import pytest
import torch

from faceswap_lab.evaluation import preview
from faceswap_lab.evaluation.held_out import held_out_from
from tests.evaluation.pictures import Oracle, drawn_data, random_held_out

CELL, LEFT, HAIR = 112, 148, 2


@pytest.fixture(scope="module")
def held_out():
    return held_out_from(drawn_data(n=1, held_out=12), 28, 1.0)


def cells(picture, top, rows, count):
    """The faces of a block of rows, shrunk back to 28 px."""
    pitch = CELL + HAIR
    return [
        [
            cv2.resize(
                picture[top + y * pitch :][:CELL, LEFT + x * pitch :][:, :CELL], (28, 28), interpolation=cv2.INTER_AREA
            )
            for x in range(count)
        ]
        for y in range(rows)
    ]


PATHS = ("own", "target")


def drawn(model, held_out, indices, title=""):
    return preview.picture(preview.preview_rows(model, held_out, indices), title)


class Copying(Oracle):
    def swap(self, x, source, target, path=None):
        return x


class Dimming(Oracle):
    def reconstruct(self, side, x):
        return x / 2


def test_every_face_stands_in_its_place(held_out):
    indices = [7, 2, 5]
    picture = drawn(Dimming(held_out), held_out, indices)
    assert picture.dtype == np.uint8
    block = 4 * (CELL + HAIR)
    assert picture.shape == (2 * block + 12, LEFT + 3 * (CELL + HAIR), 3)
    for top, order in ((0, "AABB"), (block + 12, "BBAA")):  # input, reconstructed, swapped, truth
        for y, (side, row) in enumerate(zip(order, cells(picture, top, 4, 3), strict=True)):
            for index, cell in zip(indices, row, strict=True):
                expected = held_out.images[side][index].permute(1, 2, 0).numpy() * (255 if y != 1 else 127.5)
                assert np.abs(cell - expected).mean() < 3


def test_two_paths_add_a_row_each_and_unpaired_faces_have_no_truth(held_out):
    pitch = CELL + HAIR
    two = drawn(Oracle(held_out, PATHS), held_out, [0, 1])
    assert len(two) == 10 * pitch + 12
    unpaired = random_held_out(paired=False)
    unpaired.images["B"], unpaired.masks["B"] = unpaired.images["B"][:2], unpaired.masks["B"][:2]  # fewer than of A
    picture = drawn(Copying(unpaired), unpaired, [0, 1, 2])
    assert picture.shape == (6 * pitch + 12, LEFT + 3 * pitch, 3), "all of A's, though B has but two"
    missing = picture[:, LEFT + 2 * pitch :]
    assert (missing[3 * pitch + 12 :] == 255).all()
    assert (missing[: 3 * pitch, :CELL] < 255).mean() > 0.9
    tiles, names = preview.tiles(preview.preview_rows(Copying(unpaired), unpaired, [0, 1, 2]))
    assert tiles.shape[1] == 3 * tiles.shape[0] // len(names)


def test_captions_name_the_row_and_its_error(held_out):
    rows = preview._rows(Oracle(held_out, PATHS), held_out, "A", ["B"], [0, 3])
    assert [(row.caption, row.note) for row in rows[:3]] == [
        ("A", "input"),
        ("A reconstructed", "SSIM 1.00"),
        ("swap A → B", "encoder A, SSIM 1.00"),
    ]
    assert rows[3].note.startswith("encoder B, SSIM 0.")
    assert (rows[4].caption, rows[4].note) == ("B", "the truth for A → B")


def test_title_and_captions_leave_ink_and_a_long_title_does_not_wrap(held_out):
    bare = drawn(Oracle(held_out), held_out, [0])
    titled = drawn(Oracle(held_out), held_out, [0], title="a run " * 60)
    height = len(titled) - len(bare)
    np.testing.assert_array_equal(titled[height:], bare)
    ink = (titled[:height] < 128).any((1, 2)).nonzero()[0]
    assert 5 < ink.min() < ink.max() < height - 5
    assert ink.max() - ink.min() < 20  # one line
    captions = (bare[:CELL, :LEFT] < 128).any(2)
    assert captions.sum() > 30
    assert not captions[:, -10:].any()


def test_large_faces_stay_as_they_are_and_nan_is_black():
    faces = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    faces[1] = torch.nan
    strip = preview.picture([[preview.Row("A", "A", "", faces)]])
    expected = faces[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(strip[:128, LEFT : LEFT + 128], expected)
    assert not strip[:128, LEFT + 130 : LEFT + 258].any()


def test_tiles_are_the_faces_themselves_under_their_rows_names(held_out):
    indices = [7, 2]
    picture, names = preview.tiles(preview.preview_rows(Dimming(held_out, PATHS), held_out, indices))
    way = {"A": ["A", "A_recon", "swap_AB", "swap_AB_target_path", "B_truth"]}
    way["B"] = ["B", "B_recon", "swap_BA", "swap_BA_target_path", "A_truth"]
    assert names == way["A"] + way["B"]
    assert picture.shape == (10 * 28, 2 * 28, 3)
    for y, name in enumerate(names):
        shown = name[6] if name.startswith("swap") else name[0]  # the oracle swaps perfectly
        for x, index in enumerate(indices):
            expected = held_out.images[shown][index].permute(1, 2, 0).numpy() * (127.5 if "recon" in name else 255)
            expected = expected if "path" not in name else 127.5  # the oracle has no such path
            tile = picture[y * 28 :][:28, x * 28 :][:, :28]
            assert np.abs(tile - expected).max() <= 0.5 + 1e-3


def test_of_many_people_the_first_are_shown_each_as_each_other():
    people = {side: (0.9 - 0.1 * i, 0.6, 0.5) for i, side in enumerate("ABCDE")}
    held_out = held_out_from(drawn_data(n=1, held_out=6, skins=people), 28, 1.0)
    groups = preview.preview_rows(Oracle(held_out, ("through_inter", "other")), held_out, [0, 2])
    assert [group[0].name for group in groups] == list("ABCD")
    swaps = [[name for name in (row.name for row in group) if name.startswith("swap")] for group in groups]
    assert swaps[1] == [f"swap_B{target}{path}" for target in "ACD" for path in ("", "_other_path")]
    for group in groups:
        for above, below in zip(group[2::3], group[4::3]):  # the primary path's swap, and the truth two rows below
            assert above.note.startswith("through_inter, SSIM 1.00")
            assert (above.faces - below.faces).abs().max() < 1e-6
