import struct
import zlib
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from faceswap_lab.evaluation.png import write_png
from faceswap_lab.runs.atomic import StorageError


def chunks(data):
    """Walk through a PNG file, checking every checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        body = data[at + 4 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(body)
        found.append((body[:4], body[4:]))
        at += 12 + length
    return found


def test_pixels_and_text_come_back(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    text = {"Software": "faceswap_lab", "Description": "Synthetic: faces made by a model", "Title": "A → B, größer"}
    write_png(tmp_path / "a.png", picture, text, "trainedAlgorithmicMedia")
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], picture)
    found = chunks((tmp_path / "a.png").read_bytes())
    assert found[0][0] == b"IHDR"
    assert found[-1][0] == b"IEND"
    assert (b"tEXt", b"Software\0faceswap_lab") in found
    assert (b"iTXt", b"Title\0\0\0\0\0" + text["Title"].encode()) in found
    (packet,) = [body for kind, body in found if body.startswith(b"XML:com.adobe.xmp\0")]
    told = ElementTree.fromstring(packet.partition(b"\0\0\0\0\0")[2]).find(".//{*}Description").attrib
    assert "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" in told.values()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_unwritable_place_is_one_clear_error(tmp_path):
    with pytest.raises(StorageError):
        write_png(tmp_path / "missing" / "a.png", np.zeros((2, 2, 3), np.uint8), {})
