"""The head everyone is made of: the CC0 MakeHuman/MPFB2 base mesh, its targets and masks, as one small file.

``scripts/build_head_pack.py`` makes the file; NOTICE.md tells its origin. Units are decimetres, y up, z towards the
viewer, x > 0 on the person's own left (the right of a frontal picture).
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.curves import Float

PACK_PATH = Path(__file__).parent / "data" / "head_pack.npz"
DELTA_SCALE = 2000  # displacements are stored as whole twentieths of a millimetre
VISIBILITY_SCALE = 32


class Part(IntEnum):
    """What a triangle is made of."""

    SKIN = 0
    LEFT_EYE = 1
    RIGHT_EYE = 2
    UPPER_TEETH = 3
    LOWER_TEETH = 4
    TONGUE = 5
    LEFT_LASHES = 6
    RIGHT_LASHES = 7
    HAIR = 8
    GLASSES = 9


@dataclass(frozen=True)
class HeadPack:
    """The pack, decoded.

    Attributes:
        positions: (N, 3) float32 vertices of the neutral head.
        triangles: (T, 3) int32, counter-clockwise from outside.
        parts: (N,) uint8, a ``Part`` per vertex (parts share no vertices).
        shapes: displacements (N, 3) by name; a name ending in "+" or "-" is one end of a signed pair.
        expressions: displacements (N, 3) by name.
        landmarks: vertex by name.
        masks: (N,) float32 in [0, 1] by name: lips, inside_mouth, ears, face, eyelids.
        ambient: (N,) float32 in [0, 1], how open the sky is.
        visibility: (N, 16) float32 coefficients in ``harmonics.basis``: how open each direction is.
    """

    positions: Float
    triangles: NDArray[np.int32]
    parts: NDArray[np.uint8]
    shapes: dict[str, Float]
    expressions: dict[str, Float]
    landmarks: dict[str, int]
    masks: dict[str, Float]
    ambient: Float
    visibility: Float


@cache
def head_pack() -> HeadPack:
    """Load the pack on first use; later calls return the same object (treat it as read-only)."""
    with np.load(PACK_PATH, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}

    def deltas(kind: str) -> dict[str, Float]:
        values = arrays[f"{kind}s"].astype(np.float32) / np.float32(DELTA_SCALE)
        return {str(name): values[i] for i, name in enumerate(arrays[f"{kind}_names"])}

    masks = {
        name.removeprefix("mask_"): values.astype(np.float32) / np.float32(255)
        for name, values in arrays.items()
        if name.startswith("mask_")
    }
    return HeadPack(
        positions=arrays["positions"],
        triangles=_outward_teeth(arrays["positions"], arrays["triangles"].astype(np.int32), arrays["parts"]),
        parts=arrays["parts"],
        shapes=deltas("shape"),
        expressions=deltas("expression"),
        landmarks=dict(zip(map(str, arrays["landmark_names"]), map(int, arrays["landmarks"]))),
        masks=masks,
        ambient=arrays["ambient"].astype(np.float32) / np.float32(255),
        visibility=arrays["visibility"].astype(np.float32) / np.float32(VISIBILITY_SCALE),
    )


def _outward_teeth(positions: Float, triangles: NDArray[np.int32], parts: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Turn the triangles of the teeth that face inwards in the collection, or they would be culled as backs."""
    part = parts[triangles[:, 0]]
    teeth = np.flatnonzero((part == Part.UPPER_TEETH) | (part == Part.LOWER_TEETH))
    corners = positions[triangles[teeth]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle_of_mouth = np.array([0, 6.66, 0.7], np.float32)
    inward = (normals * (corners.mean(1) - middle_of_mouth)).sum(1) < 0
    turned = triangles.copy()
    turned[teeth[inward]] = turned[teeth[inward]][:, ::-1]
    return turned
