"""Pictures as PNG files that say what they show."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceswap_lab.runs.atomic import write_bytes
from faceswap_lab.runs.source_type import PNG_KEYWORD, SourceType, xmp

_COMPRESSION = 4  # 6 is 2 % smaller and takes more than twice as long


def write_png(
    path: Path, picture: NDArray[np.uint8], text: Mapping[str, str], source: SourceType | None = None
) -> None:
    """Write a picture with text about it, whole or not at all.

    Args:
        path: where to; the folder exists.
        picture: (H, W, 3) uint8 RGB.
        text: keyword → text, e.g. {"Software": "faceswap_lab", "Description": "Synthetic: faces made by a model"}.
        source: what it is to machines that read such labels; None: no model has drawn in it.

    Raises:
        faceswap_lab.runs.atomic.StorageError: if the file cannot be written.
    """
    about, file = PngInfo(), io.BytesIO()
    for keyword, value in text.items():
        about.add_text(keyword, value)
    if source is not None:
        about.add_itxt(PNG_KEYWORD, xmp(source))
    Image.fromarray(picture).save(file, "PNG", pnginfo=about, compress_level=_COMPRESSION)
    write_bytes(path, file.getvalue())
