"""Read a person's picture files, any of which may be broken, huge or no picture at all."""

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_log = logging.getLogger(__name__)

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MOST_PIXELS = 50_000_000
MOST_BYTES = 6 * MOST_PIXELS  # what that many pixels take without any compression, at 16 bits

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")  # Pillow knows some forty more, which strangers' files need not reach


class UnusablePicture(ValueError):
    """This file is no picture to learn from; the message says why, in a few words."""


def picture_files(folder: Path) -> list[Path]:
    """Return the files in ``folder`` and below that are pictures by their name, sorted.

    Hidden files and folders are left out (macOS puts a "._face.jpg" that is no picture beside each face.jpg on foreign
    disks), and so is what is no regular file. Links to files are followed, links to folders are not.
    """
    return sorted(path for path in _visible(folder) if path.suffix.lower() in SUFFIXES and path.is_file())


def _visible(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_say_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _say_unreadable(error: OSError) -> None:
    _log.warning("cannot look into '%s': %s", error.filename, error.strerror)


def decode_square(data: bytes, size: int, *, smallest: int) -> NDArray[np.uint8]:
    """Return a picture as a square of ``size`` pixels.

    The header's dimensions are judged before a single pixel is decoded, so a small file that claims to be enormous
    does no harm. EXIF orientation is followed; transparent parts become black; grey, palette, CMYK and 16-bit pictures
    become 8-bit RGB; colour profiles are not applied. What is not square loses its ends (the centre stays). Shrinking
    averages areas, enlarging is bicubic.

    Args:
        data: the bytes of a JPEG, PNG, WebP or BMP file.
        size: the side of the result in pixels.
        smallest: a picture whose shorter side has fewer pixels is refused.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        UnusablePicture: whatever is wrong with it.
    """
    picture = _opened(data, smallest)
    try:
        pixels = _rgb(ImageOps.exif_transpose(picture))
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, zlib.error …
        raise UnusablePicture(f"broken: {error}") from error
    return _resized(_centre_square(pixels), size)


def _opened(data: bytes, smallest: int) -> Image.Image:
    """Return the picture with its header read and judged, not yet decoded."""
    if not data:
        raise UnusablePicture("empty: zero bytes")
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise UnusablePicture(f"too large: more than {MOST_PIXELS / 1e6:.0f} million pixels") from error
    except Exception as error:  # as in decode_square
        raise UnusablePicture(f"no {', '.join(_FORMATS)} picture, or a broken one") from error
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise UnusablePicture(f"too large: {width}×{height}, more than {MOST_PIXELS / 1e6:.0f} million pixels")
    if min(width, height) < smallest:
        raise UnusablePicture(f"too small: {width}×{height}, the shorter side needs {smallest} pixels")
    return picture


def _rgb(picture: Image.Image) -> NDArray[np.uint8]:
    """Decode any mode of Pillow's to (H, W, 3) uint8."""
    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip at 255 instead of scaling
        grey = (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        # What a file stores under its transparent parts is arbitrary; cut-out faces are black there by custom.
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
    return np.asarray(picture.convert("RGB"))


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
