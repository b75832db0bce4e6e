"""Noise of many shapes. Each draws (studies, n) values; TRUE_MEAN is what their mean should be."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]

SYMMETRIC: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy tails (t3)": lambda rng, shape: rng.standard_t(3, shape),
    "lognormal − lognormal": lambda rng, shape: rng.lognormal(size=shape) - rng.lognormal(size=shape),
}
SKEWED: dict[str, Draw] = {
    "exponential": lambda rng, shape: rng.standard_exponential(shape),
    "lognormal": lambda rng, shape: rng.lognormal(size=shape),
    "one seed in ten collapses": lambda rng, shape: rng.standard_normal(shape) + 5 * (rng.random(shape) < 0.1),
}
DRAWS = SYMMETRIC | SKEWED
TRUE_MEAN = dict.fromkeys(SYMMETRIC, 0.0) | {
    "exponential": 1.0,
    "lognormal": float(np.exp(0.5)),
    "one seed in ten collapses": 0.5,
}
