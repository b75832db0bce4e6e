"""SSIM whose windows stop at the mask's edge: what would change if the lab's did?"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

_C1, _C2 = 0.01**2, 0.03**2


def ssim_inside(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return SSIM averaged under the mask (N,), from moments under the 11 px window *times the mask*, made to sum to 1.

    So no pixel outside the mask counts, in no window; a window at the edge rests on fewer pixels.
    """
    at = torch.arange(-5.0, 6.0)
    window = torch.exp(-at * at / (2 * 1.5**2))
    window = torch.outer(window, window) / window.sum() ** 2

    def under(x: Tensor) -> Tensor:
        return conv2d(x.flatten(0, 1).unsqueeze(1), window[None, None], padding=5).view(*x.shape)

    weight = under(mask).clamp(min=1e-6)
    mean_o, mean_t = (under(x * mask) / weight for x in (output, truth))
    var_o, var_t = (under(x * x * mask) / weight - mean**2 for x, mean in ((output, mean_o), (truth, mean_t)))
    both = under(output * truth * mask) / weight - mean_o * mean_t
    alike = (2 * mean_o * mean_t + _C1) * (2 * both + _C2)
    alike = alike / ((mean_o**2 + mean_t**2 + _C1) * (var_o.clamp(min=0) + var_t.clamp(min=0) + _C2))
    return ((alike * mask).sum((2, 3)) / mask.sum((2, 3))).mean(1)
