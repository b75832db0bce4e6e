"""When events come, to which parts, what is refused, and that planning none is what a run always was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.config import ConfigError, events_of, knows_end, load
from faceswap_lab.events import EVENTS, Choice
from faceswap_lab.runs.identity import identity, run_hash
from tests.config.shipped import OPTIONS, composed

EXCHANGE = {"exchange": {"step": 3, "parts": ["decoder_A", "decoder_B"]}}


def with_events(planned: dict[str, Any], *overrides: str) -> Any:
    plain = composed("training.max_steps=100", *overrides)
    plain["events"]["planned"] = planned
    return load(plain, OPTIONS)


def test_a_run_without_events_is_the_run_of_before_there_were_any():
    without = composed()
    del without["events"]["planned"]
    assert "events" not in identity(load(composed(), OPTIONS))
    assert run_hash(load(without, OPTIONS)) == run_hash(load(composed(), OPTIONS))
    assert not events_of(load(without, OPTIONS))


def test_the_order_in_which_events_are_written_means_nothing():
    planned = {"warp": {"step": 0.5, "strength": 0}, **EXCHANGE}
    one, other = (with_events(dict(order)) for order in (planned.items(), reversed(planned.items())))
    assert run_hash(one) == run_hash(other)
    assert events_of(one).in_order() == events_of(other).in_order()
    assert run_hash(one) != run_hash(with_events(EXCHANGE))


@given(steps=st.integers(2, 10**6), share=st.floats(0.001, 0.999))
def test_a_share_is_taken_of_all_steps(steps: int, share: float):
    plain = composed()
    plain["events"]["planned"] = {"warp": {"step": share, "strength": 0}}
    plain["training"]["max_steps"] = steps
    if not 0.5 < share * steps < steps - 0.5:
        return
    config = load(plain, OPTIONS)
    (event,) = events_of(config).planned
    assert abs(event.step - share * steps) <= 0.5
    assert knows_end(config) == f"events.planned.warp.step={share:g}"


def test_a_number_of_steps_knows_no_end():
    config = with_events(EXCHANGE)
    assert [(e.step, e.name) for e in events_of(config).planned] == [(3, "exchange")]
    assert knows_end(config) is None
    assert knows_end(with_events(EXCHANGE, "schedule=cosine")) == "schedule=cosine"


@pytest.mark.parametrize(
    ("topology", "patterns", "parts"),
    [
        ("original", ["encoder*"], ["encoder"]),
        ("original", ["decoder_*"], ["decoder_A", "decoder_B"]),
        ("iae", ["inter_?", "encoder"], ["encoder", "inter_A", "inter_B"]),
        ("amp", ["inter*"], ["inter_A", "inter_B"]),
    ],
)
def test_patterns_name_parts(topology: str, patterns: list[str], parts: list[str]):
    (event,) = events_of(with_events({"freeze": {"step": 1, "parts": patterns}}, f"topology={topology}")).planned
    assert event.settings == {"parts": tuple(parts)}


def test_an_event_of_a_plugin_is_told_what_its_function_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(EVENTS, "halve", Choice(holds=lambda now, by: setattr(now, "warp", now.warp / by)))
    events = events_of(with_events({"halve": {"step": 3, "by": 4}, "again": {"kind": "halve", "step": 5, "by": 2}}))
    assert [events.at(step).warp for step in (2, 3, 5)] == [1, 1 / 4, 1 / 8]
    with pytest.raises(ConfigError, match=r"events.planned.halve: halve does not take this: missing .*'by'"):
        with_events({"halve": {"step": 3}})


def test_freezing_what_one_side_has_is_refused_only_where_the_other_side_is_idle():
    kept = {"freeze": {"step": 1, "parts": ["encoder", "decoder_A"]}}
    assert events_of(with_events(kept))
    assert events_of(with_events(kept, "update_order=only_b"))
    with pytest.raises(ConfigError, match="every part that would be trained"):
        with_events(kept, "update_order=only_a")


@pytest.mark.parametrize(
    ("planned", "overrides", "said"),
    [
        ({"warp": 3}, [], "events.planned.warp=3: expected settings by name"),
        ({"a/b": {"kind": "warp", "step": 1}}, [], "'a/b' is no name"),
        ({"wrap": {"step": 1}}, [], "events.planned.wrap.kind=wrap: no such event. Did you mean 'warp'?"),
        ({"warp": {"strength": 0}}, [], "events.planned.warp.step: a value is missing"),
        ({"warp": {"step": 1}}, [], "events.planned.warp.strength: a value is missing"),
        ({"warp": {"step": 1, "strngth": 0}}, [], "warp.strngth: no such setting. Did you mean 'strength'?"),
        ({"warp": {"step": 1, "strength": -1}}, [], "strength=-1.0: must be >= 0.0"),
        ({"warp": {"step": 1, "strength": 0}}, ["augmentation=none"], "there is no warp to change"),
        ({"warp": {"step": 0, "strength": 0}}, [], "step=0.0: must be > 0"),
        ({"warp": {"step": 1.5, "strength": 0}}, [], "step=1.5: a whole number of training steps"),
        ({"warp": {"step": 100, "strength": 0}}, [], "with training.max_steps=100: .* Give a number from 1 to 99"),
        ({"warp": {"step": 0.001, "strength": 0}}, [], "step=0.001 with training.max_steps=100"),
        ({"freeze": {"step": 1, "parts": ["inter"]}}, [], "parts=inter: topology=original .* It has: encoder,"),
        ({"freeze": {"step": 1, "parts": ["mix*"]}}, ["topology=amp"], r"parts=mix\*: topology=amp has no such part"),
        ({"5": {"kind": "warp", "step": 1}}, [], "'5' is no name: a letter, then"),
        ({"freeze": {"step": 1, "parts": []}}, [], r"parts=\[\]: no part is named. There are: encoder, decoder_A,"),
        ({"exchange": {"step": 1, "parts": []}}, [], r"parts=\[\]: no part is named"),
        ({"freeze": {"step": 1, "parts": ["*"]}}, [], "after step 1 every part that would be trained is frozen"),
        ({"freeze": {"step": 1, "parts": ["decoder_*"]}}, ["encoders=frozen"], "every part that would be trained"),
        ({"freeze": {"step": 1, "parts": ["*r", "*A"]}}, ["loss.weight_b=0"], "every part that would be trained"),
        ({"exchange": {"step": 1, "parts": ["*"]}}, [], "these are encoder, decoder_A, decoder_B. Name two"),
        ({"exchange": {"step": 1, "parts": ["encoder", "decoder_A"]}}, [], "are of different sizes"),
        ({"exchange": {"step": 1, "parts": ["decoder_*"]}}, ["topology=weaker_a"], "are of different sizes"),
        ({"loss_weight": {"step": 1, "term": "dsim", "weight": 1}}, ["loss=dfl"], "Did you mean 'dssim'?"),
        ({"loss_weight": {"step": 1, "term": "mae", "weight": 0}}, [], "no term of the loss has a weight, so nothing"),
        (
            {"loss_weight": {"step": 1, "term": "mae", "weight": 0}},
            ["loss=adversarial"],
            "no term of the loss compares",
        ),
        ({"freeze": {"step": 50, "parts": ["decoder_B"]}}, ["update_order=a_then_b_alone"], "after step 50 every part"),
        (
            {"freeze": {"step": 9, "parts": ["encoder", "decoder_A"]}},
            ["update_order=a_then_b_alone"],
            "after step 9 every part that would be trained until step 50 is frozen",
        ),
    ],
)
def test_an_event_that_means_nothing_is_refused_in_a_line(planned: dict[str, Any], overrides: list[str], said: str):
    with pytest.raises(ConfigError, match=said) as refused:
        with_events(planned, *overrides)
    assert "\n" not in str(refused.value)
