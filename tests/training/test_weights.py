import json
import pickle
from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.training.weights import load_weights, save_weights
from tests.models.tiny import tiny

ARCHITECTURES = [
    tiny(),
    tiny(64, encoders=2, encoder_start="equal"),
    tiny(encoder_activation="prelu", encoder_slope=0.3, decoder_activation="tanh", value_range="signed"),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_round_trip(architecture, tmp_path):
    model = Autoencoder(architecture, seed=4)
    model.get_buffer("colour_shift")[0] = 0.25
    model.to(memory_format=torch.channels_last)  # as training has it
    save_weights(tmp_path / "w.safetensors", model)
    loaded = load_weights(tmp_path / "w.safetensors")
    assert loaded.architecture == architecture
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    x = torch.rand(2, 3, architecture.resolution, architecture.resolution)
    torch.testing.assert_close(loaded.swap(x, "A", "B"), model.swap(x, "A", "B"))


def test_the_same_weights_are_the_same_bytes(tmp_path):
    for name in "12345678":
        save_weights(tmp_path / name, Autoencoder(tiny()))
    assert len({(tmp_path / name).read_bytes() for name in "12345678"}) == 1


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save_weights(path, Autoencoder(tiny()))
    return path.read_bytes()


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_refused_by_name_or_is_still_a_model(good, tmp_path_factory, data):
    """Header bytes decide; a changed weight cannot be told from another weight."""
    at = data.draw(st.integers(0, 3000))
    damaged = bytearray(good)
    damaged[at] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del damaged[at:]
    path = tmp_path_factory.mktemp("damaged") / "w.safetensors"
    path.write_bytes(damaged)
    try:
        loaded, said = load_weights(path), ""
    except ValueError as error:
        loaded, said = None, str(error)
    assert isinstance(loaded, Autoencoder) or str(path) in said


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("code from a file was run",)


def described(**changes):
    return {"faceswap_lab": json.dumps({"format": 1, "architecture": asdict(tiny()) | changes})}


STRANGERS = {
    "none": None,
    "other": {"format": "pt"},
    "list": {"faceswap_lab": "[]"},
    "later": {"faceswap_lab": json.dumps({"format": 2, "architecture": {}})},
    "huge": described(code_size=10**12),
    "key": described(surprise=1),
    "type": described(encoder_widths="abc"),
    "activation": described(decoder_activation="os.system"),
    "more sides": described(sides=["A", "B", "C"]),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_strangers_file_is_refused(stranger, tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({n: t.contiguous() for n, t in Autoencoder(tiny()).state_dict().items()}, path, STRANGERS[stranger])
    with pytest.raises(ValueError, match=r"w\.safetensors holds no weights of faceswap_lab: .+"):
        load_weights(path)


def test_no_pickle_is_read(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="holds no weights"):
        load_weights(path)
    with pytest.raises(ValueError, match="holds no weights"):
        load_weights(tmp_path / "absent")


def test_nothing_half_written_is_left(tmp_path):
    with pytest.raises(StorageError):
        save_weights(tmp_path / "no folder" / "w.safetensors", Autoencoder(tiny()))
