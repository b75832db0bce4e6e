"""What a configuration's augmentation makes of each side's samples."""

import numpy as np
import pytest

from faceswap_lab.data.colours import TRANSFERS
from faceswap_lab.training.build import samplers_of
from tests.training.configs import config_for
from tests.training.test_colour_match import data_of

NONE = "augmentation=none"


def batches(*words: str) -> dict[str, np.ndarray]:
    """Return the first 80 targets of both sides."""
    samplers = samplers_of(config_for(NONE, *words), data_of(8))
    return {side: sampler.batch(0, 80).target for side, sampler in samplers.items()}


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("moved", ["A", "B"])
def test_one_sides_samples_get_the_others_colours(name: str, moved: str):
    plain, got = batches(), batches(f"colour_match={name}", f"colour_match.moves={moved}")
    other = "B" if moved == "A" else "A"
    assert np.array_equal(got[other], plain[other])
    apart = abs(plain[moved].mean((0, 1, 2)) - plain[other].mean((0, 1, 2)))
    left = abs(got[moved].mean((0, 1, 2)) - plain[other].mean((0, 1, 2)))
    assert left.mean() < apart.mean() / 2  # each channel's order of dark and bright stays, so reinhard's are not equal
    assert apart.mean() > 30


def test_each_side_is_mirrored_as_often_as_it_is_said():
    def flip(*words: str) -> dict[str, float]:
        samplers = samplers_of(config_for("augmentation=warp_2018", *words), data_of(8))
        return {side: sampler.recipe.flip for side, sampler in samplers.items()}

    assert flip() == {"A": 0.4, "B": 0.4}
    assert flip("augmentation.flips=[0.1]") == {"A": 0.1, "B": 0.4}
    assert flip("augmentation.flips=[0.4,0.0]") == {"A": 0.4, "B": 0.0}
