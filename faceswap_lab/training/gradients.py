"""What the two losses ask of the present weights: do they pull the encoder the same way, and how strongly?"""

import math

import torch
from torch import Tensor

from faceswap_lab.data.faces import SIDES, Side
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.scores import judged
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.losses import loss_of


def gradient_diagnostics(
    model: Autoencoder, held_out: HeldOut, loss: str, mask_weight: float, faces: int = 32
) -> dict[str, float]:
    """Take each side's loss on undistorted held-out faces that are input and target at once, and look at its gradients.

    The model is left as it was: mode, ``.grad``, ``requires_grad``, hooks; nothing random is used.

    Args:
        model: runs on its own device.
        held_out: the faces; the first ``faces`` of each side are used.
        loss: a key of ``LOSSES``.
        mask_weight: see ``loss_of``.
        faces: how many of each side, >= 1.

    Returns:
        finite numbers by name; what does not exist is left out:

        - ``grad_cosine``: cosine between the gradients of loss_A and of loss_B with respect to the shared encoder's
          weights, in [-1, 1]: 1 = both ask for the same change, below 0 = one undoes the other. Only for one encoder
          that is trained, and only where neither gradient is zero.
        - ``preact_grad_A``, ``preact_grad_B``: root mean square of the gradient of the side's loss with respect to the
          decoder's pre-activation z, times the number of its values, so that neither batch nor picture size matters.
          Mean absolute error behind a linear output in the unit range gives exactly 1; behind any other output, the
          root mean square of its slope, 1/2 for linear in the signed range. A mask that weighs the face alone and
          covers a share s of the picture brings a factor 1/sqrt(s).
    """
    encoder = [p for p in model.encoder_of("A").parameters() if p.requires_grad]
    shared = encoder if len(model.encoders) == 1 else []
    numbers: dict[str, float] = {}
    pulls: dict[Side, Tensor] = {}
    with judged(model) as device, torch.enable_grad():
        for side in SIDES:
            x, mask = (part[side][:faces].to(device) for part in (held_out.images, held_out.masks))
            z, drawn = _reconstruct(model, side, x)
            at_z, *at_encoder = torch.autograd.grad(loss_of(drawn, x, mask, loss, mask_weight), [z, *shared])
            numbers[f"preact_grad_{side}"] = float(at_z.double().square().mean().sqrt()) * at_z.numel()
            if at_encoder:
                pulls[side] = torch.cat([g.double().flatten() for g in at_encoder])
    if pulls:
        norm = float(pulls["A"].norm() * pulls["B"].norm())
        numbers |= {"grad_cosine": float(pulls["A"] @ pulls["B"]) / norm} if norm > 0 else {}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _reconstruct(model: Autoencoder, side: Side, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the decoder's pre-activation z and the picture drawn from it, both (N, 3, r, r), with their graph."""
    seen: list[Tensor] = []
    hook = model.decoders[side].register_forward_hook(lambda decoder, code, z: seen.append(z.requires_grad_()))
    try:
        drawn = model.reconstruct(side, x)
    finally:
        hook.remove()
    return seen[0], drawn
