"""What a configuration's augmentation makes of each side's samples."""

from dataclasses import replace

import numpy as np
import pytest

from faceswap_lab.data.colours import TRANSFERS
from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.data.landmark_warp import training_landmarks
from faceswap_lab.data.warp import Recipe
from faceswap_lab.training.build import samplers_of
from faceswap_lab.twins import State, state_vector
from tests.data.recipes import WARP_2018
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


def test_a_recipe_has_the_numbers_of_its_yaml():
    words = ["rotation=7", "zoom=0.14", "shift=0.03", "jitter=15", "coverage=0.6", "grid=0.7", "two_stage=true"]
    samplers = samplers_of(config_for("augmentation=warp_dfl", *(f"augmentation.{word}" for word in words)), data_of(8))
    due = Recipe("warp_dfl", 7.0, 0.14, 0.03, 0.4, 15.0, 0.6, False, True, 0.7, fitted=False, nodes="dfl_cells")
    assert {side: sampler.recipe for side, sampler in samplers.items()} == {"A": due, "B": replace(due, flip=0.0)}
    plain = samplers_of(config_for("augmentation=warp_2018"), data_of(8))["B"].recipe
    assert plain == WARP_2018


def rendered(held_out: State) -> FaceData:
    """Three people in two states each, and a held-out one."""
    states = [np.stack([state_vector(State(yaw=0.1 * i + j)) for j in (0.0, 0.3)]) for i in range(3)]
    train = {side: Faces(np.zeros((2, 128, 128, 4), np.uint8), rows) for side, rows in zip("ABC", states)}
    kept = Faces(np.zeros((1, 128, 128, 4), np.uint8), state_vector(held_out)[None])
    return FaceData(train, dict.fromkeys("ABC", kept), paired=True, fingerprint="", people=("ada", "ben", "cleo"))


def test_landmarks_are_moved_to_those_of_the_next_sides_training_faces():
    data = rendered(State(yaw=-0.5))
    config = config_for("augmentation=warp_landmarks", "data.identities=[ada,ben,cleo]")
    samplers, points = samplers_of(config, data), training_landmarks(data)
    for side, other in ("AB", "BC", "CA"):
        warp = samplers[side].landmarks
        assert warp is not None
        np.testing.assert_array_equal(warp.own, points[side])
        np.testing.assert_array_equal(warp.other, points[other])
    for side, sampler in samplers_of(config, rendered(State(yaw=0.5, smile=1.0))).items():
        for got, due in zip(sampler.places(0, 4), samplers[side].places(0, 4)):
            np.testing.assert_array_equal(got, due)
    assert samplers_of(config_for("augmentation=warp_2018"), data)["A"].landmarks is None
