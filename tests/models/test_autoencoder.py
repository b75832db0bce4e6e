import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.models.architecture import Architecture, from_plain, to_plain
from faceswap_lab.models.autoencoder import Autoencoder, Samples
from faceswap_lab.models.part import Drawing
from faceswap_lab.topology import ORIGINAL, Sizes, expand
from tests.models.tiny import decoder_of, encoder_of, tiny
from tests.topology.shipped import architecture

X = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TWO = {"encoders": 2, "encoder_start": "independent"}


@pytest.mark.parametrize("changes", [{}, TWO, {"value_range": "signed", "decoder_activation": "tanh"}])
def test_reconstruct_and_forward_are_a_swap_with_oneself(changes):
    model = Autoencoder(tiny(**changes))
    for side in ("A", "B"):
        expected = model.picture(decoder_of(model, side)(encoder_of(model, side)(model._enter(X, side))), side)
        for got in (
            model.reconstruct(side, X),
            model.swap(X, side, side),
            model(X, side),
        ):
            assert torch.equal(got, expected)


def test_an_encoder_may_see_means_of_pixels_and_all_else_is_of_the_whole_picture():
    sizes = Sizes(32, (4,), 8, 4, (5, 4), input_resolution=8)
    model = Autoencoder(Architecture(32, expand(ORIGINAL, "AB", sizes)), seed=1)
    means = X.reshape(3, 3, 8, 4, 8, 4).mean((3, 5))
    seen = encoder_of(model, "A")(means)
    assert model.topology.shapes["encoder"] == (3, 8)
    torch.testing.assert_close(model.swap(X, "A", "B"), torch.sigmoid(decoder_of(model, "B")(seen)))
    torch.testing.assert_close(model.code(X, "A"), encoder_of(model, "A").to_code(means))
    assert model.reconstruct("B", X).shape == X.shape
    assert from_plain(to_plain(model.architecture)) == model.architecture


def test_swap_paths():
    model = Autoencoder(tiny(**TWO))
    own = torch.sigmoid(decoder_of(model, "B")(model.parts["encoder_A"](X)))
    target = torch.sigmoid(decoder_of(model, "B")(model.parts["encoder_B"](X)))
    assert torch.equal(model.swap(X, "A", "B"), own)
    assert torch.equal(model.swap(X, "A", "B", path="target"), target)
    assert not torch.equal(own, target)
    assert model.swap_paths == ("own", "target")
    one = Autoencoder(tiny())
    assert one.swap_paths == ("own",)  # through the target's encoder is the same way
    with pytest.raises(ValueError, match=r"path target.*paths own"):
        one.swap(X, "A", "B", path="target")
    with pytest.raises(ValueError, match=r"A to C.*sides A, B"):
        one.swap(X, "A", "C")


@torch.no_grad()
def test_a_swap_tells_the_decoder_who_is_drawn():
    model = Autoencoder(architecture("told_decoder", "ABC"))
    for film in model.parts["decoder"].film.parameters():
        film.normal_(generator=torch.Generator().manual_seed(1))
    drawn = {side: model.reconstruct(side, X) for side in "ABC"}  # by one encoder
    for source, target in ("AB", "BA", "CA", "AC"):
        assert torch.equal(model.swap(X, source, target), drawn[target])
        assert not torch.allclose(drawn[source], drawn[target], atol=0.01)


def drawn_by_parts(name, seed, side):
    """Return what the parts that draw are told of 20 training samples of a side."""
    model, told = Autoencoder(architecture(name, "ABC"), seed), {}
    for part, module in model.parts.items():
        if isinstance(module, Drawing):
            module.register_forward_hook(lambda _, args, out, part=part: told.update({part: args[1].tolist()}))
    model.reconstruct_all([Samples(side, torch.zeros(20, 3, 32, 32), first=0)])
    return told


def test_parts_draw_otherwise_for_every_seed_side_and_part():
    mixed = [drawn_by_parts("amp", seed, side)["mix"] for seed, side in ((1, "B"), (1, "C"), (2, "B"))]
    assert all(mixed.count(drawn) == 1 for drawn in mixed)
    dropped = drawn_by_parts("dropout_a", 1, "A")
    assert dropped["dropout_1"] != dropped["dropout_2"]


@pytest.mark.parametrize("changes", [{}, TWO])
def test_code_is_what_the_bottleneck_gives(changes):
    model = Autoencoder(tiny(**changes))
    stages = encoder_of(model, "B").stages
    down = stages["2"](stages["1"](stages["0"](X)))
    assert torch.equal(model.code(X, "B"), stages["dense"].squeeze(down.flatten(1)))
    assert model.code(X, "B").shape == (3, 8)


def test_parameters_of_a_side_are_its_encoder_and_its_decoder():
    shared, two = Autoencoder(tiny()), Autoencoder(tiny(**TWO))
    for model in (shared, two):
        ids = {side: {id(p) for p in model.parameters_of(side)} for side in ("A", "B")}
        assert ids["A"] | ids["B"] == {id(p) for p in model.parameters()}
        common = ids["A"] & ids["B"]
        assert common == ({id(p) for p in model.parts["encoder"].parameters()} if model is shared else set())


@settings(max_examples=8)
@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 5)), min_size=1, max_size=4),
    st.sampled_from([{}, TWO, {"value_range": "signed"}]),
)
def test_one_pass_of_a_shared_encoder_is_the_same_as_one_pass_per_side(portions, changes):
    """Joint updates run A and B through the encoder as one batch: outputs and gradients must not notice."""
    model = Autoencoder(tiny(**changes))
    model.get_buffer("colour_shift")[0] = 0.1
    faces = [(side, torch.rand(n, 3, 32, 32)) for side, n in portions]
    together = [drawn.faces for drawn in model.reconstruct_all([Samples(*face) for face in faces])]
    apart = [model.reconstruct(*face) for face in faces]
    for a, b in zip(together, apart, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
    gradients = [
        torch.autograd.grad(sum(y.square().mean() for y in outputs), list(model.parameters()), allow_unused=True)
        for outputs in (together, apart)
    ]
    for a, b in zip(*gradients, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_the_shared_encoder_really_runs_once():
    model, seen = Autoencoder(tiny()), []
    model.parts["encoder"].register_forward_hook(lambda module, args, output: seen.append(len(args[0])))
    model.reconstruct_all([Samples("A", X), Samples("B", X[:2])])
    assert seen == [5]


@pytest.mark.parametrize("value_range", ["unit", "signed"])
def test_colour_shift_is_added_before_and_taken_away_after(value_range):
    """A's colours are moved towards B's inside only: a network that copies its input must return it unchanged."""
    model = Autoencoder(tiny(decoder_activation="linear", value_range=value_range))
    shift = torch.tensor([0.1, -0.2, 0.05])[:, None, None]
    model.get_buffer("colour_shift")[0] = shift
    entered = model._enter(X, "A")
    torch.testing.assert_close(model.picture(entered, "A"), X)
    torch.testing.assert_close(model.picture(entered, "B"), X + shift)  # swapped to B, the colours stay B's
    plain = X + shift
    torch.testing.assert_close(entered, plain if value_range == "unit" else 2 * plain - 1)
    assert "colour_shift" in model.state_dict()


def test_under_bf16_autocast_a_picture_keeps_float32s_precision_at_the_end():
    model = Autoencoder(tiny())
    with torch.autocast("cpu", torch.bfloat16):
        y = model.reconstruct("A", X)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, model.reconstruct("A", X), atol=0.02, rtol=0)


@pytest.mark.parametrize("field", ["encoder_activation", "decoder_activation", "initialisation", "value_range"])
def test_a_name_without_a_function_is_refused(field):
    with pytest.raises(ValueError, match=f"{field}=nonsense"):
        Autoencoder(tiny(**{field: "nonsense"}))
