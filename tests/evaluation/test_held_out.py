import numpy as np
import pytest
import torch

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.evaluation import held_out as held_out_module
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from, mean_faces
from tests.evaluation.pictures import drawn_data, noise


def faces(seed, n, size):
    rng = np.random.default_rng(seed)
    masks = rng.integers(1, 256, (n, size, size), dtype=np.uint8)
    return Faces.joined(rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8), masks)


def test_the_crop_is_the_mean_of_the_central_blocks():
    sides = {"A": faces(0, 3, 16), "B": faces(1, 3, 16)}
    held_out = held_out_from(FaceData(sides, sides, paired=False, fingerprint=""), resolution=4, coverage=0.5)
    for side, stored in sides.items():
        blocks = stored.images[:, 4:12, 4:12].reshape(3, 4, 2, 4, 2, 3).mean((2, 4)).transpose(0, 3, 1, 2)
        assert np.abs(held_out.images[side].numpy() * 255 - blocks).max() <= 0.51
        masks = stored.masks[:, 4:12, 4:12].reshape(3, 4, 2, 4, 2).mean((2, 4))
        assert np.abs(held_out.masks[side][:, 0].numpy() * 255 - masks).max() <= 0.51
    assert held_out.resolution == 4
    assert held_out.states is None


def test_twins_keep_their_states():
    data = drawn_data(n=1, held_out=3)
    held_out = held_out_from(data, 20, 1.0)
    assert held_out.paired
    np.testing.assert_array_equal(held_out.states, data.held_out["A"].states)


def test_of_very_many_the_first_are_judged(monkeypatch):
    data = drawn_data(n=1, held_out=5)
    every = held_out_from(data, 20, 1.0)
    monkeypatch.setattr(held_out_module, "MOST_JUDGED", 3)
    some = held_out_from(data, 20, 1.0)
    for side in "AB":
        assert torch.equal(some.images[side], every.images[side][:3])
        assert torch.equal(some.masks[side], every.masks[side][:3])
    np.testing.assert_array_equal(some.states, every.states[:3])


def test_the_mean_face_is_the_mean_of_all_crops_however_many_are_read_at_once():
    train = {"A": faces(0, 300, 8), "B": faces(1, 2, 8)}  # 300 is more than one chunk
    means = mean_faces(train, resolution=4, coverage=0.5)
    for side, stored in train.items():
        expected = stored.images[:, 2:6, 2:6].mean(0).transpose(2, 0, 1) / 255
        np.testing.assert_allclose(means[side].numpy(), expected, atol=1e-6)


def test_empty_masks_are_refused():
    masks = {"A": torch.ones(3, 1, 8, 8), "B": torch.zeros(3, 1, 8, 8)}
    with pytest.raises(ValueError, match=r"side B: the masks of faces \[0, 1, 2\] are empty"):
        HeldOut({"A": noise(0, 3, 8), "B": noise(1, 3, 8)}, masks, None, paired=True)
