"""Reading picture files: every kind of good one against an independent reference, every kind of bad one refused."""

import contextlib
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceswap_lab.data.picture_files import find_pictures
from faceswap_lab.data.pictures import UnusablePicture, decode_square

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (64, 64, 3), np.uint8)
SMOOTH = cv2.resize(RNG.integers(0, 256, (4, 4, 3), np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)


def encoded(picture: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes, size: int = 64) -> np.ndarray:
    face = decode_square(data, size, smallest=1).pixels
    assert face.dtype == np.uint8
    assert face.shape == (size, size, 3)
    return face


def png(width: int, height: int, colour_type: int = 2, depth: int = 8, rows: bytes = b"\0" * 100) -> bytes:
    """Write a PNG by hand, which may claim anything."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})])
def test_lossless_pictures_come_back_exactly_and_as_rgb(kind, options):
    np.testing.assert_array_equal(decoded(encoded(NOISE, kind, **options)), NOISE)


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95})])
def test_lossy_pictures_come_back_nearly_and_as_rgb(kind, options):
    face = decoded(encoded(SMOOTH, kind, **options))
    assert np.abs(face.astype(int) - SMOOTH).mean() < 3
    assert np.abs(face.astype(int) - SMOOTH[..., ::-1]).mean() > 20  # this would see red and blue exchanged


def test_cmyk_jpeg_becomes_rgb():
    face = decoded(encoded(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(face.astype(int) - SMOOTH).mean() < 4


def test_grey_palette_and_black_and_white_pictures_become_rgb():
    grey = NOISE[..., 0]
    np.testing.assert_array_equal(decoded(encoded(grey, "PNG")), np.stack([grey] * 3, axis=2))
    palette = Image.fromarray(SMOOTH).quantize(16)
    np.testing.assert_array_equal(decoded(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))
    bits = Image.fromarray(grey > 127)
    np.testing.assert_array_equal(decoded(encoded(bits, "PNG"))[..., 1], 255 * (grey > 127))


def test_16_bit_pictures_keep_their_upper_bits():
    deep = RNG.integers(0, 1 << 16, (64, 64, 3), np.uint16)
    grey = cv2.imencode(".png", deep[..., 0])[1].tobytes()
    np.testing.assert_array_equal(decoded(grey), np.stack([deep[..., 0] >> 8] * 3, axis=2))
    colour = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
    assert np.abs(decoded(colour).astype(int) - deep / 257).max() <= 1


def test_what_is_transparent_is_black_whatever_lies_beneath():
    alpha = RNG.integers(0, 256, (64, 64), np.uint8)
    alpha[:8], alpha[8:16] = 0, 255
    expected = NOISE * (alpha / 255)[..., None]
    assert np.abs(decoded(encoded(np.dstack([NOISE, alpha]), "PNG")) - expected).max() <= 1
    grey = Image.merge("LA", [Image.fromarray(NOISE[..., 0]), Image.fromarray(alpha)])
    assert np.abs(decoded(encoded(grey, "PNG"))[..., 2] - NOISE[..., 0] * (alpha / 255)).max() <= 1


# EXIF 2.3, tag 0x0112: which corner of the shown picture the stored rows and columns start from.
ORIENTATIONS = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.swapaxes(0, 1),
    6: lambda shown: np.rot90(shown, 1),
    7: lambda shown: shown[::-1, ::-1].swapaxes(0, 1),
    8: lambda shown: np.rot90(shown, -1),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_exif_orientation_is_followed(orientation):
    stored = np.ascontiguousarray(ORIENTATIONS[orientation](NOISE))
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(decoded(encoded(stored, "PNG", exif=exif)), NOISE)


@given(height=st.integers(8, 90), width=st.integers(8, 90))
@settings(max_examples=40)
def test_the_centre_square_is_kept(height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0], picture[..., 1] = np.arange(height)[:, None], np.arange(width)[None, :]
    side = min(height, width)
    face = decoded(encoded(picture, "PNG"), side)
    np.testing.assert_array_equal(face[:, 0, 0], (height - side) // 2 + np.arange(side))
    np.testing.assert_array_equal(face[0, :, 1], (width - side) // 2 + np.arange(side))


def test_shrinking_averages_areas_and_enlarging_is_smooth():
    blocks = NOISE.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(decoded(encoded(NOISE, "PNG"), 16) - blocks).max() <= 0.51
    ramp = np.repeat(np.arange(0, 128, 8, np.uint8)[None, :, None], 16, axis=0).repeat(3, axis=2)
    enlarged = decoded(encoded(ramp, "PNG"), 64)[32, 8:56, 0].astype(int)
    assert set(np.diff(enlarged)) <= {1, 2, 3}  # a slope of 2, no steps of 8


GOOD = [encoded(SMOOTH, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP")]
GOOD.append(encoded(Image.fromarray(SMOOTH).quantize(16), "PNG", transparency=0))


@given(data=st.sampled_from(GOOD), cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(data, cut):
    # A BMP is judged by its pixels: 64 of its last bytes are enough to miss, the end marks of others are dispensable.
    with pytest.raises(UnusablePicture):
        decode_square(data[: min(int(cut * len(data)), len(data) - 64)], 32, smallest=1)


@given(data=st.sampled_from(GOOD), places=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1))
@settings(max_examples=300)
def test_a_corrupted_file_gives_a_picture_or_is_refused_but_nothing_else(data, places):
    corrupted = bytearray(data)
    for place, flip in places:
        corrupted[int(place**3 * (len(data) - 1))] ^= flip  # mostly near the beginning, where the headers are
    with contextlib.suppress(UnusablePicture):
        decoded(bytes(corrupted), 32)


@given(st.binary(max_size=300), st.sampled_from([data[:40] for data in GOOD] + [b""]))
@settings(max_examples=200)
def test_what_is_no_picture_is_refused(rest, beginning):
    with pytest.raises(UnusablePicture):
        decode_square(beginning + rest, 32, smallest=1)


def test_an_empty_file_is_said_to_be_empty():
    with pytest.raises(UnusablePicture, match="zero bytes"):
        decode_square(b"", 32, smallest=1)


BMP, JPEG = encoded(SMOOTH, "BMP"), encoded(SMOOTH, "JPEG")
ANIMATION = encoded(Image.fromarray(SMOOTH), "WEBP", save_all=True, append_images=[Image.fromarray(NOISE)])


def bmp(width: int, height: int) -> bytes:
    return BMP[:18] + struct.pack("<ii", width, height) + BMP[26:]


def jpeg(width: int, height: int) -> bytes:
    size = JPEG.index(b"\xff\xc0") + 5  # in the start-of-frame segment
    return JPEG[:size] + struct.pack(">HH", height, width) + JPEG[size + 4 :]


def webp(width: int, height: int) -> bytes:
    canvas = ANIMATION.index(b"VP8X") + 12  # a canvas may be larger than the frames on it
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return ANIMATION[:canvas] + size + ANIMATION[canvas + 6 :]


@pytest.mark.parametrize("side", [7_100, 10_000, 16_000, 60_000])
@pytest.mark.parametrize("claiming", [png, bmp, jpeg, webp])
@pytest.mark.filterwarnings("ignore:Image size")
def test_a_picture_bomb_is_refused_before_it_is_decoded(claiming, side, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda picture: pytest.fail("the bomb was decoded"))
    with pytest.raises(UnusablePicture, match="too large"):
        decode_square(claiming(side, side), 32, smallest=1)


def test_the_shorter_side_must_be_large_enough():
    data = encoded(np.zeros((40, 31, 3), np.uint8), "PNG")
    assert decode_square(data, 64, smallest=31).pixels.shape == (64, 64, 3)
    with pytest.raises(UnusablePicture, match=r"31×40.*needs 32"):
        decode_square(data, 64, smallest=32)


def test_other_formats_are_refused_even_under_a_good_name():
    with pytest.raises(UnusablePicture, match=r"no JPEG, PNG, .* picture"):
        decode_square(encoded(SMOOTH, "PPM"), 32, smallest=1)


def test_files_are_found_by_name_below_the_folder(tmp_path):
    wanted = ["a.jpg", "B.JPEG", "deep/er/c.png", "deep/d.WebP", "e.bmp", "h.gif", "i.tiff", "j.HEIC", "naïve 顔.png"]
    unwanted = ["notes.txt", "._a.jpg", ".hidden/f.png", "jpg", "g.jpg.part", "film.mp4", "k.cr2", "masks/a.png"]
    unwanted += ["deep_masks/c.png", "aligned_debug/a.jpg", "data_trash/x.png"]
    for name in wanted + unwanted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    found = find_pictures(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found.pictures] == sorted(wanted)
    assert [path.name for path in found.videos] == ["film.mp4"]
    assert found.left_out == {
        "no pictures by their names (.txt)": 1,
        "no pictures by their names (no ending)": 1,
        "no pictures by their names (.part)": 1,
        "of a kind that is not read (.cr2)": 1,
        "masks of no picture, by their folder's name": 1,
        "debug pictures or trash, by their folder's name": 2,
    }
    assert found.mask_of(tmp_path / "a.jpg") == tmp_path / "masks" / "a.png"
    assert found.mask_of(tmp_path / "deep" / "c.jpg") == tmp_path / "deep_masks" / "c.png"
    assert found.mask_of(tmp_path / "e.bmp") is None


@pytest.mark.parametrize(
    ("folder", "files", "masks"),
    [
        ("x", ["x/faces/a.png", "x/masks/a.png"], {"x/faces/a.png": "x/masks/a.png"}),
        ("x/faces", ["x/faces/a.png", "x/masks/a.png"], {"x/faces/a.png": "x/masks/a.png"}),
        ("x/faces", ["x/faces/a.png", "x/masks/a.png", "x/masks/a.txt"], {"x/faces/a.png": "x/masks/a.png"}),
        (
            "x/aligned",
            ["x/f.png", "x/aligned/a.png", "x/aligned_masks/a.png"],
            {"x/aligned/a.png": "x/aligned_masks/a.png"},
        ),
        ("x/anna", ["x/anna/a.png", "x/ben/a.png", "x/masks/a.png"], {"x/anna/a.png": None}),
        ("x", ["x/anna/a.png", "x/ben/a.png", "x/masks/a.png"], {"x/anna/a.png": None, "x/ben/a.png": None}),
        ("x/faces", ["x/a.png", "x/faces/a.png", "x/masks/a.png"], {"x/faces/a.png": None}),
        ("x", ["x/a.png", "x/masks/a.png", "x/masks/b.png"], {"x/a.png": "x/masks/a.png"}),
    ],
)
def test_masks_beside_a_folder_or_in_it_go_with_pictures_where_it_is_clear_which(folder, files, masks, tmp_path):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = find_pictures(tmp_path / folder)
    assert {path: found.mask_of(path) for path in found.pictures} == {
        tmp_path / picture: mask and tmp_path / mask for picture, mask in masks.items()
    }
    idle = {name for name in files if "masks/" in name and name.startswith(folder)} - set(masks.values())
    assert found.left_out == ({"masks of no picture, by their folder's name": len(idle)} if idle else {})


@pytest.mark.parametrize(
    ("kind", "options", "exact"),
    [
        ("TIFF", {}, True),
        ("TIFF", {"compression": "tiff_lzw"}, True),
        ("GIF", {}, False),
        ("AVIF", {"quality": 95}, False),
        ("JPEG2000", {}, True),
    ],
)
def test_what_cameras_browsers_and_phones_write_is_read(kind, options, exact):
    face = decoded(encoded(Image.fromarray(SMOOTH), kind, **options))
    assert np.abs(face.astype(int) - SMOOTH).mean() < (0.01 if exact else 14)


def test_heic_is_read_where_its_package_is_installed():
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(SMOOTH)).save(file, quality=95)
    face = decoded(file.getvalue())
    assert np.abs(face.astype(int) - SMOOTH).mean() < 4


def test_heic_without_its_package_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("faceswap_lab.data.pictures.reads_heif", lambda: False)
    with pytest.raises(UnusablePicture, match=r"HEIC.*pip install 'faceswap-lab\[heic\]'"):
        decode_square(b"\0\0\0\x18ftypheic" + bytes(40), 32, smallest=1)


def test_16_bit_tiff_and_grey_alpha_keep_their_upper_bits():
    deep = RNG.integers(0, 1 << 16, (64, 64), np.uint16)
    np.testing.assert_array_equal(decoded(encoded(Image.fromarray(deep), "TIFF"))[..., 0], deep >> 8)


def test_floating_point_pixels_are_refused():
    with pytest.raises(UnusablePicture, match="floating-point"):
        decode_square(encoded(Image.fromarray(np.zeros((40, 40), np.float32)), "TIFF"), 32, smallest=1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken_and_the_others_counted(kind):
    frames = [Image.fromarray(np.full((40, 40, 3), level, np.uint8)) for level in (60, 120, 200)]
    face = decode_square(encoded(frames[0], kind, save_all=True, append_images=frames[1:]), 40, smallest=1)
    assert face.frames == 3
    assert np.abs(face.pixels.astype(int) - 60).max() <= 4


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_an_animation_cut_off_after_its_first_frame_is_refused_as_broken_or_read_but_nothing_else(kind):
    frames = [Image.fromarray(np.full((40, 40, 3), level, np.uint8)) for level in (60, 120, 200)]
    data, refused = encoded(frames[0], kind, save_all=True, append_images=frames[1:]), 0
    for end in range(len(data) // 3, len(data), max(1, len(data) // 300)):
        try:
            assert np.abs(decoded(data[:end], 40).astype(int) - 60).max() <= 4
        except UnusablePicture as reason:
            refused += str(reason).startswith("broken: ")
    assert refused


def test_alpha_becomes_the_mask_unless_it_hides_all():
    alpha = np.zeros((64, 64), np.uint8)
    alpha[8:56, 8:56] = 255
    face = decode_square(encoded(np.dstack([NOISE, alpha]), "PNG"), 64, smallest=1)
    np.testing.assert_array_equal(face.mask, alpha)
    assert decode_square(encoded(np.dstack([NOISE, 0 * alpha]), "PNG"), 64, smallest=1).mask is None
    assert decode_square(encoded(np.dstack([NOISE, 0 * alpha + 255]), "PNG"), 64, smallest=1).mask is None


def test_a_mask_of_16_bits_is_scaled_and_one_of_8_bits_kept_as_it_is():
    deep = RNG.integers(0, 1 << 16, (64, 64), np.uint16)
    for kind in ("PNG", "TIFF"):
        face = decode_square(GOOD[0], 64, smallest=1, mask=encoded(Image.fromarray(deep), kind))
        np.testing.assert_array_equal(face.mask, deep >> 8)
    shallow = deep.astype(np.uint8)
    for stored in (shallow, np.dstack([shallow] * 3)):
        face = decode_square(GOOD[0], 64, smallest=1, mask=encoded(stored, "PNG"))
        np.testing.assert_array_equal(face.mask, shallow)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_damaged_mask_is_none_and_its_picture_is_read():
    damaged = bytearray(encoded(np.zeros((10, 10), np.uint16), "TIFF"))
    damaged[72] ^= 1  # the type of a tag: Pillow raises TypeError
    assert decode_square(GOOD[0], 64, smallest=1, mask=bytes(damaged)).mask is None


def test_a_mask_picture_is_refused_and_a_drawing_in_grey_is_not():
    mask = np.zeros((64, 64), np.uint8)
    cv2.circle(mask, (32, 32), 20, 255, -1, cv2.LINE_AA)
    for data in (encoded(mask, "PNG"), encoded(np.dstack([mask] * 3), "JPEG", quality=80)):
        with pytest.raises(UnusablePicture, match="a mask"):
            decode_square(data, 32, smallest=1)
    decoded(encoded(SMOOTH[..., 0], "PNG"))
    decoded(encoded(np.zeros((64, 64), np.uint8), "PNG"))  # black says nothing
