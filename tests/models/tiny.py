"""The smallest models that have every part."""

from dataclasses import replace

from faceswap_lab.models.autoencoder import Architecture


def tiny(resolution=32, **changes):
    """Return an architecture of width 4 and code 8, with ``changes``."""
    halvings = resolution.bit_length() - 3
    base = Architecture(
        resolution=resolution,
        encoder_widths=(4,) * halvings,
        code_size=8,
        bridge_width=4,
        decoder_widths=(4,) * (halvings - 1),
    )
    return replace(base, **changes)
