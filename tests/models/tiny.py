"""The smallest models that have every part."""

from faceswap_lab.models.architecture import original


def tiny(resolution=32, **changes):
    """Return an architecture of 2018's family, of width 4 and code 8, with ``changes``."""
    halvings = resolution.bit_length() - 3
    sizes = {
        "resolution": resolution,
        "encoder_widths": (4,) * halvings,
        "code_size": 8,
        "bridge_width": 4,
        "decoder_widths": (4,) * (halvings - 1),
    }
    return original(**(sizes | changes))


def encoder_of(model, side):
    """Return the encoder that a side trains with."""
    return model.parts["encoder" if "encoder" in model.parts else f"encoder_{side}"]


def decoder_of(model, side):
    """Return a side's decoder."""
    return model.parts[f"decoder_{side}"]


def out_of(model, side):
    """Return the convolution at the end of a side's decoder."""
    return decoder_of(model, side).stages["out"]


def encoders_of(model):
    """Return all encoders, of a model of 2018's family."""
    return [part for name, part in model.parts.items() if name.startswith("encoder")]
