"""Programs of the field that are no peers here, and what each needs that the lab has not."""

from collections.abc import Iterable

from faceswap_lab.refusal import NoSuchOption

MISSING = {
    "dfaker": "residual blocks without biases, a warp to the other side's landmarks; near it: faceswap_dfaker",
    "realface": "dense layers and decoders of unequal sizes that shrink together, residual blocks without biases",
    "unbalanced": "a norm in two stages of the encoder alone, upscales of kernel 5, dropout; weaker: topology=weaker_a",
    "dlight": "256 px, pooling beside convolutions, batch normalisation, dropout",
    "villain": "16 residual blocks in a row and a skip around them, separable convolutions, an encoder that shuffles",
    "faceswap_gan": "perceptual losses (VGGFace, pretrained), self-attention, an alpha mask, mixed pictures",
    "combmodel": "levels that are added while it trains, heads at each of them, up to 1024 px",
    "phaze_a": "a G-block, noise, pretrained backbones; its presets without them are other peers: "
    "faceswap_lightweight, faceswap_iae, dfl_h128, dfl_sae_df",
}
"""By name: what is missing. After deepfakes/faceswap, iperov/DeepFaceLab, shaoanlu/faceswap-GAN, cglukas/combModel."""


def no_such_peer(name: str, known: Iterable[str]) -> NoSuchOption | None:
    """Return the refusal of a program that is known and cannot be built here; None: nobody knows that name."""
    if name not in MISSING:
        return None
    said = f"+peer={name}: not here yet. It needs {MISSING[name]}. Peers: {', '.join(known)}."
    return NoSuchOption(f"peer={name}", said)
