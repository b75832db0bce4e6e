"""A Gaussian window over pictures, as two matrix products: one code for every size, even ones too, and every border."""

import functools

import torch
from torch import Tensor


def weighed(pictures: Tensor, window: int, sigma: float, padding: str) -> Tensor:
    """Return the weighted means of pictures under a window at each of its places.

    A picture is small, so a banded matrix from each side is faster than a convolution channel by channel, and is the
    same twice on every device. It is taken in the pictures' own type, whatever autocast says: a variance is a small
    difference of large numbers.

    Args:
        pictures: (…, H, W).
        window: the window's side in pixels, >= 1.
        sigma: its standard deviation, in pixels.
        padding: ``valid``: only the places within the picture. At every pixel, beyond the border: ``zero``,
            ``reflect`` (the border pixel is not repeated) or ``replicate`` (it is).

    Returns:
        (…, H, W), or (…, H - window + 1, W - window + 1) for valid.
    """
    rows, columns = (
        matrix(side, window, sigma, padding, pictures.dtype, pictures.device) for side in pictures.shape[-2:]
    )
    with torch.autocast(pictures.device.type, enabled=False):
        return rows @ pictures @ columns.T


@functools.lru_cache(maxsize=64)
def matrix(side: int, window: int, sigma: float, padding: str, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return (places, side): the weights of a picture's pixels at each place of the window, along one axis."""
    offset = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    weights = torch.softmax(-(offset**2) / (2 * sigma**2), 0)
    first, places = (0, side - window + 1) if padding == "valid" else ((window - 1) // 2, side)
    pixels = torch.arange(places)[:, None] + torch.arange(window) - first
    spread = weights.expand(places, window)
    if padding == "zero":
        spread = spread * ((pixels >= 0) & (pixels < side))
    if padding == "reflect":
        pixels = (side - 1) - ((side - 1) - pixels.abs()).abs()
    found = torch.zeros(places, side, dtype=torch.float64)
    return found.scatter_add_(1, pixels.clamp(0, side - 1), spread).to(device, dtype)
