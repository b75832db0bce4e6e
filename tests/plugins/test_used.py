"""Which plugins are part of a run, and who may have one imported."""

import sys
from pathlib import Path

import pytest

import faceswap_lab
from faceswap_lab.__main__ import main
from faceswap_lab.cli.job.digest import digest_of
from faceswap_lab.cli.plugins import plug_in
from faceswap_lab.cli.study.plan import study_of
from faceswap_lab.plugins import PluginError, finding
from faceswap_lab.plugins.finding import import_plugins
from faceswap_lab.plugins.plugin import IMPORTED, forget
from faceswap_lab.plugins.used import bring_back, descriptions, records_of
from faceswap_lab.runs.identity import plain
from tests.plugins.in_docs import install, write_plugin

SINE = ["encoder_activation=sine"]
TYPED = ["plugins=[my_sine]"]


def test_a_run_that_uses_one_has_another_hash_and_every_other_run_its_own(place: Path):
    before = digest_of(faceswap_lab.compose(), None)
    write_plugin("my_sine", place)
    assert digest_of(faceswap_lab.compose(TYPED), None) == before
    config = faceswap_lab.compose(SINE + TYPED)
    with_sine = digest_of(config, None)
    IMPORTED["my_sine"].sha256 = "0" * 64
    assert digest_of(config, None) != with_sine


def test_an_installed_one_is_imported_where_its_name_is_chosen_and_makes_the_same_run(place: Path):
    before = digest_of(faceswap_lab.compose(), None)
    write_plugin("my_sine", place)
    typed = digest_of(faceswap_lab.compose(SINE + TYPED), None)
    forgotten()
    install("my_sine", place)
    finding.installed.cache_clear()
    assert digest_of(faceswap_lab.compose(), None) == before
    assert "my_sine" not in sys.modules
    config = faceswap_lab.compose(SINE)
    assert digest_of(config, None) == typed
    (record,) = records_of(plain(config))
    assert record["distribution"] == "my_sine 1.0"
    assert record["adds"] == ["encoder_activation=sine"]
    assert record["sha256"] == IMPORTED["my_sine"].sha256


def forgotten() -> None:
    forget("my_sine")
    del sys.modules["my_sine"]


@pytest.mark.parametrize("text", ["plugins: [my_sine]", "plugins: my_sine", "loss: {plugins: [my_sine]}"])
def test_no_yaml_has_one_imported(place: Path, text: str, capfd: pytest.CaptureFixture[str]):
    write_plugin("my_sine", place)
    (place / "own" / "experiment").mkdir(parents=True)
    (place / "own" / "experiment" / "evil.yaml").write_text(f"# @package _global_\n{text}\n")
    assert main(["--config-dir", "own", "+experiment=evil"]) == 2
    assert "plugins" in capfd.readouterr().err
    assert "my_sine" not in sys.modules


def test_no_record_has_one_imported_and_it_is_named(place: Path):
    write_plugin("my_sine", place)
    record = {"module": "my_sine", "distribution": "my-sine 1.0", "sha256": "ab" * 32}
    with pytest.raises(PluginError, match=r"my_sine \(my-sine 1\.0, sha256 ababababab\), which is not here\. Install"):
        bring_back([record | {"adds": ["encoder_activation=sine"]}])
    bring_back([record | {"adds": ["loss=mine"]}])  # a model needs no loss
    for damaged in (None, 3, [3], [{}], [record], [record | {"adds": 3}], [record | {"module": 1, "adds": []}]):
        bring_back(damaged)
        assert descriptions(damaged) == []
    assert "my_sine" not in sys.modules


def test_a_source_that_has_changed_is_told(place: Path):
    write_plugin("my_sine", place)
    import_plugins(["my_sine"])
    record = {"module": "my_sine", "distribution": None, "adds": ["encoder_activation=sine"]}
    bring_back([record | {"sha256": IMPORTED["my_sine"].sha256}])
    with pytest.warns(UserWarning, match="my_sine has changed since"):
        bring_back([record | {"sha256": "0" * 64}])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plugins=[my-sine]"], r"'my-sine' is no module's name"),
        (["plugins=[my_sine.py]"], r"without \.py"),
        (["plugins=[]"], r"is no module's name"),
        (["plugins=[my_nothing]"], r"plugin my_nothing: there is no such module"),
        (["evaluation.metrics=[edges]"], r"evaluation\.metrics=edges: no plugin has added"),
        (["+plugins=[my_sine]"], r"typed on the command line"),
        (SINE, r"encoder_activation=sine: no such option"),
    ],
)
def test_what_is_mistyped_is_refused(words: list[str], told: str):
    with pytest.raises(faceswap_lab.ConfigError, match=told):
        faceswap_lab.compose(words)


def test_the_labs_own_options_cannot_be_replaced(place: Path):
    write_plugin("my_sine", place)
    (place / "my_sine" / "conf" / "encoder_activation" / "relu.yaml").write_text("name: relu\nslope: 1.0\n")
    with pytest.raises(faceswap_lab.ConfigError, match=r"relu\.yaml: there is encoder_activation=relu already"):
        faceswap_lab.compose(TYPED)


def test_help_shows_what_a_plugin_offers_and_does_not_import_it(place: Path, capfd: pytest.CaptureFixture[str]):
    write_plugin("my_sine", place)
    assert main([*TYPED, "--help"]) == 0
    assert " sine," in capfd.readouterr().out
    assert "my_sine" not in sys.modules


def test_a_studys_command_names_the_plugin_it_was_typed_with(place: Path):
    write_plugin("my_sine", place)
    words, folders = plug_in(["+study=smoke", *TYPED], composes=True)
    asked = study_of(words, folders)
    assert asked.command("report") == "python -m faceswap_lab report +study=smoke 'plugins=[my_sine]'"
    assert asked.plan.command.endswith("'plugins=[my_sine]'")


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "import sys\nsys.exit('bye')"])
def test_a_plugin_that_exits_does_not_end_the_command_in_silence(place: Path, code: str):
    (place / "my_exit.py").write_text(code)
    with pytest.raises(faceswap_lab.ConfigError, match=r"plugin my_exit: importing it failed\. SystemExit: "):
        faceswap_lab.compose(["plugins=[my_exit]"])
