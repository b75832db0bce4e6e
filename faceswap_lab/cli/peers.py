"""Names of programs of the field that are no peers here: what each needs that the lab has not, or which peers it is."""

from collections.abc import Iterable

from faceswap_lab.refusal import NoSuchOption

MISSING = {
    "faceswap_gan": "perceptual losses (VGGFace, pretrained), self-attention, norms after the activation, a "
    "first convolution of kernel 5 and others of 3, ReLU in the encoder alone, an alpha mask that mixes what is drawn "
    "into the input and has losses of its own, discriminators of mixed pictures beside their inputs, updates on "
    "other faces than theirs, L2 on kernels, and above 64 px heads at several sizes",
    "phaze_a_sym384": "a pretrained backbone (EfficientNetV2-S), noise after upscales, and 384 px",
    "phaze_a_stojo": "a pretrained backbone (EfficientNet-B4), a G-block, and noise after upscales",
    "phaze_a_clipfaker128": "a pretrained backbone (FaRL's CLIP ViT-B/16)",
    "phaze_a_clipfaker256": "a pretrained backbone (FaRL's CLIP ViT-B/16)",
    "phaze_a_clipfaker448": "a pretrained backbone (FaRL's CLIP ViT-B/16), and 448 px",
}
"""By name: what is missing. After deepfakes/faceswap and shaoanlu/faceswap-GAN."""


def no_such_peer(name: str, known: Iterable[str]) -> NoSuchOption | None:
    """Return the refusal of a name that somebody knows: a program that cannot be built here, or words of several peers.

    ``saehd_udt`` and ``phaze_a`` are such words. None: nobody knows that name.
    """
    peers = list(known)
    several = [peer for peer in peers if set(name.split("_")) <= set(peer.split("_"))]
    if name in MISSING:
        said = f"+peer={name}: not here yet. It needs {MISSING[name]}. Peers: {', '.join(peers)}."
    elif several:
        said = f"+peer={name}: no peer has that name alone. Use one of {', '.join(several)}."
    else:
        return None
    return NoSuchOption(f"peer={name}", said)
