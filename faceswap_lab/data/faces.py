"""The one shape in which faces travel through the lab, wherever they come from."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Side = Literal["A", "B"]
SIDES: tuple[Side, Side] = ("A", "B")


@dataclass(frozen=True)
class Faces:
    """The decoded faces of one side, square and aligned, larger than what the network sees.

    Pickling faces whose arrays are memory-mapped sends the files' names, not gigabytes of pixels, so that they go to
    spawned DataLoader workers at no cost (the files must be reachable there).

    Attributes:
        images: (N, S, S, 3) uint8 RGB; may be memory-mapped and read-only. The warp cuts its input from the centre.
        masks: (N, S, S) uint8, 255 where the face is. All 255 where nothing is known (then a broadcast constant that
            occupies no memory).
        states: (N, P) float32 in the order of ``faceswap_lab.twins.STATE_FIELDS``, or None for pictures from a folder.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    states: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice) -> "Faces":
        """Return a contiguous range of the faces as a view: nothing is read or copied."""
        return Faces(self.images[rows], self.masks[rows], None if self.states is None else self.states[rows])

    @property
    def size(self) -> int:
        """The side length S of the stored square pictures, in pixels."""
        return int(self.images.shape[1])

    def __reduce__(self) -> tuple[Callable[..., "Faces"], tuple[Any, ...]]:
        return _unpacked_faces, (_packed(self.images), _packed(self.masks), _packed(self.states))


@dataclass(frozen=True)
class FaceData:
    """Everything a run trains and is judged on.

    Attributes:
        train: the faces a side is trained on.
        held_out: faces of that side that are never trained on.
        paired: True if ``held_out["A"][i]`` and ``held_out["B"][i]`` show the same state (twins), so that one is the
            true swap of the other; False for folders, where there is no truth.
        fingerprint: a hex digest of the content (or of the recipe that makes it); goes into the run's provenance.
    """

    train: dict[Side, Faces]
    held_out: dict[Side, Faces]
    paired: bool
    fingerprint: str


class _Mapped(NamedTuple):
    """Where the bytes of a memory-mapped array lie."""

    filename: str
    offset: int
    shape: tuple[int, ...]
    dtype: str


class _Constant(NamedTuple):
    """One value seen everywhere."""

    value: Any
    shape: tuple[int, ...]


def _packed(array: NDArray[Any] | None) -> Any:
    """Return something small to pickle in place of ``array`` where there is such a thing."""
    if array is None or array.size == 0:
        return array
    if not any(array.strides):
        return _Constant(array.flat[0], array.shape)
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
    if isinstance(packed, _Constant):
        return np.broadcast_to(packed.value, packed.shape)
    return packed


def _unpacked_faces(images: Any, masks: Any, states: Any) -> Faces:
    return Faces(_unpacked(images), _unpacked(masks), _unpacked(states))
