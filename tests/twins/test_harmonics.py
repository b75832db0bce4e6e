import numpy as np
from scipy.special import sph_harm_y

from faceswap_lab.twins.harmonics import basis


def test_basis_is_the_real_spherical_harmonics_up_to_sign():
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    polar, around = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    columns = []
    for degree in range(4):
        for order in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(order), polar, around)
            part = value.real if order >= 0 else value.imag
            columns.append(part * (np.sqrt(2) if order else 1))
    np.testing.assert_allclose(np.abs(basis(directions)), np.abs(np.stack(columns, 1)), atol=1e-12)


def test_basis_is_orthonormal_on_the_sphere():
    count = 20000
    k = np.arange(count) + 0.5
    polar, around = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    sphere = np.stack([np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)], 1)
    values = basis(sphere)
    np.testing.assert_allclose(values.T @ values * (4 * np.pi / count), np.eye(16), atol=2e-3)
