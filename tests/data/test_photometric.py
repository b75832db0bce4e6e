import numpy as np
import pytest

from faceswap_lab.data.photometric import TRANSFORMS, Photometric

FACE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_is_a_function_of_picture_and_seed(name):
    transform = Photometric([{"name": name, "p": 1.0}])
    picture = FACE.copy()
    picture.flags.writeable = False
    first = transform(picture, 1)
    transform(picture, 2)
    again = transform(picture, 1)
    np.testing.assert_array_equal(first, again)
    assert first.shape == FACE.shape
    assert first.dtype == np.uint8
    assert (first != FACE).any()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_leaves_pixels_in_place(name):
    """A white left half stays the brighter half: what moves pixels would tear input, target and mask apart."""
    halves = np.full((32, 32, 3), 60, np.uint8)
    halves[:, :16] = 190
    changed = Photometric([{"name": name, "p": 1.0}])(halves, 3).astype(float).mean(axis=2)
    assert changed[:, :12].mean() > changed[:, 20:].mean() + 20


def test_probability_is_drawn_from_the_seed():
    transform = Photometric([{"name": "ToGray", "p": 0.5}])
    changed = [bool((transform(FACE, seed) != FACE).any()) for seed in range(200)]
    assert 70 < sum(changed) < 130


def test_lists_from_yaml_are_taken_as_ranges():
    darker = Photometric([{"name": "RandomGamma", "gamma_limit": [200, 200], "p": 1}])(FACE, 0)
    assert darker.mean() < FACE.mean() - 10


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        ({"name": "randomGama"}, r"'randomGama'. Did you mean 'RandomGamma'\? Known: CLAHE"),
        ({"name": "Lambda"}, "unknown photometric transform 'Lambda'"),
        ({"name": "HorizontalFlip"}, "unknown photometric transform 'HorizontalFlip'"),
        ({"p": 0.5}, "needs a name"),
        ({"name": "RandomGamma", "gama_limit": [1, 2]}, r"no parameter 'gama_limit'. Did you mean 'gamma_limit'\?"),
        ({"name": "RandomGamma", "p": 3}, r"RandomGamma refuses \{'p': 3\}"),
    ],
)
def test_wrong_transforms_are_refused_with_the_remedy(transform, message):
    with pytest.raises(ValueError, match=message):
        Photometric([transform])
