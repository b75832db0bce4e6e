"""The one shape in which faces travel through the lab, wherever they come from."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Side = str
"""A, B, C, …: an identity with its faces. The first two are the declared pair: the swap A→B is the primary one."""

SIDES: tuple[Side, ...] = ("A", "B")
MOST_SIDES = len(ascii_uppercase)


def sides_of(people: int) -> tuple[Side, ...]:
    """Return the names of so many sides, 2 to 26: A, B, C, …"""
    if not 2 <= people <= MOST_SIDES:
        raise ValueError(f"{people} sides; there must be 2 to {MOST_SIDES}")
    return tuple(ascii_uppercase[:people])


MOST_JUDGED = 2048
"""Held-out faces of a side that a run is judged on, at most: they lie in memory, and each evaluation draws them all.

Among faces whose SSIM has a standard deviation of 0.1, the mean of 2,048 is off by 0.002: a tenth of the smallest
difference that the studies ask for.
"""


@dataclass(frozen=True)
class Faces:
    """The decoded faces of one side, square and aligned, larger than what the network sees.

    Pickling faces whose arrays are memory-mapped sends the files' names, not gigabytes of pixels, so that they go to
    spawned DataLoader workers at no cost (the files must be reachable there).

    Colour and mask lie side by side because every sample reads both: four bytes per pixel are copied and interpolated
    at twice the speed of three and one.

    Attributes:
        pixels: (N, S, S, 4) uint8: RGB, then 255 where the face is (everywhere, where nothing is known). May be
            memory-mapped and read-only. The warp cuts its input from the centre.
        states: (N, P) float32 in the order of ``faceswap_lab.twins.STATE_FIELDS``, or None for pictures from a folder.
    """

    pixels: NDArray[np.uint8]
    states: NDArray[np.float32] | None = None

    @classmethod
    def joined(
        cls, images: NDArray[np.uint8], masks: NDArray[np.uint8], states: NDArray[np.float32] | None = None
    ) -> "Faces":
        """Return faces from pictures (N, S, S, 3) and their masks (N, S, S), copied."""
        return cls(rgba(images, masks), states)

    @property
    def images(self) -> NDArray[np.uint8]:
        """The pictures, (N, S, S, 3) RGB, as a view."""
        return self.pixels[..., :3]

    @property
    def masks(self) -> NDArray[np.uint8]:
        """The masks, (N, S, S), 255 where the face is, as a view."""
        return self.pixels[..., 3]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: slice) -> "Faces":
        """Return a contiguous range of the faces as a view: nothing is read or copied."""
        return Faces(self.pixels[rows], None if self.states is None else self.states[rows])

    @property
    def size(self) -> int:
        """The side length S of the stored square pictures, in pixels."""
        return int(self.pixels.shape[1])

    def __reduce__(self) -> tuple[Callable[..., "Faces"], tuple[Any, ...]]:
        return _unpacked_faces, (_packed(self.pixels), _packed(self.states))


def rgba(images: NDArray[np.uint8], masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Join pictures (…, 3) and their masks (…) to (…, 4), copied."""
    return np.concatenate([images, masks[..., None]], axis=-1)


@dataclass(frozen=True)
class FaceData:
    """Everything a run trains and is judged on.

    Attributes:
        train: the faces a side is trained on.
        held_out: faces of that side that are never trained on.
        paired: True if the faces ``held_out[side][i]`` of all sides show the same state (rendered people), so that each
            is the true swap of the others; False for folders, where there is no truth.
        fingerprint: a hex digest of the content (or of the recipe that makes it); goes into the run's provenance.
        people: the names of rendered people by side, see ``faceswap_lab.data.people``; empty for folders.
        groups: per side (n,) which held-out faces belong together (a block of a film), for intervals over groups; None
            where each stands for itself.
        remarks: lines for a person who is about to train on them.
        masked: per side how many of its pictures have a mask that says where the face is; None: all have one.
        landmarks: per side (N, 68, 2) float32 x, y of the training faces' landmarks, as shares of the picture's side,
            NaN where none are known; None for rendered people, whose states say where they are.
    """

    train: dict[Side, Faces]
    held_out: dict[Side, Faces]
    paired: bool
    fingerprint: str
    people: tuple[str, ...] = ()
    groups: dict[Side, NDArray[np.int64]] | None = None
    remarks: tuple[str, ...] = ()
    masked: dict[Side, int] | None = None
    landmarks: dict[Side, NDArray[np.float32]] | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        """Whose faces there are, in order."""
        return tuple(self.train)

    @property
    def held_out_groups(self) -> dict[Side, NDArray[np.int64]]:
        """``groups``; where there are none, each held-out face is one."""
        return self.groups or {side: np.arange(len(faces)) for side, faces in self.held_out.items()}


class _Mapped(NamedTuple):
    """Where the bytes of a memory-mapped array lie."""

    filename: str
    offset: int
    shape: tuple[int, ...]
    dtype: str


def _packed(array: NDArray[Any] | None) -> Any:
    """Return something small to pickle in place of ``array`` where there is such a thing."""
    if array is None or array.size == 0:
        return array
    root: Any = array
    while isinstance(root, np.memmap) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if isinstance(array, np.memmap) and isinstance(root, np.memmap) and array.flags.c_contiguous:
        # A slice keeps its parent's ``offset`` attribute, so its place follows from the addresses.
        offset = root.offset + array.ctypes.data - root.ctypes.data
        return _Mapped(str(root.filename), offset, array.shape, array.dtype.str)
    return array


def _unpacked(packed: Any) -> Any:
    if isinstance(packed, _Mapped):
        return np.memmap(packed.filename, mode="r", offset=packed.offset, shape=packed.shape, dtype=packed.dtype)
    return packed


def _unpacked_faces(pixels: Any, states: Any) -> Faces:
    return Faces(_unpacked(pixels), _unpacked(states))
