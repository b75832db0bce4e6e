"""Faces that live on the training device, and samples read from them there: the pixels of ``resample``, by torch.

The CPU makes the draws and from them a few numbers per sample; the device expands them to places and interpolates.
Places are float64 until a face is read at them, in float32, good to 2e-5 of a pixel in a 256 px face: the result is
within 0.51 of 255 of an exact interpolation, as OpenCV's is. Nothing is a matrix product, which a GPU may be told to
round to ten bits.
"""

import warnings

import torch
from torch import Tensor
from torch.nn import functional

from faceswap_lab.data.faces import Faces


class ResidentFaces:
    """The faces of one side on a device, as uint8. On a CPU their own memory is used: memory-mapped faces stay on disk.

    Samples have r = ``resolution`` pixels a side; ``share``: see ``warp.Recipe.share``.
    """

    def __init__(self, faces: Faces, device: torch.device, resolution: int, share: float = 1.0) -> None:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # read-only, and nothing writes to it
            self.pixels = torch.from_numpy(faces.pixels).to(device)
        self.resolution, self.share = resolution, share

    @property
    def device(self) -> torch.device:
        """Where the faces are."""
        return self.pixels.device

    def warped(self, which: Tensor, points: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read n samples; nothing in it waits for the device. Meanwhile it takes 20·n·S² bytes for faces of S pixels.

        Args:
            which: (n,) int64, rows of the faces.
            points: (n, 2, k, k) float64, see ``faceswap_lab.data.sampler.Places``.
            target: (n, 2, 3) float64, likewise.

        Returns:
            input (n, r, r, 3), target (n, r, r, 3) and the mask warped like the target (n, r, r), all uint8, contiguous
            and on the device.
        """
        faces = self.pixels.index_select(0, which).permute(0, 3, 1, 2).float()
        seen = rounded(interpolated(faces[:, :3], grid_places(points, self.resolution, self.share)))
        goal = rounded(interpolated(faces, affine_places(target, self.resolution)))  # the mask is a fourth colour
        return seen.contiguous(), goal[..., :3].contiguous(), goal[..., 3].contiguous()


def grid_places(points: Tensor, resolution: int, share: float = 1.0) -> Tensor:
    """Interpolate control points (n, 2, k, k) to every pixel of the input, (n, 2, r, r): see ``warp.expand``.

    Not by ``functional.interpolate``: where torch is told to be deterministic, that is many small kernels on a GPU.
    """
    cells = points.shape[-1] - 1
    place = (torch.arange(resolution, dtype=points.dtype, device=points.device) + 0.5) * cells / resolution
    if share != 1:
        place = cells / 2 + share * (place - cells / 2)
    regular = torch.stack(torch.meshgrid(place, place, indexing="xy"))
    return interpolated(points, regular.expand(len(points), -1, -1, -1))


def affine_places(maps: Tensor, resolution: int) -> Tensor:
    """Return where affine maps (n, 2, 3) send every pixel of the target: (n, 2, r, r), x then y."""
    axis = torch.arange(resolution, dtype=maps.dtype, device=maps.device)
    along_x, along_y, origin = maps[..., None, None].unbind(2)
    return along_x * axis + along_y * axis[:, None] + origin


def interpolated(pictures: Tensor, places: Tensor) -> Tensor:
    """Interpolate bilinearly; borders are repeated.

    Args:
        pictures: (n, c, S, S), float32 or float64.
        places: (n, 2, r, r) float64: x, then y, in pixel indices.

    Returns:
        (n, c, r, r), of the pictures' type.
    """
    # Of the two conventions this one divides by the size, for faces a power of two in every run: so simple fractions of
    # a pixel stay exact, and a tie is rounded as OpenCV rounds it.
    grid = ((2 * places + 1) / pictures.shape[-1] - 1).to(pictures.dtype).movedim(1, -1)
    return functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)


def rounded(values: Tensor) -> Tensor:
    """(n, c, r, r) in [0, 255] -> (n, r, r, c) uint8: to the nearest level, ties to even as OpenCV rounds them."""
    return values.round().to(torch.uint8).permute(0, 2, 3, 1)
