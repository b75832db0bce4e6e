import dataclasses
import fractions
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.runs.identity import identity, plain, run_hash, run_name
from tests.runs.configs import Config, Logger, Optimizer, config

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4), max_leaves=8
)


def test_identity_is_what_can_change_the_result() -> None:
    assert identity(config()) == {
        "seed": 0,
        "clip": None,
        "flip": True,
        "photometric": [],
        "optimizer": {"lr": 5e-5, "widths": [128, 256]},
    }


def test_plain_is_the_whole_configuration_in_json_types() -> None:
    whole = plain(config())
    assert whole["runs_dir"] == "runs"
    assert whole["logger"] == {"kind": "csv"}
    assert json.loads(json.dumps(whole)) == whole


@given(st.text(), st.text(), st.text())
def test_labels_do_not_change_the_hash(runs_dir: str, name: str, kind: str) -> None:
    other = config(runs_dir=runs_dir, optimizer=Optimizer(5e-5, (128, 256), name), logger=Logger(kind))
    assert run_hash(other) == run_hash(config())


def _spelt_otherwise(value: Any) -> Any:
    """Return an equal value in another spelling: lists as tuples, integral floats as ints and back, keys reversed."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | dict):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) <= 2**53 else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(repr(value))
    if isinstance(value, list):
        return tuple(_spelt_otherwise(item) for item in value)
    return {key: _spelt_otherwise(value[key]) for key in reversed(value)}


@given(values)
def test_spelling_does_not_change_the_hash(value: Any) -> None:
    assert run_hash(config(clip=_spelt_otherwise(value))) == run_hash(config(clip=value))


def _reference(value: Any) -> str:
    """Return a text that is equal exactly for values that mean the same, by exact rational arithmetic."""
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return f"number {fractions.Fraction(value)}"
    if isinstance(value, str):
        return f"text {value!r}"
    if isinstance(value, dict):
        return f"dict {sorted((key, _reference(item)) for key, item in value.items())}"
    return f"list {[_reference(item) for item in value]}"


@given(values, values)
def test_the_hash_differs_where_the_meaning_does(one: Any, other: Any) -> None:
    same = _reference(one) == _reference(other)
    assert (run_hash(config(clip=one)) == run_hash(config(clip=other))) == same


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"clip": 0.0},
        {"flip": False},
        {"flip": 1},
        {"photometric": ({"name": "blur", "p": 0.5},)},
        {"optimizer": Optimizer(1e-4, (128, 256), "adam")},
        {"optimizer": Optimizer(5e-5, (256, 128), "adam")},
    ],
)
def test_each_setting_that_counts_changes_the_hash(change: dict[str, Any]) -> None:
    assert run_hash(config(**change)) != run_hash(config())


def test_other_data_are_another_run() -> None:
    digests = {run_hash(config()), run_hash(config(), "one"), run_hash(config(), "two")}
    assert len(digests) == 3


def test_a_new_recipe_version_is_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_hash(config())
    monkeypatch.setattr("faceswap_lab.runs.identity.RECIPE_VERSION", 10**6)
    assert run_hash(config()) != before


def test_hash_of_a_fixed_configuration_stays() -> None:
    """The canonical form is a promise: were it to change, no finished run would be found again."""
    assert run_hash(config()) == "8cc29ee6b2"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused_by_name(number: float) -> None:
    with pytest.raises(ValueError, match=r"optimizer\.lr is (nan|-?inf)"):
        identity(config(optimizer=Optimizer(number, (), "adam")))
    with pytest.raises(ValueError, match=r"photometric\[0\]\.p is (nan|-?inf)"):
        identity(config(photometric=({"p": number},)))


def test_a_field_that_does_not_say_whether_it_counts_is_refused() -> None:
    @dataclasses.dataclass
    class Forgetful:
        depth: int = 3

    with pytest.raises(TypeError, match=r"depth: metadata\['identity'\] is None"):
        identity(Forgetful())


def test_a_value_without_a_counterpart_in_json_is_refused() -> None:
    for value in ({1, 2}, b"x", object(), {1: "x"}):
        with pytest.raises(TypeError, match="clip is"):
            run_hash(config(clip=value))
    with pytest.raises(TypeError, match="instance of a dataclass"):
        run_hash(Config)


def test_a_group_can_be_left_out_as_a_whole() -> None:
    @dataclasses.dataclass
    class Outer:
        group: Optimizer = dataclasses.field(metadata={"identity": False})
        seed: int = dataclasses.field(default=0, metadata={"identity": True})

    assert identity(Outer(Optimizer(1.0, (), "x"))) == {"seed": 0}


@given(st.text(), st.integers(0, 2**63), st.text("0123456789abcdef", min_size=10, max_size=10))
def test_run_names_are_file_names(label: str, seed: int, digest: str) -> None:
    name = run_name(label, seed, digest)
    assert re.fullmatch(rf"[a-z0-9_+][a-z0-9_.+-]{{0,59}}-s{seed}-{digest}", name)


def test_run_name_keeps_a_good_label_and_cleans_a_bad_one() -> None:
    assert run_name("two_encoders+tanh-0.1", 3, "0123456789") == "two_encoders+tanh-0.1-s3-0123456789"
    assert run_name("Arm/../../etc, Ünnamed", 0, "0123456789") == "arm-..-..-etc-nnamed-s0-0123456789"
    assert run_name("x" * 300, 0, "0123456789") == "x" * 60 + "-s0-0123456789"
    assert run_name("../", 0, "0123456789") == "run-s0-0123456789"
