"""Programs of the field that are no peers here, and what each needs that the lab has not."""

from collections.abc import Iterable

from faceswap_lab.refusal import NoSuchOption

MISSING = {
    "faceswap_gan": "perceptual losses (VGGFace, pretrained), self-attention, norms after the activation, halving "
    "kernels of 3, a first layer that halves nothing, ReLU in the encoder alone, an alpha mask that mixes what is "
    "drawn into the input and has losses of its own, heads at several sizes, discriminators of mixed pictures beside "
    "their inputs, updated on other faces, L2 on kernels, a loss on what is swapped there and back",
    "combmodel": "levels that are added and blended while it trains, heads at each of them, pairs of convolutions with "
    "max pooling, a code of one pixel without dense layers, up to 1024 px",
    "phaze_a": "a G-block, noise, pretrained backbones (sym384, stojo, clipfaker), and for dny256 to dny1024 pairs of "
    "convolutions, max pooling, 512 and 1024 px. Its other presets are peers: "
    "phaze_a_dfl_sae_df, phaze_a_dfl_sae_liae, phaze_a_dfl_saehd_df, phaze_a_dfl_saehd_liae, and the networks of "
    "faceswap_original_2026, faceswap_lightweight, faceswap_iae, faceswap_dfaker, dfl_h128",
}
"""By name: what is missing. After deepfakes/faceswap, iperov/DeepFaceLab, shaoanlu/faceswap-GAN, cglukas/combModel."""


def no_such_peer(name: str, known: Iterable[str]) -> NoSuchOption | None:
    """Return the refusal of a program that is known and cannot be built here; None: nobody knows that name."""
    if name not in MISSING:
        return None
    said = f"+peer={name}: not here yet. It needs {MISSING[name]}. Peers: {', '.join(known)}."
    return NoSuchOption(f"peer={name}", said)
