import dataclasses
import json
import pickle
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from faceswap_lab.models.architecture import Architecture, to_plain
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.norms import NORM_LAYERS, NORMS
from faceswap_lab.models.upsamplers import UPSAMPLERS, UPSCALES
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.topology import Blocks, Declared, expand
from faceswap_lab.training.build import _load
from faceswap_lab.training.saved.weights import load_part, load_weights, save_weights
from tests.models.tiny import tiny
from tests.topology.shipped import SIZES, architecture, shipped

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


@settings(max_examples=60)
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


def described(part=None, **changes):
    """Return what a file says of ``tiny()``, with changes to all of it or to the sizes of one part."""
    plain = deepcopy(to_plain(tiny()))
    (plain["parts"][part]["spec"] if part else plain).update(changes)
    return {"faceswap_lab": json.dumps({"format": 2, "architecture": plain})}


STRANGERS = {
    "none": None,
    "other": {"format": "pt"},
    "list": {"faceswap_lab": "[]"},
    "later": {"faceswap_lab": json.dumps({"format": 3, "architecture": {}})},
    "huge": described("encoder", code_size=10**12),
    "key": described(surprise=1),
    "size": described("encoder", surprise=1),
    "type": described("decoder_A", widths="abc"),
    "activation": described(decoder_activation="os.system"),
    "kind": described(parts={"encoder": {"kind": "os.system", "spec": {}, "start": "x"}}),
    "more sides": described(sides=["A", "B", "C"]),
    "old": {"faceswap_lab": json.dumps({"format": 1, "architecture": {"encoder_widths": "abc"}})},
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


BEFORE = Path(__file__).with_name("before_topologies")
SWAPS = {  # every thousandth value of A to B, as the commit before topologies drew it from these files
    "one": [0.5009635090827942, 0.5018847584724426, 0.4952428638935089, 0.5010532736778259],
    "two": [0.502267599105835, 0.5024886727333069, 0.4953233599662781, 0.5012851357460022],
}


@pytest.mark.parametrize("encoders", SWAPS)
def test_files_from_before_topologies_are_the_models_they_were(encoders):
    model = load_weights(BEFORE / f"{encoders}.safetensors")
    assert model.architecture == tiny(encoders={"one": 1, "two": 2}[encoders])
    x = torch.linspace(0, 1, 3 * 32 * 32).reshape(1, 3, 32, 32)
    with torch.no_grad():
        drawn = model.swap(x, "A", "B").flatten()[::1000].tolist()
    assert drawn == pytest.approx(SWAPS[encoders], abs=1e-6)


def test_a_part_is_read_by_name(tmp_path):
    model = Autoencoder(tiny(), seed=1)
    save_weights(tmp_path / "w.safetensors", model)
    part, architecture = load_part(tmp_path / "w.safetensors", "decoder_B")
    assert architecture == model.architecture
    assert part.keys() == model.parts["decoder_B"].state_dict().keys()
    assert all(torch.equal(tensor, part[name]) for name, tensor in model.parts["decoder_B"].state_dict().items())
    with pytest.raises(ValueError, match=r"no part inter. It has encoder, decoder_A, decoder_B"):
        load_part(tmp_path / "w.safetensors", "inter")


def test_a_part_that_was_trained_in_another_net_is_refused_though_its_shapes_fit(tmp_path):
    path = tmp_path / "w.safetensors"
    for said, changes in {
        "encoder_activation was tanh, and is leaky_relu": {"encoder_activation": "tanh", "encoder_slope": None},
        "value_range was signed, and is unit": {"value_range": "signed"},
    }.items():
        save_weights(path, Autoencoder(tiny(**changes), seed=1))
        with pytest.raises(ValueError, match=said):
            _load(Autoencoder(tiny()), "encoder", path, "encoder")
    padded = dataclasses.replace(SIZES, blocks=dataclasses.replace(SIZES.blocks, padding="reflect"))
    save_weights(path, Autoencoder(Architecture(32, shipped("original", sizes=padded))))
    with pytest.raises(ValueError, match="padding was reflect, and is same"):
        _load(Autoencoder(architecture("original")), "encoder", path, "encoder")
    save_weights(path, Autoencoder(architecture("original"), seed=1))
    _load(Autoencoder(architecture("original")), "encoder", path, "encoder")


def resized(blocks=None, bottleneck=None):
    """The smallest sizes, with other choices of blocks and of the bottleneck."""
    return dataclasses.replace(
        SIZES,
        blocks=dataclasses.replace(SIZES.blocks, **(blocks or {})),
        bottleneck=dataclasses.replace(SIZES.bottleneck, **(bottleneck or {})),
    )


def loaded(path, part, was, now, name="original", **there):
    """Let a part of a model of the sizes ``now`` start from the same part of one of the sizes ``was``."""
    save_weights(path, Autoencoder(Architecture(32, shipped(name, sizes=was), **there), seed=1))
    _load(Autoencoder(Architecture(32, shipped(name, sizes=now))), part, path, part)


UPSAMPLED = [resized({"upsampler": name}) for name in ("nearest", "bilinear", "nearest_pair", "bilinear_pair")]


@pytest.mark.parametrize(
    ("part", "was", "now", "said"),
    [
        ("encoder", *UPSAMPLED[:2], "upsampler was nearest, and is bilinear"),
        ("decoder_A", *UPSAMPLED[2:], "upsampler was nearest_pair, and is bilinear_pair"),
        ("encoder", resized({"norm": "instance"}), resized({"norm": "group"}), "norm was instance, and is group"),
        (
            "encoder",
            resized(),
            resized(bottleneck={"bottleneck": "two_dense_activated"}),
            "bottleneck was two_dense, and is two_dense_activated",
        ),
    ],
)
def test_a_part_whose_layers_compute_otherwise_is_refused_though_its_names_and_shapes_fit(
    part, was, now, said, tmp_path
):
    with pytest.raises(ValueError, match=said):
        loaded(tmp_path / "w.safetensors", part, was, now)
    loaded(tmp_path / "w.safetensors", part, now, now)


def enlarged(up_factor):
    widths = {2: [4, 4], 4: [4]}[up_factor]
    up = {"kind": "upscale", "upsampler": "nearest", "width": 4, "up_factor": up_factor}
    return {"e": {"kind": "encoder", "bridge_width": 0}, "p": up, "d": {"kind": "decoder", "widths": widths}}


def spread_out(repeated):
    pixel = {"kind": "from_pixel", "side": 8, "repeated": repeated}
    return {"e": {"kind": "code_encoder"}, "p": pixel, "d": {"kind": "decoder"}}


@pytest.mark.parametrize(
    ("parts", "was", "now", "said"),
    [
        (enlarged, 4, 2, "up_factor was 4, and is 2"),
        (spread_out, True, False, "repeated was True, and is False"),
    ],
)
def test_what_enlarges_a_map_is_refused_where_it_did_so_otherwise(parts, was, now, said, tmp_path):
    path, made = tmp_path / "w.safetensors", {}
    for value in (was, now):
        topology = expand(Declared(parts(value), "e > p > d", code="e"), "AB", SIZES)
        made[value] = Autoencoder(Architecture(32, topology))
    save_weights(path, made[was])
    made[now].parts["p"].load_state_dict(made[was].parts["p"].state_dict())  # names and shapes fit
    with pytest.raises(ValueError, match=said):
        _load(made[now], "p", path, "p")
    _load(made[was], "p", path, "p")


def test_the_activation_behind_a_decoder_is_that_of_the_part_which_draws(tmp_path):
    path, there = tmp_path / "w.safetensors", {"decoder_activation": "tanh"}
    with pytest.raises(ValueError, match="decoder_activation was tanh, and is sigmoid"):
        loaded(path, "decoder_A", SIZES, SIZES, **there)
    loaded(path, "encoder", SIZES, SIZES, **there)


def test_a_choice_of_layers_that_a_part_has_not_is_not_asked_for(tmp_path):
    """The convolutions of an encoder are the same before every bottleneck and upscale."""
    loaded(tmp_path / "w.safetensors", "encoder", *UPSAMPLED[:2], name="iae")
    was, now = (resized(bottleneck={"bottleneck": name}) for name in ("two_dense", "two_dense_activated"))
    loaded(tmp_path / "w.safetensors", "stem", was, now, name="shared_encoder_start")
    was, now = (resized({"norm": name, "normed": 0}) for name in ("instance", "none"))
    loaded(tmp_path / "w.safetensors", "encoder", was, now)


def test_every_norm_makes_what_is_known_as_one():
    assert {name for name, make in NORMS.items() if not isinstance(make(4), NORM_LAYERS)} == {"none"}


def test_every_upsampler_makes_what_is_known_as_an_upscale():
    for name, make in UPSAMPLERS.items():
        assert isinstance(make(4, 4, torch.nn.ReLU, Blocks(upsampler=name)), UPSCALES), name
