import numpy as np
import pytest

from faceswap_lab.data.faces import Faces
from faceswap_lab.evaluation.held_out import held_out_from
from faceswap_lab.evaluation.nulls import AVERAGED, POSE, POSE_AND_LIGHT, nearest_faces, null_swaps
from faceswap_lab.twins import STATE_FIELDS
from tests.evaluation.pictures import drawn_data, random_held_out


@pytest.mark.parametrize("by", [POSE, POSE_AND_LIGHT])
def test_the_nearest_are_found_as_a_plain_search_finds_them(by):
    rng = np.random.default_rng(0)
    train = Faces.joined(
        rng.integers(0, 256, (50, 8, 8, 3), dtype=np.uint8),
        np.full((50, 8, 8), 255, np.uint8),
        rng.normal(size=(50, len(STATE_FIELDS))).astype(np.float32)
        * rng.uniform(0.1, 9, len(STATE_FIELDS)).astype(np.float32),
    )
    asked = rng.normal(size=(7, len(STATE_FIELDS))).astype(np.float32)
    drawn = nearest_faces(train, asked, by, 8, 1.0).numpy()
    for state, picture in zip(asked, drawn, strict=True):
        distances = []
        for known in train.states:
            fields = [STATE_FIELDS.index(name) for name in by]
            distances.append(sum(((state[f] - known[f]) / train.states[:, f].std()) ** 2 for f in fields))
        near = sorted(range(50), key=distances.__getitem__)[:AVERAGED]
        expected = train.images[near].mean(0).transpose(2, 0, 1) / 255
        np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_there_is_one_of_each_kind_for_every_target_and_side():
    data = drawn_data()
    held_out = held_out_from(data, 20, 1.0)
    kinds = null_swaps(data.train, held_out, 1.0)
    assert list(kinds) == ["mean", "nearest", "nearest_lit"]
    for of in kinds.values():
        assert {side: faces.shape for side, faces in of.items()} == {side: held_out.images[side].shape for side in "AB"}
    assert list(null_swaps(data.train, random_held_out(paired=False, r=20), 1.0)) == ["mean"]
