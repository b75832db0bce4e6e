"""Real spherical harmonics up to degree 3: a smooth function of direction in sixteen numbers.

Used for soft self-shadowing by precomputed visibility (Sloan, Kautz & Snyder, "Precomputed radiance transfer",
SIGGRAPH 2002): the pack holds for every vertex which directions are open, and a light asks for one direction.
"""

import numpy as np
from numpy.typing import NDArray

BASIS_SIZE = 16
# Lanczos window over the degrees 0…3: without it a truncated series rings, and a lit cheek gets bright and dark rings.
WINDOW = np.repeat(np.sinc(np.arange(4) / 4.6), [1, 3, 5, 7])


def basis(directions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Evaluate the orthonormal real basis.

    Args:
        directions: (..., 3) unit vectors.

    Returns:
        (..., 16) values, degree by degree, order from -l to l.
    """
    x, y, z = (np.asarray(directions[..., k], np.float64) for k in range(3))
    one = np.ones_like(x)
    terms = [
        0.28209479177387814 * one,
        0.4886025119029199 * y,
        0.4886025119029199 * z,
        0.4886025119029199 * x,
        1.0925484305920792 * x * y,
        1.0925484305920792 * y * z,
        0.31539156525252005 * (3 * z * z - 1),
        1.0925484305920792 * x * z,
        0.5462742152960396 * (x * x - y * y),
        0.5900435899266435 * y * (3 * x * x - y * y),
        2.890611442640554 * x * y * z,
        0.4570457994644658 * y * (5 * z * z - 1),
        0.3731763325901154 * z * (5 * z * z - 3),
        0.4570457994644658 * x * (5 * z * z - 1),
        1.445305721320277 * z * (x * x - y * y),
        0.5900435899266435 * x * (x * x - 3 * y * y),
    ]
    return np.stack(terms, -1)
