"""What a plugin may add, whose a name is, and what its source's digest sees."""

import importlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceswap_lab.models.activations import HIDDEN
from faceswap_lab.orders import ORDERS
from faceswap_lab.plugins import METRICS, REGISTRIES, PluginError
from faceswap_lab.plugins.finding import import_plugins
from faceswap_lab.plugins.plugin import IMPORTED, OURS, owner_of, registry_of
from faceswap_lab.plugins.used import chosen
from faceswap_lab.studies import metric_names
from tests.config.shipped import composed
from tests.plugins.in_docs import write_plugin

HEAD = "from faceswap_lab.plugins import Plugin\nplugin = Plugin(__name__)\n"


def add(what: str, name: str, thing: str = "object()") -> str:
    return f"plugin.add({what!r}, {name!r})({thing})\n"


def test_it_adds_to_the_lab_and_owns_what_it_adds(place: Path):
    (place / "my_order.py").write_text(HEAD + add("update_order", "mine", "'an order'") + add("metric", "edges"))
    import_plugins(["my_order"])
    assert ORDERS["mine"] == "an order"
    assert owner_of("update_order", "mine") is owner_of("metric", "edges") is IMPORTED["my_order"]
    assert owner_of("update_order", "joint") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + add("update_order", "joint"), "my_plugin: the lab has update_order=joint already"),
        (HEAD + add("metric", "ssim"), "my_plugin: the lab has metric=ssim already"),
        (HEAD + add("update_order", "theirs"), "my_plugin: the plugin my_other has update_order=theirs already"),
        (HEAD + add("order", "mine"), "'order' cannot be added. What can: .*update_order"),
        (HEAD + add("update_order", "Mine!"), "lower case letters"),
        (HEAD + "import nowhere_to_be_found\n", "importing it failed. ModuleNotFoundError: .*nowhere_to_be_found"),
        (HEAD + add("update_order", "mine") + "1 / 0\n", "importing it failed. ZeroDivisionError"),
        ("x = 1\n", "it adds nothing. It needs plugin = Plugin"),
        (None, "no such module, neither installed nor in the folder"),
        (HEAD.replace("__name__", "'__main__'"), "it has no file that could be imported"),
    ],
)
def test_what_cannot_be_used_is_told_and_leaves_nothing_behind(place: Path, text: str | None, told: str):
    (place / "my_other.py").write_text(HEAD + add("update_order", "theirs", "1"))
    import_plugins(["my_other"])
    before = dict(ORDERS)
    if text is not None:
        (place / "my_plugin.py").write_text(text)
    with pytest.raises(PluginError, match=told):
        import_plugins(["my_plugin"])
    assert before == ORDERS
    assert list(IMPORTED) == ["my_other"]


def test_a_name_of_the_labs_own_metrics_is_kept():
    assert set(metric_names._STEMS) <= OURS


def test_every_registry_is_there_and_chosen_by_the_configuration():
    choices = list(chosen(composed("+experiment=iae", "events=warp_off")))
    for what, name in choices:
        assert name in registry_of(what)
    assert {what for what, _ in choices} == set(REGISTRIES) - {"metric"}
    terms = {"mse": {"weight": 1}, "eyes": {"kind": "mae"}}
    assert set(chosen({"loss": {"name": "both", "terms": terms}})) == {("loss", "mse"), ("loss", "mae")}
    planned = {"shake": {"step": 3}, "late": {"kind": "warp", "step": 4}}
    assert set(chosen({"events": {"planned": planned}})) == {("event", "shake"), ("event", "warp")}
    assert set(chosen({"evaluation": {"metrics": ["edges"]}})) == {("metric", "edges")}


KEYS = st.sampled_from(["loss", "terms", "topology", "parts", "kind", "evaluation", "metrics", "name"])
LEAVES = st.none() | st.integers() | st.text()


@given(plain=st.recursive(LEAVES, lambda x: st.lists(x) | st.dictionaries(KEYS, x), max_leaves=12))
def test_a_configuration_that_means_nothing_chooses_what_there_is(plain: object):
    assert all(isinstance(name, str) for _, name in chosen(plain))


def test_a_module_that_is_imported_again_has_what_it_adds_now(place: Path):
    (place / "my_order.py").write_text(HEAD + add("update_order", "first"))
    import_plugins(["my_order"])
    before = IMPORTED["my_order"].sha256
    (place / "my_order.py").write_text(HEAD + add("update_order", "second"))
    importlib.reload(importlib.import_module("my_order"))
    assert IMPORTED["my_order"].sha256 != before
    assert "second" in ORDERS
    assert "first" not in ORDERS


def digest(place: Path) -> str:
    write_plugin("my_sine", place)
    importlib.invalidate_caches()
    module = importlib.import_module("my_sine")
    importlib.reload(module)
    return IMPORTED["my_sine"].sha256


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["layers.py", "data.bin", "inner/__init__.py"]), content=st.binary(max_size=20))
def test_the_digest_sees_every_file_of_a_package_but_its_groups_and_what_editors_leave(
    place: Path, name: str, content: bytes
):
    path = place / "my_sine" / name
    path.unlink(missing_ok=True)
    before = digest(place)
    left = (".layers.py.swp", "layers.py~", "inner/layers.swp", ".DS_Store", ".ipynb_checkpoints/layers.py", "x.pyc")
    for unseen in ("conf/loss/mine.yaml", "__pycache__/x.pyc", "inner/__pycache__/x.pyc", *left):
        (place / "my_sine" / unseen).parent.mkdir(parents=True, exist_ok=True)
        (place / "my_sine" / unseen).write_bytes(content)
    assert digest(place) == before
    path.write_bytes(content)
    assert digest(place) != before
    path.unlink()


def test_the_template_is_an_activation(place: Path):
    import torch

    write_plugin("my_sine", place)
    import_plugins(["my_sine"])
    x = torch.linspace(-3, 3, 7)
    assert torch.equal(HIDDEN["sine"](None)(x), x.sin())
    assert not METRICS
