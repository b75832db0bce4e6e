"""Decode a person's picture files, any of which may be broken, huge or no picture at all."""

import io
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from faceswap_lab.data.face_record import FaceRecord, record_of
from faceswap_lab.data.mean_face import Points

MOST_PIXELS = 50_000_000
MOST_BYTES = 6 * MOST_PIXELS  # what that many pixels take without any compression, at 16 bits

# Pillow knows some forty more, which strangers' files need not reach.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF", "JPEG2000")
_EXPECTED = "JPEG, PNG, WEBP, BMP, TIFF, GIF, AVIF, JPEG 2000"
_HEIF = "HEIF"
_HEIF_MARKS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1")

_DARK, _BRIGHT, _TWO_VALUED, _COLOUR = 16, 239, 0.88, 12  # levels, levels, share of the areas, levels


class UnusablePicture(ValueError):
    """This file is no picture to learn from; the message says why, in a few words."""


@dataclass(frozen=True)
class Decoded:
    """A picture as a square.

    Attributes:
        pixels: (S, S, 3) uint8 RGB.
        mask: (S, S) uint8, 255 where the face is, or None where nothing is known of it.
        width: of the picture as it is shown, in pixels.
        height: likewise.
        frames: how many pictures the file holds; 1 unless it is animated.
        landmarks: (68, 2) x, y in the square, as shares of its side; None where they are not known.
        record: what the file says about itself, in the pixels of the whole picture; None if nothing.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None
    width: int
    height: int
    frames: int
    landmarks: Points | None = None
    record: FaceRecord | None = None


def decode_square(data: bytes, size: int, *, smallest: int, mask: bytes | None = None) -> Decoded:
    """Return a picture as a square of ``size`` pixels.

    The header's dimensions are judged before a single pixel is decoded, so a small file that claims to be enormous
    does no harm. EXIF orientation is followed; transparent parts become black; grey, palette, CMYK and 16-bit pictures
    become 8-bit RGB; colour profiles are not applied; of an animation the first frame is taken. What is not square
    loses its ends (the centre stays). Shrinking averages areas, enlarging is bicubic.

    The mask comes from the file's record (see ``face_record``), else from the picture of the mask, else from alpha.

    Args:
        data: the bytes of a JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or JPEG 2000 file, or with the package pillow-heif
            installed of a HEIC file.
        size: the side of the result in pixels.
        smallest: a picture whose shorter side has fewer pixels is refused.
        mask: the bytes of a picture that is white where the face is.

    Raises:
        UnusablePicture: whatever is wrong with it, also that it is a mask itself.
    """
    picture = opened(data, smallest)
    try:
        # To count the frames is to go through all of them. An MPO is a photo and its preview.
        frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
        turned = picture.getexif().get(ExifTags.Base.Orientation, 1) not in (0, 1)
        record = None if turned else record_of(data, picture)  # programs that write records turn no pictures
        pixels, alpha = _rgb(ImageOps.exif_transpose(picture))
    except Exception as error:  # Pillow raises OSError, SyntaxError, TypeError, KeyError, struct.error …
        raise UnusablePicture(f"broken: {error}") from error
    height, width = pixels.shape[:2]
    if _is_mask(pixels):
        raise UnusablePicture("a mask, not a face: nothing but black and white")
    if record is not None and record.mask is not None:
        alpha = record.mask
    elif mask is not None:
        alpha = mask_of(mask, width, height)
    square = _resized(_centre_square(pixels), size)
    return Decoded(
        pixels=square,
        mask=_seen(_resized(_centre_square(alpha), size)) if alpha is not None else None,
        width=width,
        height=height,
        frames=frames,
        landmarks=_in_square(record.landmarks, width, height) if record is not None else None,
        record=record,
    )


def decode_whole(data: bytes) -> NDArray[np.uint8]:
    """Return a photo as it is shown, (H, W, 3) uint8 RGB; see ``decode_square``.

    Raises:
        UnusablePicture: whatever is wrong with it.
    """
    try:
        return _rgb(ImageOps.exif_transpose(opened(data, 1)))[0]
    except UnusablePicture:
        raise
    except Exception as error:  # as in decode_square
        raise UnusablePicture(f"broken: {error}") from error


def opened(data: bytes, smallest: int) -> Image.Image:
    """Return the picture with its header read and judged, not yet decoded.

    Raises:
        UnusablePicture: it is none, too large, or its shorter side has fewer than ``smallest`` pixels.
    """
    if not data:
        raise UnusablePicture("empty: zero bytes")
    heif = data[4:8] == b"ftyp" and data[8:12] in _HEIF_MARKS
    if heif and not reads_heif():
        raise UnusablePicture("HEIC, which needs the package pillow-heif: pip install 'faceswap-lab[heic]'")
    try:
        picture = Image.open(io.BytesIO(data), formats=(_HEIF,) if heif else _FORMATS)
    except Image.DecompressionBombError as error:
        raise UnusablePicture(f"too large: more than {MOST_PIXELS / 1e6:.0f} million pixels") from error
    except Exception as error:  # as in decode_square
        raise UnusablePicture(f"no {_EXPECTED} picture, or a broken one") from error
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise UnusablePicture(f"too large: {width}×{height}, more than {MOST_PIXELS / 1e6:.0f} million pixels")
    if min(width, height) < smallest:
        raise UnusablePicture(f"too small: {width}×{height}, the shorter side needs {smallest} pixels")
    return picture


@cache
def reads_heif() -> bool:
    """Tell whether the package that reads HEIC is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _rgb(picture: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Decode any mode of Pillow's to (H, W, 3) uint8, and its alpha to (H, W) uint8 if it hides anything."""
    if picture.mode.startswith("I"):
        return np.repeat(_upper_bits(picture)[:, :, None], 3, axis=2), None
    if picture.mode == "F":
        raise ValueError("floating-point pixels have no known range; save it with 8 or 16 bits")
    alpha = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = np.asarray(picture.getchannel("A"))
        # What a file stores under its transparent parts is arbitrary; cut-out faces are black there by custom.
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
    return np.asarray(picture.convert("RGB")), alpha if alpha is not None and alpha.min() < 255 else None


def _upper_bits(picture: Image.Image) -> NDArray[np.uint8]:
    """Decode 16-bit grey to (H, W) uint8: Pillow's own conversion would clip at 255 instead of scaling."""
    return (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)


def _is_mask(pixels: NDArray[np.uint8]) -> bool:
    """Tell a mask from a face: grey, and nearly nothing but areas of black and of white (dots would average out)."""
    small = cv2.resize(pixels, (32, 32), interpolation=cv2.INTER_AREA).astype(np.int16)
    if (small.max(axis=2) - small.min(axis=2)).max() > _COLOUR:
        return False
    dark, bright = (small.max(axis=2) < _DARK).mean(), (small.min(axis=2) > _BRIGHT).mean()
    return bool(dark + bright > _TWO_VALUED and bright > 0.02 and dark > 0.02)


def mask_of(data: bytes, width: int, height: int) -> NDArray[np.uint8] | None:
    """Return a mask picture at the size of the picture that it belongs to; None if it cannot be read."""
    try:
        picture = opened(data, 1)
        mask = _upper_bits(picture) if picture.mode.startswith("I") else np.asarray(picture.convert("L"))
    except Exception:  # as in decode_square
        return None
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _seen(mask: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return a mask that shows something of the face's middle; one that hides all of it says nothing."""
    quarter = len(mask) // 4
    return mask if mask[quarter : len(mask) - quarter, quarter : len(mask) - quarter].max(initial=0) > 127 else None


def _in_square(points: Points, width: int, height: int) -> Points:
    side = min(width, height)
    corner = np.array([(width - side) // 2, (height - side) // 2])
    return np.asarray((points - corner) / side, np.float64)


def _centre_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if len(pixels) == size:
        return pixels
    interpolation = cv2.INTER_AREA if len(pixels) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=interpolation), dtype=np.uint8)
