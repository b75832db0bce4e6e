"""A trained model in a person's hands: it sees what the run was judged on, and refuses what cannot be that."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from faceswap_lab.evaluation.held_out import held_out_from
from faceswap_lab.training.saved.trained import TrainedModel
from faceswap_lab.training.saved.weights import load_weights
from tests.training.configs import noise_data
from tests.training.tracking.mirrored import Killed, killed, run_in


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = run_in(tmp_path_factory.mktemp("runs"), "csv", "augmentation.coverage=0.625")
    run.train_and_judge()
    return run


@pytest.fixture(scope="module")
def model(run):
    return TrainedModel(run.folder.path)


@pytest.fixture(scope="module")
def faces():
    """Stored faces (N, 128, 128, 3) and what the network sees of them (N, 3, 32, 32)."""
    data = noise_data()
    return data.held_out["A"].images.copy(), held_out_from(data, 32, 0.625).images["A"]


def as_bytes(tensor):
    return np.rint(tensor.clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_it_says_what_it_is(run, model):
    assert (model.sides, model.resolution, model.coverage, model.seed) == (("A", "B"), 32, 0.625, 0)
    assert model.metrics["loss_A"] > 0
    assert model.config["optimizer"]["lr"] == run.config.optimizer.lr
    assert "A and B at 32 px" in repr(model)


@pytest.mark.parametrize(("source", "target"), ["AB", "BA"])
def test_a_swap_is_that_of_the_crop_which_the_run_is_judged_on(source, target, run, model, faces):
    network, (stored, seen) = load_weights(run.folder.weights), faces
    with torch.no_grad():
        expected = as_bytes(network.swap(seen, source, target))
    assert (model.swap(stored, source, target) == expected).all()
    assert (model.swap(stored[0], source, target) == expected[0]).all()
    assert (model.swap(as_bytes(seen), source, target, cropped=True) == expected).all()


def test_reconstructions_codes_and_crops_are_those_of_the_network(run, model, faces):
    network, (stored, seen) = load_weights(run.folder.weights), faces
    with torch.no_grad():
        assert (model.reconstruct(stored, "B") == as_bytes(network.reconstruct("B", seen))).all()
        code = network.code(seen, "A").numpy()
    assert np.allclose(model.code(stored), code, atol=1e-6)
    assert model.code(stored[1]).shape == code[1].shape
    assert (model.cropped(stored) == as_bytes(seen)).all()


def test_a_file_is_large_enough_where_the_run_sees_little_of_its_pictures(tmp_path, run, faces):
    model = TrainedModel(run.folder.path)
    model.coverage = 0.2  # the lab stores 4 px for each that the network sees, and here it needs 5
    large = np.asarray(Image.fromarray(faces[0][0]).resize((160, 160)))
    (tmp_path / "large.png").write_bytes(png(large))
    assert (np.asarray(model.cropped(tmp_path / "large.png")) == model.cropped(large)).all()


def test_what_comes_back_is_of_the_kind_that_was_given(tmp_path, model, faces):
    stored = faces[0]
    expected = model.swap(stored[0])
    (tmp_path / "face.png").write_bytes(png(stored[0]))
    for given in (tmp_path / "face.png", str(tmp_path / "face.png"), Image.fromarray(stored[0])):
        swapped = model.swap(given)
        assert isinstance(swapped, Image.Image)
        assert (np.asarray(swapped) == expected).all()
    for kind in (np.float32, np.float64):
        floats = model.swap((stored / 255).astype(kind))
        assert floats.dtype == kind
        assert floats.shape == (len(stored), 32, 32, 3)
        assert np.abs(floats[0] * 255 - expected).max() <= 0.5 + 1e-4


def test_more_faces_than_one_pass_takes(model, faces):
    many = np.repeat(faces[0], 40, axis=0)
    swapped = model.swap(many)
    assert swapped.shape == (80, 32, 32, 3)
    assert np.abs(swapped[79].astype(int) - model.swap(faces[0][1])).max() <= 1  # rounding differs with the batch


SQUARE = np.zeros((128, 128, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (SQUARE[:, :100], "100×128, not square"),
        (Image.fromarray(SQUARE[:, :100]), "100×128, not square"),
        (SQUARE[:51, :51], "51 px a side.*central 62.5%: give 52 px or more, or say cropped=True"),
        (SQUARE.astype(np.int64), "array of int64. Give uint8"),
        (SQUARE.astype(np.float32) + 255, "floats from 255 to 255"),
        (SQUARE - np.float32(0.5), "floats from -0.5"),
        (np.full((128, 128, 3), np.nan), "floats from nan"),
        (SQUARE[..., 0], "shape .128, 128."),
        (SQUARE.transpose(2, 0, 1), "the channels last"),
        (SQUARE[:0], "shape .0,"),
        (Image.new("RGBA", (128, 128)), "mode RGBA"),
        ("/no/such/file.png", "/no/such/file.png: there is no such file"),
        (__file__, "test_trained.py: no .* picture"),
    ],
)
def test_what_cannot_be_such_a_picture_is_refused(given, told, model):
    for look in (model.swap, model.reconstruct, model.code):
        with pytest.raises(ValueError, match=told):
            look(given)


def test_a_crop_that_is_too_small_is_refused(model):
    with pytest.raises(ValueError, match=r"31 px a side.*give 32 px or more\."):
        model.swap(SQUARE[:31, :31], cropped=True)


@pytest.mark.parametrize("ask", [lambda m, x: m.swap(x, "A", "C"), lambda m, x: m.reconstruct(x, "a")])
def test_an_unknown_side_is_refused(ask, model):
    with pytest.raises(ValueError, match="this run knows A, B"):
        ask(model, SQUARE)


def test_what_is_not_finished_or_is_damaged_is_refused(tmp_path, run):
    with pytest.raises(ValueError, match=r"weights\.safetensors holds no finished run"):
        TrainedModel(run.folder.weights)
    with pytest.raises(ValueError, match="holds no finished run"):
        TrainedModel(tmp_path)
    with pytest.raises(Killed):
        run_in(tmp_path, "csv", after={7: killed}).train_and_judge()
    with pytest.raises(ValueError, match="holds no finished run"):
        TrainedModel(next(tmp_path.glob("two*")))
    other = run_in(tmp_path, "csv")
    other.train_and_judge()
    other.folder.weights.write_bytes(run.folder.weights.read_bytes()[:-1])
    with pytest.raises(ValueError, match="checksum"):
        TrainedModel(other.folder.path)
