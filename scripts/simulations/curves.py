"""Does the band around a difference of curves hold the whole true curve?"""

import numpy as np
from numpy.typing import NDArray
from simulations.tables import table

from faceswap_lab.studies.statistics.curves import curve_difference


def curves(rng: np.random.Generator, seeds: int, steps: int, memory: float) -> NDArray[np.float64]:
    """(seeds, steps) stationary curves with a mean of zero; ``memory`` is the correlation of neighbouring steps."""
    noise = rng.standard_normal((seeds, steps))
    values = noise.copy()
    for step in range(1, steps):
        values[:, step] = memory * values[:, step - 1] + np.sqrt(1 - memory**2) * noise[:, step]
    return values


def report(studies: int) -> str:
    rows = []
    for seeds in (3, 5, 8, 20):
        for steps, memory in ((5, 0.8), (20, 0.0), (20, 0.97), (100, 0.97)):
            band, pointwise, width = _coverage(seeds, steps, memory, studies)
            rows.append([seeds, steps, f"{memory:g}", band, pointwise, f"{width:.2f}"])
    header = ["seeds", "steps", "correlation of neighbours", "band holds everywhere, %"]
    return table([*header, "pointwise interval holds everywhere, %", "band ÷ pointwise width"], rows)


def _coverage(seeds: int, steps: int, memory: float, studies: int) -> tuple[float, float, float]:
    rng = np.random.default_rng(9)
    in_band, in_pointwise, widths = [], [], []
    for _ in range(studies):
        values = curves(rng, seeds, steps, memory)
        zero = {seed: dict.fromkeys(range(steps), 0.0) for seed in range(seeds)}
        result = curve_difference(zero, {seed: dict(enumerate(row)) for seed, row in enumerate(values)})
        in_band.append(((result.band_low <= 0) & (result.band_high >= 0)).all())
        in_pointwise.append(((result.low <= 0) & (result.high >= 0)).all())
        widths.append(np.median((result.band_high - result.band_low) / (result.high - result.low)))
    return 100 * float(np.mean(in_band)), 100 * float(np.mean(in_pointwise)), float(np.median(widths))
