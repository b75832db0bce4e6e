import numpy as np
import pytest

from faceswap_lab.twins import Head, identity
from faceswap_lab.twins.likeness import colour_difference, lightness, shape_difference


def test_lightness_and_colours_are_those_of_cielab():
    """Reference values: white and black by definition, sRGB's red from the standard's own conversion."""
    assert lightness((0, 0, 0)) == pytest.approx(0, abs=0.01)
    assert lightness((255, 255, 255)) == pytest.approx(100, abs=0.01)
    assert lightness((255, 0, 0)) == pytest.approx(53.24, abs=0.05)
    assert colour_difference((255, 255, 255), (0, 0, 0)) == pytest.approx(100, abs=0.05)
    assert colour_difference((255, 0, 0), (0, 0, 0)) == pytest.approx(np.linalg.norm([53.24, 80.09, 67.20]), abs=0.1)


def test_the_difference_of_shapes_is_a_distance_in_millimetres():
    ada, ben, cleo = map(identity, ("ada", "ben", "cleo"))
    assert shape_difference(ada, ada) == 0
    assert shape_difference(ada, ben) == shape_difference(ben, ada) > 2
    assert shape_difference(ada, ben) <= shape_difference(ada, cleo) + shape_difference(cleo, ben)
    # the heads themselves, whose skin is swollen by hair and clothes but not in the middle of the face
    nose = Head(ada).landmarks[0]
    apart = 100 * np.linalg.norm(Head(ada).vertices[nose] - Head(ben).vertices[nose])
    assert 0.1 * apart < shape_difference(ada, ben) < 10 * apart
