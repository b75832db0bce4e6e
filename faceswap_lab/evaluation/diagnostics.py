"""Numbers that explain a run rather than judge it: how the sides share the code, dead units, saturated pixels."""

import torch
from torch import Tensor

from faceswap_lab.evaluation.codes import kernel_alignment, probe_accuracy, twins_found
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.scores import judged
from faceswap_lab.evaluation.units import watched
from faceswap_lab.models.autoencoder import Autoencoder

BATCH = 64


def diagnose(model: Autoencoder, held_out: HeldOut) -> dict[str, float]:
    """Look inside a model while it reconstructs the held-out faces, each side through its own encoder and decoder.

    The model is left as it was: mode, gradients, hooks; nothing random is used.

    Args:
        model: runs on its own device.
        held_out: the faces; all of them are used.

    Returns:
        finite numbers by name; what does not exist is left out:

        - ``code_twins_AB``, ``code_twins_BA``: share of one side's codes whose nearest code of the other side is the
          twin's; chance is 1/N (paired faces only; see ``codes.twins_found``).
        - ``code_cka``: centred kernel alignment of the twins' codes, debiased, in [-1, 1]; 0 = unrelated (paired faces
          only; see ``codes.kernel_alignment``).
        - ``code_probe``: how often a linear probe tells the side from the code; 0.5 = it cannot, 1 = always (see
          ``codes.probe_accuracy``). With two encoders these four compare two separate spaces.
        - ``saturated_A``, ``saturated_B``: share of the values of the side's reconstructions where the output
          activation is flat; 0 for linear (see ``units`` for flat).
        - ``dead_<layer>``: share of the layer's filters that never left the flat part of their activation, at any
          position of any face. Layers: ``encoder_0`` …, ``encoder_up`` (``encoder_A_0`` … with two encoders),
          ``decoder_A_0`` …: the part's name, and the stage. Under relu such a unit is dead in the usual sense: no
          gradient passes. Under leaky_relu and prelu it is always on the branch of the smaller slope: still trained,
          but a straight line.
    """

    def output(z: Tensor) -> Tensor:
        return model.output(z, model.architecture.value_range)

    codes: dict[str, Tensor] = {}
    with judged(model) as device:
        with watched(model) as units:
            for side in model.sides:
                for faces in held_out.images[side].split(BATCH):
                    units.see_output(side, output, model.pre_activation(side, faces.to(device)))
        for side in model.sides[:2]:
            parts = [model.code(faces.to(device), side).cpu().double() for faces in held_out.images[side].split(BATCH)]
            codes[side] = torch.cat(parts)
    seen = {f"saturated_{side}": share for side, share in units.saturated_shares().items()}
    seen |= {f"dead_{layer}": share for layer, share in units.dead_shares().items()}
    a, b = codes.values()
    return (_compare(a, b, held_out.paired) if a.shape[1] == b.shape[1] else {}) | seen


def _compare(a: Tensor, b: Tensor, paired: bool) -> dict[str, float]:
    """Compare the codes (N, units); nothing can be said of codes that are not finite."""
    if not (a.isfinite().all() and b.isfinite().all()):
        return {}
    numbers = {"code_probe": probe_accuracy(a, b)}
    if paired:
        numbers |= {
            "code_twins_AB": twins_found(a, b),
            "code_twins_BA": twins_found(b, a),
            "code_cka": kernel_alignment(a, b),
        }
    return {name: number for name, number in numbers.items() if number is not None}
