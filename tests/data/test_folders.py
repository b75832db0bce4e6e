"""A person's own folders of pictures: what is used, what is left out and said, how it is split."""

import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from faceswap_lab.data import folders
from faceswap_lab.data.cache import CacheError
from faceswap_lab.data.faces import SIDES
from faceswap_lab.data.folders import load_folders
from tests.data.recipes import write_faces
from tests.data.test_leak_free import film


def contents(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def of_files(folder: Path) -> set[bytes]:
    return {np.asarray(Image.open(path)).tobytes() for path in folder.rglob("*.png")}


def test_every_face_is_there_once_either_to_train_or_held_out(load, tmp_path):
    data = load()
    for side, folder, count in (("A", "a", 10), ("B", "b", 6)):
        train, held_out = contents(data.train[side].images), contents(data.held_out[side].images)
        assert len(held_out) == len(data.held_out[side]) == 2
        assert len(train) == len(data.train[side]) == count - 2
        assert train | held_out == of_files(tmp_path / folder)
        assert not train & held_out
        for faces in (data.train[side], data.held_out[side]):
            assert isinstance(faces.images, np.memmap)
            assert (faces.masks == 255).all()
            assert faces.masks.shape == faces.images.shape[:3]
            assert faces.states is None
    assert not data.paired


def test_the_split_does_not_depend_on_names_order_place_or_cache(load, tmp_path):
    data = load()
    moved = tmp_path / "elsewhere"
    for index, path in enumerate(sorted((tmp_path / "a").iterdir(), reverse=True)):
        target = moved / f"sub{index % 3}" / f"{index}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    again = load(a=moved, cache_dir=tmp_path / "cache2")
    for which in ("train", "held_out"):
        np.testing.assert_array_equal(getattr(again, which)["A"].images, getattr(data, which)["A"].images)
    assert again.fingerprint == data.fingerprint


def test_another_person_with_the_same_names_sizes_and_times_is_another(load, tmp_path):
    """As out of archives that set all times alike."""
    for name, seed in (("anna", 3), ("carl", 4)):
        for path in write_faces(tmp_path / name, 9, seed):
            Image.open(path).save(path.with_suffix(".bmp"))
            path.unlink()
            os.utime(path.with_suffix(".bmp"), (315532800, 315532800))
    anna, carl = (load(a=tmp_path / name) for name in ("anna", "carl"))
    assert contents(anna.train["A"].pixels).isdisjoint(contents(carl.train["A"].pixels))
    assert anna.fingerprint != carl.fingerprint
    assert load(a=tmp_path / "carl", b=tmp_path / "anna").fingerprint != carl.fingerprint
    made = len(list((tmp_path / "cache" / "rgba").glob("*/manifest.json")))
    (tmp_path / "carl").rename(tmp_path / "karl")
    assert load(a=tmp_path / "karl").fingerprint == carl.fingerprint
    shutil.copytree(tmp_path / "anna", tmp_path / "anne")
    assert load(a=tmp_path / "anne").fingerprint == anna.fingerprint
    assert len(list((tmp_path / "cache" / "rgba").glob("*/manifest.json"))) <= made + 1, "a copy is not decoded again"


def test_the_fingerprint_tells_data_apart(load, tmp_path):
    fingerprints = [load().fingerprint, load(held_out=3).fingerprint, load(size=20).fingerprint]
    fingerprints.append(load(a=tmp_path / "b", b=tmp_path / "a").fingerprint)
    write_faces(tmp_path / "a" / "more", 1, seed=3)
    fingerprints.append(load().fingerprint)
    assert len(set(fingerprints)) == len(fingerprints)


def test_whoever_is_judged_on_fewer_than_are_held_out_has_other_data(load, monkeypatch):
    """Earlier versions judged all of them, under the fingerprint of those that still are."""
    all_judged = load(held_out=3).fingerprint
    monkeypatch.setattr(folders, "MOST_JUDGED", 3)
    assert load(held_out=3).fingerprint == all_judged
    monkeypatch.setattr(folders, "MOST_JUDGED", 2)
    assert load(held_out=3).fingerprint != all_judged


@pytest.mark.parametrize(("held_out", "expected"), [(0.2, (2, 1)), (0.01, (1, 1)), (0.5, (5, 3)), (5, (5, 5))])
def test_how_many_are_held_out(load, held_out, expected):
    data = load(held_out=held_out)
    assert tuple(len(data.held_out[side]) for side in SIDES) == expected


def test_something_must_be_left_to_train_on(load):
    with pytest.raises(ValueError, match=r"side B.*6 usable pictures and 6 are held out"):
        load(held_out=6)
    with pytest.raises(ValueError, match="leaves none to train on"):
        load(held_out=0.95)


def test_a_second_look_decodes_nothing(load, tmp_path, monkeypatch):
    load()
    load(rule="pictures")
    monkeypatch.setattr("faceswap_lab.data.folder_reading.decode_square", lambda *_, **__: pytest.fail("decoded again"))
    load()
    load(a=tmp_path / "b", b=tmp_path / "a")
    load(rule="pictures", held_out=0.5)  # another split, the same faces


def test_a_changed_folder_is_read_again(load, tmp_path):
    before = load()
    changed = tmp_path / "a" / "003.png"
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(changed)
    os.utime(changed, ns=(1, 1))
    after = load()
    assert after.fingerprint != before.fingerprint
    assert bytes(40 * 40 * 3) in contents(after.train["A"].images) | contents(after.held_out["A"].images)


def test_what_cannot_be_used_is_listed_and_skipped(load, tmp_path, caplog):
    folder = tmp_path / "a"
    good = (folder / "000.png").read_bytes()
    (folder / "zero.jpg").write_bytes(b"")
    (folder / "text.png").write_text("hello")
    (folder / "cut.png").write_bytes(good[: len(good) // 2])
    Image.new("RGB", (19, 300)).save(folder / "small.png")
    Image.new("RGB", (20, 20)).save(folder / "just_large_enough.png")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    with (folder / "sparse.png").open("wb") as file:
        file.truncate(1 << 30)
    os.mkfifo(folder / "pipe.png")  # to open it would wait for ever
    (folder / "same.png").write_bytes(good)
    data = load()
    assert len(data.train["A"]) + len(data.held_out["A"]) == 11
    assert "side A" in caplog.text
    assert "skipped 5 of 17 files" in caplog.text
    for listed in (
        "zero.jpg: empty",
        "text.png: no JPEG, PNG",
        "cut.png: broken",
        "small.png: too small: 19×300",
        "sparse.png: too large: 1,024 MiB",
    ):
        assert listed in caplog.text
    assert "left out 1 exact duplicate\n" in caplog.text
    said = caplog.text
    caplog.clear()
    load()
    assert caplog.text == said  # from the cache too


def test_a_long_list_is_cut_and_kept_in_full(load, tmp_path, caplog):
    for index in range(30):
        (tmp_path / "a" / f"bad{index}.jpg").write_bytes(bytes([index]))
    load()
    assert "skipped 30 of 40 files" in caplog.text
    assert "and 25 more" in caplog.text
    manifest = Path(caplog.text.split("listed in '")[1].split("'")[0])
    assert len(json.loads(manifest.read_text())["notes"]["skipped"]) == 30


def test_a_file_that_may_not_be_read_is_skipped(load, tmp_path, caplog, monkeypatch):
    # Permissions do not stop root, who runs tests in containers.
    opened = Path.open

    def guarded(path, *args, **options):
        if path.name == "004.png":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", guarded)
    assert len(load().train["A"]) == 7
    assert "004.png: unreadable: Permission denied" in caplog.text


def test_names_that_are_no_text_do_no_harm(load, tmp_path, caplog):
    name = os.fsencode(tmp_path / "a") + b"/bad\xff\xfe.png"
    with open(name, "wb") as file:
        file.write(b"no picture")
    load()
    assert r"bad\udcff\udcfe.png: no JPEG" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": "missing"}, r"side A, '.*missing', does not exist; data\.a names a folder .*jpg, jpeg, .*webp, bmp"),
        ({"b": "file.png"}, r"side B, '.*file\.png', is a file; data\.b names a folder"),
        ({"b": "empty"}, r"side B, '.*empty', holds no pictures; data\.b names a folder"),
        ({"a": "bad"}, r"side A, '.*bad', holds 1 files but no usable picture \(x\.jpg: empty: zero bytes\)"),
        ({"b": "a"}, "A and B are the same folder"),
        ({"b": "link"}, "A and B are the same folder"),
        ({"b": "a/inner"}, r"'.*inner' lies inside '.*a'"),
        ({"b": "copy"}, "all 10 pictures of side A are on side B too"),
    ],
)
def test_folders_that_mean_nothing_are_refused(load, tmp_path, changes, message):
    (tmp_path / "file.png").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.jpg").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "inner").mkdir()
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    with pytest.raises(ValueError, match=message):
        load(**{name: tmp_path / value if isinstance(value, str) else value for name, value in changes.items()})


def test_nothing_that_failed_stays_in_the_cache(load, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="no usable picture"):
        load(a=tmp_path / "bad")
    assert [path for path in (tmp_path / "cache" / "rgba").iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(load, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheError, match=r"file.*cache_dir="):
        load(cache_dir=tmp_path / "file")


def test_pictures_of_any_size_become_squares_of_one(load, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    Image.new("RGB", (300, 21), (1, 2, 3)).save(tmp_path / "a" / "wide.png")
    Image.new("L", (50, 500), 9).save(tmp_path / "a" / "tall.bmp")
    data = load()
    assert data.train["A"].images.shape == (10, 40, 40, 3)
    assert {tuple(image[20, 20]) for which in (data.train, data.held_out) for image in which["A"].images} >= {
        (1, 2, 3), (9, 9, 9),
    }  # fmt: skip
    assert "1 of 12 pictures are not square" not in caplog.text
    assert "2 of 12 pictures are not square and lost their ends" in caplog.text


def test_what_earlier_versions_split_keeps_its_fingerprint(tmp_path):
    """As computed by the version before ``rule``, on the same files (BMP: their bytes depend on no library)."""
    for side, count, seed in (("a", 10, 1), ("b", 6, 2)):
        (tmp_path / side).mkdir()
        rng = np.random.default_rng(seed)
        for index in range(count):
            pixels = rng.integers(0, 256, (40, 40, 3), np.uint8).tobytes()
            sizes = (54 + len(pixels), 0, 54, 40, 40, 40)
            header = b"BM" + b"".join(size.to_bytes(4, "little") for size in sizes) + b"\1\0\x18\0" + bytes(24)
            (tmp_path / side / f"{index}.bmp").write_bytes(header + pixels)
    both = {"folders": [tmp_path / "a", tmp_path / "b"], "held_out": 0.2, "size": 40, "cache_dir": tmp_path / "c"}
    assert load_folders(**both, rule="pictures", progress=False).fingerprint == "fb6cf7f01f446d77bed259dd860a985b"
    assert load_folders(**both, progress=False).fingerprint != "fb6cf7f01f446d77bed259dd860a985b"


def write_film(folder: Path, count: int, seed: int) -> None:
    folder.mkdir()
    for index, frame in enumerate(film(count, seed)):
        Image.fromarray(frame).save(folder / f"take_{index}.png")


def test_a_films_held_out_frames_are_listed_in_blocks(load, tmp_path):
    write_film(tmp_path / "film", 200, 5)
    data = load(a=tmp_path / "film", held_out=0.12)
    assert len(data.held_out["A"]) == len(data.groups["A"]) == 24
    assert len(set(data.groups["A"].tolist())) == 3
    (line,) = (remark for remark in data.remarks if "side A" in remark and "held out" in remark)
    assert "24 held out in 3 blocks of time" in line
    listed = [row.split("\t") for row in Path(line.split("listed in ")[1]).read_text().splitlines()[1:]]
    assert len(listed) == 200
    assert sum(use == "held out" for use, _, _ in listed) == 24
    blocks = {block: sorted(int(name[5:-4]) for _, b, name in listed if b == block) for _, block, _ in listed if block}
    assert [np.ptp(frames) for frames in blocks.values()] == [7, 7, 7]


def test_masks_are_masks_and_no_faces(load, tmp_path, caplog):
    half = np.zeros((40, 40), np.uint8)
    half[:, :20] = 255
    for place in ("a/masks", "a_masks"):
        (tmp_path / place).mkdir()
    Image.fromarray(half).save(tmp_path / "a" / "masks" / "003.png")
    Image.fromarray(half).save(tmp_path / "a" / "loose_mask.png")
    data = load()
    both = [*data.train["A"].pixels, *data.held_out["A"].pixels]
    assert len(both) == 10
    wanted = np.asarray(Image.open(tmp_path / "a" / "003.png"))
    for face in both:
        np.testing.assert_array_equal(face[..., 3], half if (face[..., :3] == wanted).all() else np.full((40, 40), 255))
    assert "by their folder's name" not in caplog.text, "what is used is not left out"
    assert "loose_mask.png: a mask, not a face" in caplog.text
    without = load(b=tmp_path / "b").fingerprint
    shutil.rmtree(tmp_path / "a" / "masks")
    assert load().fingerprint != without


def test_alpha_is_the_mask_and_another_run(load, tmp_path):
    path = tmp_path / "a" / "003.png"
    before = load(rule="pictures").fingerprint
    pixels = np.asarray(Image.open(path))
    alpha = np.zeros((40, 40), np.uint8)
    alpha[5:35, 5:35] = 255
    path.unlink()
    Image.fromarray(np.dstack([pixels, alpha])).save(path)
    data = load(rule="pictures")
    masks = [mask for faces in (data.train["A"], data.held_out["A"]) for mask in faces.masks]
    assert sum((mask == alpha).all() for mask in masks) == 1
    assert data.fingerprint != before


def test_a_workspace_of_frames_and_faces_is_refused_with_the_place_of_the_faces(load, tmp_path):
    write_faces(tmp_path / "data_src", 3, seed=4)
    write_faces(tmp_path / "data_src" / "aligned", 3, seed=5)
    with pytest.raises(ValueError, match=r"'aligned' and other pictures.*data\.a='.*data_src/aligned'"):
        load(a=tmp_path / "data_src")
    load(a=tmp_path / "data_src" / "aligned")


def test_a_video_is_refused_with_the_command_that_cuts_faces_out(load, tmp_path):
    (tmp_path / "anna.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"python -m faceswap_lab faces '.*anna\.mp4' --out faces/anna"):
        load(a=tmp_path / "anna.mp4")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "x.MOV").write_bytes(b"")
    with pytest.raises(ValueError, match=r"videos and no pictures; .*x\.MOV"):
        load(a=tmp_path / "videos")


def test_landmarks_are_those_of_the_training_pictures(load, tmp_path):
    """Each picture's own, in the order in which the faces are; none where a picture has no record."""
    for index, path in enumerate(sorted((tmp_path / "a").iterdir())[:8]):
        points = np.random.default_rng(index).uniform(5, 35, (68, 2))
        about = PngImagePlugin.PngInfo()
        told = {"landmarks": points.tolist(), "outline": [[5, 5], [35, 5], [20, 35]], "size": 40}
        about.add_itxt("faceswap_lab", json.dumps(told | {"source": f"{index}"}))
        with Image.open(path) as picture:
            picture.save(path, pnginfo=about)
    data = load()
    assert {side: points.shape for side, points in data.landmarks.items()} == {"A": (8, 68, 2), "B": (4, 68, 2)}
    assert np.isnan(data.landmarks["B"]).all()
    pixels = {np.asarray(Image.open(path)).tobytes(): i for i, path in enumerate(sorted((tmp_path / "a").iterdir()))}
    for face, points in zip(data.train["A"].images, data.landmarks["A"]):
        index = pixels[face.tobytes()]
        if index < 8:
            due = np.random.default_rng(index).uniform(5, 35, (68, 2)) / 40
            np.testing.assert_allclose(points, due, atol=1e-6)
        else:
            assert np.isnan(points).all()
