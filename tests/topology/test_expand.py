"""From YAML to parts, routes and swaps for given sides, and what is refused on the way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.data.faces import sides_of
from faceswap_lab.topology import ORIGINAL, Declared, Encoders, TopologyError, expand
from tests.topology.shipped import MOST_SIDES, SHIPPED, SIZES, declared, shipped

ENCODER, DECODER = {"kind": "encoder"}, {"kind": "decoder"}
IAE = declared("iae")


def texts(topology):
    swaps = {path: {a + b: r.text for (a, b), r in by.items()} for path, by in topology.swaps.items()}
    return {side: route.text for side, route in topology.routes.items()}, swaps


def test_the_yaml_of_the_original_is_what_absent_means():
    assert declared("original") == ORIGINAL


def test_one_encoder_and_two():
    assert texts(expand(ORIGINAL, "AB", SIZES)) == (
        {"A": "encoder > decoder_A", "B": "encoder > decoder_B"},
        {"own": {"AB": "encoder > decoder_B", "BA": "encoder > decoder_A"}},
    )
    two = expand(ORIGINAL, "AB", SIZES, Encoders(2))
    assert texts(two) == (
        {"A": "encoder_A > decoder_A", "B": "encoder_B > decoder_B"},
        {
            "own": {"AB": "encoder_A > decoder_B", "BA": "encoder_B > decoder_A"},
            "target": {"AB": "encoder_B > decoder_B", "BA": "encoder_A > decoder_A"},
        },
    )
    assert {name: part.start for name, part in two.parts.items()} == {
        "encoder_A": "encoder",
        "encoder_B": "encoder_B",
        "decoder_A": "decoder_A",
        "decoder_B": "decoder_B",
    }
    equal = expand(ORIGINAL, "ABC", SIZES, Encoders(2, equal=True))
    assert {part.start for name, part in equal.parts.items() if name.startswith("enc")} == {"encoder"}


def test_the_mirror_images():
    """B's swap goes through AB alone as DeepFaceLab wires it, and through B's own inter as faceswap does."""
    assert shipped("liae").swaps["target"]["A", "B"].text == "encoder > inter_AB + inter_AB > decoder"
    assert shipped("liae_faceswap").swaps["target"]["A", "B"].text == "encoder > inter_B + inter_both > decoder"
    assert shipped("liae").parts["decoder"].spec.channels == 2 * SIZES.bridge_width


@pytest.mark.parametrize("name", SHIPPED)
@given(st.integers(2, 7))
def test_every_shipped_topology_takes_any_number_of_sides_or_says_that_it_mistakes_them(name, people):
    sides = sides_of(people)
    if people > MOST_SIDES.get(name, 7):
        with pytest.raises(TopologyError, match=r"\w and \w go through the same parts .*, so nothing tells"):
            shipped(name, sides)
        return
    topology = shipped(name, sides)
    assert tuple(topology.routes) == sides
    for by_pair in topology.swaps.values():
        assert set(by_pair) == {(a, b) for a in sides for b in sides if a != b}
    used = {part for route in topology.routes.values() for part in route.parts}
    assert used == set(topology.parts)
    assert all(topology.code[side] in topology.routes[side].parts for side in sides)


@pytest.mark.parametrize(("end", "none", "all_"), [("start", 0, 5), ("end", 5, 0)])
def test_a_split_that_leaves_nothing_shared_or_everything(end, none, all_):
    for split, shared in ((none, False), (all_, True)):
        topology = shipped(f"shared_encoder_{end}", split=split)
        weighty = [n for n, p in topology.parts.items() if len(p.spec.stages(topology.shapes[n])) > 1]
        encoders = [name for name in weighty if not name.startswith("decoder")]
        assert [len(topology.users(name)) for name in encoders] == ([2] if shared else [1, 1])


REFUSED = [
    (Declared({}, "x"), "there are none"),
    (Declared({"encoder": {"kind": "encodr"}}, "encoder"), "kind=encodr: no such kind"),
    (Declared({"encoder": {"kind": "encoder", "widhts": [1]}}, "encoder"), "Did you mean 'widths'"),
    (Declared({"encoder": {"kind": "encoder", "code_size": -1}}, "encoder"), "a whole number from 1"),
    (Declared({"encoder": {"kind": "encoder", "grid": -1}}, "encoder"), "a whole number from 0"),
    (
        Declared({"encoder": {"kind": "encoder", "widths": [8, 0]}}, "encoder"),
        "widths[1]=0: expected a whole number from 1",
    ),
    (Declared({"decoder": DECODER | {"channels": 0}}, "decoder"), "channels=0: expected a whole number from 1"),
    (Declared({"up": {"kind": "upscale", "width": 0}}, "up"), "width=0: expected a whole number from 1"),
    (
        Declared({"larger": {"kind": "enlarge", "up_factor": 0}}, "larger"),
        "up_factor=0: expected a whole number from 1",
    ),
    (Declared({"e": ENCODER, "p": {"kind": "from_pixel"}}, "e > p"), "of one pixel, not of 4 channels of 8x8"),
    (
        Declared({"e": {"kind": "code_encoder"}, "p": {"kind": "from_pixel", "side": 1}}, "e > p"),
        "side is 2 or more, not 1",
    ),
    (Declared({"encoder": {"kind": "encoder", "widths": 4}}, "encoder"), "a list such as [64,32]"),
    (Declared({"encoder": {"kind": "encoder", "downsamplers": "conv"}}, "encoder"), "a list such as [conv]"),
    (Declared({"encoder": {"kind": "encoder", "trained": 1}}, "encoder"), "true or false"),
    (Declared({"en-coder": ENCODER}, "encoder"), "is no name"),
    (Declared({"encoder": ENCODER, "decoder": DECODER}, {"A": "encoder > decoder"}), "side B has none"),
    (Declared({"encoder": ENCODER, "decoder": DECODER}, {"C": "encoder"}), "route.C: no such side"),
    (Declared({"encoder": ENCODER, "decoder": DECODER}, "encoder"), "must end with a decoder"),
    (Declared({"encoder": ENCODER, "decoder": DECODER}, "decoder"), "must end with a decoder"),
    (Declared({"encoder": ENCODER, "d": DECODER, "idle": DECODER}, "encoder > d"), "idle: used by no side's route"),
    (Declared({"encoder": ENCODER, "d": DECODER}, "encoder > d", code="d_x"), "d_x is not on the route of A"),
    (
        Declared({"e": ENCODER, "d": DECODER}, "e > d", code="x"),
        "x is not on the route of A (e > d). Name one of e, d.",
    ),
    (
        Declared({"e": ENCODER, "drop": {"kind": "dropout"}, "d": DECODER}, "e > drop > d", code="drop"),
        "topology.code=drop: drop draws anew for every sample. Name one of e, d.",
    ),
    (
        Declared({"e": ENCODER, "d": {"kind": "told_decoder"}}, "e > d", code="d"),
        "topology.code=d: d is told whom to draw. Name one of e.",
    ),
    (Declared({"encoder": ENCODER, "d": DECODER}, "encoder > encoder > d"), "It does not fit: its stage 0 sees 3"),
    (Declared({"encoder": ENCODER, "d": DECODER}, "encoder + encoder > d", {"Own": "x"}), "a name in lower case"),
    (Declared({"e": {"kind": "conv_encoder"}, "i": {"kind": "inter"}, "d": DECODER}, "e > e + i > d"), "does not fit"),
    (
        Declared({"e": {"kind": "conv_encoder"}, "i": {"kind": "inter"}, "d": DECODER}, "e > i > i > d"),
        "It sees 4 channels of 8x8 here and 4 channels of 4x4 elsewhere",
    ),
    (Declared({"x_{side}": ENCODER, "d": DECODER}, "x_{who} > d"), "{who} in"),
    (Declared({"e": ENCODER | {"trained": False}, "d": DECODER | {"trained": False}}, "e > d", code="e"), "frozen"),
    (Declared({"e": ENCODER, "d": DECODER}, "e > d", code="e", tie=1.0), "need no tie"),
    (Declared({"e": {"kind": "encoder", "first": 9}, "d": DECODER}, "e > d", code="e"), "it has 5 stages"),
]


@pytest.mark.parametrize(("topology", "why"), REFUSED)
def test_what_cannot_be_built_is_refused_with_the_reason(topology, why):
    with pytest.raises(TopologyError) as error:
        expand(topology, "AB", SIZES)
    assert why in str(error.value)


def test_a_size_of_the_model_that_a_part_cannot_take_is_named_as_the_models():
    up = Declared({"e": ENCODER, "up": {"kind": "upscale"}, "d": DECODER}, "e > up > d", code="e")
    with pytest.raises(TopologyError, match=r"parts\.up\.width, here model\.bridge_width=0: expected a whole number"):
        expand(up, "AB", replace(SIZES, bridge_width=0))


def test_a_bottleneck_gives_the_encoders_last_width_whatever_its_stages_join_to_their_own():
    sizes = replace(SIZES, downsamplers=("pool_beside",), bridge_width=0, decoder_widths=(4, 4, 4))
    apart = Declared({"e": {"kind": "conv_encoder"}, "i": {"kind": "inter"}, "d": DECODER}, "e > i > d", code="i")
    for topology, sees in ((ORIGINAL, "decoder_A"), (apart, "d")):
        found = expand(topology, "AB", sizes)
        assert found.shapes[sees] == (sizes.encoder_widths[-1], sizes.grid)
        assert found.parts[sees].spec.channels == sizes.encoder_widths[-1]
    assert found.shapes["i"] == (sum(sizes.encoder_widths) + 3, sizes.grid)  # what was joined to it on the way


def test_two_encoders_where_there_is_one_for_all_are_refused_with_the_remedy():
    with pytest.raises(TopologyError, match=r"encoders=two: this topology has no part encoder_\{side\}.*encoders=one"):
        expand(IAE, "AB", SIZES, Encoders(2))


def test_frozen_encoders_are_frozen_in_every_topology():
    for name in SHIPPED:
        topology = expand(declared(name), "AB", SIZES, Encoders(2 if name == "tied" else 1, trained=False))
        for part in topology.parts.values():
            assert not (part.trained and "encoder" in part.kind), name
