"""What the two losses ask of the present weights: do they pull the encoder the same way, and how strongly?"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from faceswap_lab.data.regions import Ellipses
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.scores import judged
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.step.objective import Objective
from faceswap_lab.training.step.regions import region_masks


def gradient_diagnostics(
    model: Autoencoder,
    held_out: HeldOut,
    objective: Objective,
    faces: int = 32,
    ellipses: Mapping[str, Ellipses] | None = None,
    weights: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Take each side's loss on undistorted held-out faces that are input and target at once, and look at its gradients.

    The model is left as it was: mode, ``.grad``, ``requires_grad``, hooks; nothing random is used.

    Args:
        model: runs on its own device.
        held_out: the faces; the first ``faces`` of each side are used.
        objective: the loss of a side.
        faces: how many of each side, >= 1.
        ellipses: of each side, where the eyes and mouths of its faces are; needed where the objective is regional.
        weights: of terms of the loss that have another by now than they began with.

    Returns:
        finite numbers by name; what does not exist is left out:

        - ``grad_cosine``: cosine between the gradients of loss_A and of loss_B with respect to the weights of the first
          part that A and B share and that is trained (the encoder), in [-1, 1]: 1 = both ask for the same change,
          below 0 = one undoes the other. Of every further such part ``grad_cosine_<part>``. Only where neither gradient
          is zero.
        - ``preact_grad_A``, ``preact_grad_B``, … of every side: root mean square of the gradient of its loss with
          respect to the decoder's pre-activation z, times the number of its values, so that neither batch nor picture
          size matters. Mean absolute error behind a linear output in the unit range gives exactly 1; behind any other
          output, the root mean square of its slope, 1/2 for linear in the signed range. A mask that weighs the face
          alone and covers a share s of the picture brings a factor 1/sqrt(s).
    """
    shared = _shared_by_the_pair(model)
    trained = [p for part in shared for p in model.parts[part].parameters()]
    numbers: dict[str, float] = {}
    pulls: list[dict[str, Tensor]] = []  # of A and of B: by part the gradient
    with judged(model) as device, torch.enable_grad():
        for side in model.sides:
            x, mask = (part[side][:faces].to(device) for part in (held_out.images, held_out.masks))
            z = model.pre_activation(side, x).requires_grad_()
            masks = region_masks(mask, torch.from_numpy(ellipses[side][:faces])) if ellipses else {"face": mask}
            found, _ = objective(model.picture(z, side), x, masks, weights or {})
            at_z, *at_weights = torch.autograd.grad(found, [z, *(trained if side in model.sides[:2] else [])])
            numbers[f"preact_grad_{side}"] = float(at_z.cpu().double().square().mean().sqrt()) * at_z.numel()
            if at_weights:
                pulls.append(_by_part(model, shared, at_weights))
    for i, part in enumerate(shared if len(pulls) == 2 else ()):
        norm = float(pulls[0][part].norm() * pulls[1][part].norm())
        name = "grad_cosine" if i == 0 else f"grad_cosine_{part}"
        numbers |= {name: float(pulls[0][part] @ pulls[1][part]) / norm} if norm > 0 else {}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _shared_by_the_pair(model: Autoencoder) -> list[str]:
    """Return the parts with trained weights that both A and B go through, in the order of A's route."""
    pair = set(model.sides[:2])
    parts = [name for name in model.topology.parts if pair <= set(model.topology.users(name))]
    return [name for name in parts if any(p.requires_grad for p in model.parts[name].parameters())]


def _by_part(model: Autoencoder, parts: list[str], gradients: list[Tensor]) -> dict[str, Tensor]:
    """Return each part's gradient as one vector of float64, which MPS has not: on the CPU."""
    rest = iter(gradient.cpu().double().flatten() for gradient in gradients)
    return {part: torch.cat([next(rest) for _ in model.parts[part].parameters()]) for part in parts}
