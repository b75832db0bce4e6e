"""Pictures as PNG files that say what they show."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.runs.atomic import write_bytes

_HEADER_END = 8 + 25  # the signature, then IHDR, which must come first: length, type, 13 bytes, checksum

_COMPRESSION = 6  # 9 is 2 % smaller and takes five times as long


def write_png(path: Path, picture: NDArray[np.uint8], text: Mapping[str, str]) -> None:
    """Write a picture with text about it, whole or not at all.

    Args:
        path: where to; the folder exists.
        picture: (H, W, 3) uint8 RGB.
        text: keyword → text, e.g. {"Software": "faceswap_lab", "Description": "Synthetic: faces made by a model"}.

    Raises:
        ValueError: if a keyword is not 1-79 characters of Latin-1.
        faceswap_lab.runs.atomic.StorageError: if the file cannot be written.
    """
    write_bytes(path, encode_png(picture, text))


def encode_png(picture: NDArray[np.uint8], text: Mapping[str, str]) -> bytes:
    """Return the bytes of a PNG file; see ``write_png``."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])[1].tobytes()
    chunks = b"".join(_text_chunk(keyword, value) for keyword, value in text.items())
    return data[:_HEADER_END] + chunks + data[_HEADER_END:]


def _text_chunk(keyword: str, text: str) -> bytes:
    """Return a tEXt chunk, or an iTXt chunk where the text is beyond Latin-1.

    Source: Portable Network Graphics (PNG) Specification, third edition, W3C, section 11.3.3.
    """
    name = keyword.encode("latin-1", errors="replace")
    if not 1 <= len(name) <= 79 or name.decode("latin-1") != keyword or "\0" in keyword:
        raise ValueError(f"the PNG keyword {keyword!r} must be 1-79 characters of Latin-1; choose another")
    try:
        return _chunk(b"tEXt", name + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        uncompressed_no_language = b"\0\0\0\0\0"  # keyword's end, flag, method, language's end, translation's end
        return _chunk(b"iTXt", name + uncompressed_no_language + text.encode())


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
