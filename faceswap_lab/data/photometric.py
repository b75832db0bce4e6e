"""Changes of colour, noise and sharpness, from albumentations, listed by name.

Off by default. The list is closed on purpose: only transforms that leave every pixel where it is, so that input, target
and mask stay registered, and none that a configuration could make run code of its own.

Lists of numbers become tuples, as albumentations wants them; YAML has no tuples.
"""

import importlib
import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.refusal import nearest

TRANSFORMS = (
    "CLAHE",
    "ColorJitter",
    "GaussNoise",
    "GaussianBlur",
    "HueSaturationValue",
    "ISONoise",
    "Illumination",
    "ImageCompression",
    "MotionBlur",
    "PlanckianJitter",
    "RGBShift",
    "RandomBrightnessContrast",
    "RandomGamma",
    "RandomToneCurve",
    "Sharpen",
    "ToGray",
)


class Photometric:
    """A sequence of photometric transforms whose randomness is a function of a seed.

    albumentations is imported here and only here: it takes seconds, and most runs do without.

    Args:
        transforms: one mapping each: ``name``, one of ``TRANSFORMS``, and the parameters of that albumentations class,
            e.g. ``{"name": "RandomGamma", "gamma_limit": [80, 120], "p": 0.5}``.

    Raises:
        ValueError: for a missing or unknown name, an unknown parameter, or a value that albumentations refuses.
    """

    def __init__(self, transforms: Sequence[Mapping[str, Any]]) -> None:
        names = [_name(transform) for transform in transforms]
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # or its import asks the network for a newer version
        library = importlib.import_module("albumentations")
        self._compose = library.Compose(
            [_build(getattr(library, name), transform) for name, transform in zip(names, transforms)]
        )

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Return a changed copy of an RGB uint8 picture (S, S, 3), by a seed in [0, 2**63) of this sample alone."""
        self._compose.set_random_seed(seed)  # per sample: albumentations gives every worker the same stream otherwise
        return self._compose(image=image)["image"]


def _name(transform: Mapping[str, Any]) -> str:
    if "name" not in transform:
        raise ValueError(f"a photometric transform needs a name: {dict(transform)}; allowed: {', '.join(TRANSFORMS)}")
    name = transform["name"]
    if name not in TRANSFORMS:
        raise ValueError(
            f"unknown photometric transform {name!r}.{nearest(name, TRANSFORMS)} Known: {', '.join(TRANSFORMS)}."
        )
    return name


def _build(cls: type, transform: Mapping[str, Any]) -> Any:
    """Make one transform. albumentations only warns of a parameter that it does not know; a typo would go unseen."""
    parameters = {key: _tuples(value) for key, value in transform.items() if key != "name"}
    allowed = [key for key in inspect.signature(cls).parameters if key != "self"]
    for key in parameters:
        if key not in allowed:
            raise ValueError(
                f"{cls.__name__} has no parameter {key!r}.{nearest(key, allowed)} Known: {', '.join(allowed)}."
            )
    try:
        return cls(**parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{cls.__name__} refuses {parameters}: {error}") from error


def _tuples(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_tuples(item) for item in value)
    return value
