"""Routes: what is one, and what is said of what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.topology import TopologyError, parse

PARTS = ("encoder", "inter_A", "inter_both", "decoder")
routes = st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), min_size=1, max_size=4)


@given(routes, st.sampled_from(["", " ", "  "]))
def test_a_route_is_read_as_it_is_written(steps, space):
    text = f"{space}>{space}".join(f"{space}+{space}".join(step) for step in steps)
    route = parse(text, "somebody", PARTS)
    assert route.names == tuple(map(tuple, steps))
    assert route.parts == tuple(dict.fromkeys(part for step in steps for part in step))
    assert all(text[word.start : word.end] == word.part for step in route.steps for word in step)


@pytest.mark.parametrize(
    ("text", "spot", "why"),
    [
        ("encoder > inter_a > decoder", "          ^^^^^^^", "no such part. Did you mean 'inter_A'?"),
        ("encoder > > decoder", "          ^", "the name of a part"),
        ("encoder decoder", "        ^^^^^^^", "'>' (feeds) or '+' (joins)"),
        ("> encoder", "^", "the name of a part"),
        ("encoder > ", "          ^", "ends with a part"),
        ("", "^", "ends with a part"),
        ("encoder ; decoder", "        ^", "'>' (feeds)"),
    ],
)
def test_the_spot_is_marked(text, spot, why):
    with pytest.raises(TopologyError) as error:
        parse(text, "topology.route of A", PARTS)
    head, shown, marked, *said = str(error.value).splitlines()
    assert head == "topology.route of A:"
    assert (shown, marked) == (f"    {text}", f"    {spot}")
    assert why in " ".join(said)
