"""The parts of a face that a term of a loss may be taken over, as masks."""

import torch
from torch import Tensor


def region_masks(face: Tensor, ellipses: Tensor) -> dict[str, Tensor]:
    """Return masks by region, (n, 1, r, r) each in [0, 1]: only what the face's own mask shows of it.

    Args:
        face: (n, 1, r, r) in [0, 1], 1 where the face is.
        ellipses: (n, 3, 3, 2), see ``data.regions.Ellipses``.
    """
    drawn = drawn_ellipses(ellipses.to(face.device, face.dtype), face.shape[-1]) * face
    eyes, mouth = drawn[:, :2].amax(1, keepdim=True), drawn[:, 2:]
    return {"face": face, "eyes": eyes, "mouth": mouth, "eyes_and_mouth": torch.maximum(eyes, mouth)}


def drawn_ellipses(ellipses: Tensor, side: int) -> Tensor:
    """Draw ellipses (n, k, 3, 2) as masks (n, k, side, side): 1 inside, with an edge about a pixel wide."""
    centre, u, v = (points[..., None, None].unbind(2) for points in ellipses.unbind(2))
    axis = torch.arange(side, dtype=ellipses.dtype, device=ellipses.device)
    x, y = axis - centre[0], axis[:, None] - centre[1]
    area = u[0] * v[1] - u[1] * v[0]
    radius = torch.hypot((x * v[1] - y * v[0]) / area, (y * u[0] - x * u[1]) / area)
    return ((1 - radius) * area.abs().sqrt() + 0.5).clamp(0, 1)
