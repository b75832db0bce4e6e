"""A folder from a stranger: values pass, whatever could run code through Hydra does not."""

from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.own_groups import check_own_groups
from faceswap_lab.config import ConfigError


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_groups_of_values_pass(tmp_path: Path):
    write(
        tmp_path, "experiment/mine.yaml", "# @package _global_\n# Not of hydra's.\nname: mine\nloss: {weight_a: 0.5}\n"
    )
    write(tmp_path, "encoder_activation/mish.yaml", "# Mish.\nname: mish\nslope: null\n")
    write(
        tmp_path, "experiment/other.yaml", "# @package _global_\ndefaults: [{override /loss: mse}]\nname: dehydrated\n"
    )
    check_own_groups(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "# @package _global_\nloss:\n  _target_: os.system\n",
        '# @package _global_\nloss:\n  "\\x5ftarget_": os.system\n',
        "# @package _global_\nhydra: {callbacks: {x: {y: z}}}\n",
        "# @package _global_\n# @package hydra.job_logging\nformatters: {x: {'()': os.system}}\n",
        "# @package _global_\ndefaults:\n  - /loss@hydra.callbacks.x: mae\n",
        "# @package _global_\ndefaults:\n  - override /hydra/launcher: mine\n",
        "# @package _global_\nname: \"${oc.create:'{a: b}'}\"\n",
        "# @package _global_\na: &a {hydra: 1}\nb: *a\n",
    ],
)
def test_what_reaches_for_code_is_refused_with_the_file_named(tmp_path: Path, text: str):
    folder = write(tmp_path, "experiment/evil.yaml", text)
    with pytest.raises(ConfigError, match=r"experiment/evil\.yaml.*never Hydra's own"):
        check_own_groups(folder)


def test_a_package_of_hydras_is_refused_in_any_group(tmp_path: Path):
    folder = write(tmp_path, "loss/evil.yaml", "# @package hydra.job_logging\nformatters: {x: {'()': os.system}}\n")
    with pytest.raises(ConfigError, match="never Hydra's own"):
        check_own_groups(folder)


@pytest.mark.parametrize("header", ["_global_.hydra.job_logging", "_global_._global_.hydra", "a._global_.hydra"])
def test_no_spelling_of_a_package_hides_hydras(tmp_path: Path, header: str):
    """Hydra strips everything up to ``_global_``."""
    folder = write(tmp_path, "loss/evil.yaml", f"# @package {header}\nhandlers: {{x: {{'()': os.system}}}}\n")
    with pytest.raises(ConfigError, match="never Hydra's own"):
        check_own_groups(folder)


def test_no_default_hides_a_package_of_hydras(tmp_path: Path):
    text = "# @package _global_\ndefaults:\n  - /loss@_global_.hydra.job_logging: mine\n"
    with pytest.raises(ConfigError, match="never Hydra's own"):
        check_own_groups(write(tmp_path, "experiment/evil.yaml", text))


@pytest.mark.parametrize("name", ["loss/hydra.yaml", "loss/_global_.hydra.run.yaml", "a/hydra/evil.yaml"])
def test_no_name_of_a_file_makes_a_package_of_hydras(tmp_path: Path, name: str):
    """``# @package _name_`` stands for the file's name, ``_group_`` for its folder's."""
    with pytest.raises(ConfigError, match="never Hydra's own"):
        check_own_groups(write(tmp_path, name, "# @package _name_\ndir: elsewhere\n"))


@pytest.mark.parametrize("text", ["name: mine\n", "", "- 1\n"])
def test_an_experiment_without_its_header_is_told_so(tmp_path: Path, text: str):
    with pytest.raises(ConfigError, match=r"experiment/mine\.yaml: .*'# @package _global_' as its first line"):
        check_own_groups(write(tmp_path, "experiment/mine.yaml", text))


def test_groups_of_hydras_own_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="never Hydra's own"):
        check_own_groups(write(tmp_path, "hydra/launcher/evil.yaml", "a: 1\n"))


@pytest.mark.parametrize("text", ["a: [1\n", "a: b: c\n", b"name: \xff\xfe\n", "\t- a\n"])
def test_what_is_no_yaml_is_named(tmp_path: Path, text: str | bytes):
    with pytest.raises(ConfigError, match=r"loss/mine\.yaml: cannot be read as YAML") as error:
        check_own_groups(write(tmp_path, "loss/mine.yaml", text))
    assert "\n" not in str(error.value)


def test_a_yaml_that_refers_to_itself_ends(tmp_path: Path):
    check_own_groups(write(tmp_path, "loss/mine.yaml", "a: &a [*a]\n"))


def test_a_linked_folder_is_no_way_in(tmp_path: Path):
    write(tmp_path / "elsewhere", "evil.yaml", "hydra: {}\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "loss").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="own/loss: a link to a folder"):
        check_own_groups(tmp_path / "own")


SWEEP = """\
hydra:
  mode: MULTIRUN
  sweeper: {params: {+experiment: "baseline,mine", seed: "range(0,8)"}}
"""
CALLBACK = "  callbacks: {report: {_target_: os.system}}\n"


def test_a_study_of_ones_own_may_set_its_sweep_and_its_report(tmp_path: Path):
    text = f"# @package _global_\n# Mine.\nstudy: {{name: mine}}\n{SWEEP}"
    check_own_groups(write(tmp_path, "study/mine.yaml", text))
    check_own_groups(write(tmp_path, "study/one.yaml", "# @package _global_\nhydra: {sweeper: {params: {seed: 0}}}\n"))
    for path in (conf_dir() / "study").glob("*.yaml"):  # to begin with: metrics' names among them
        check_own_groups(write(tmp_path, f"study/my_{path.name}", path.read_text(encoding="utf-8")))
    with pytest.raises(ConfigError, match=r"experiment/mine\.yaml.*never Hydra's own"):
        check_own_groups(write(tmp_path, "experiment/mine.yaml", text))


@pytest.mark.parametrize(
    "text",
    [
        SWEEP + CALLBACK,
        SWEEP.replace("{params:", "{_recursive_: true, params:"),
        SWEEP.replace("MULTIRUN", "${oc.env:HOME}"),
        SWEEP.replace("+experiment:", "hydra.callbacks.x._target_:"),
        SWEEP.replace("+experiment:", "hydra/launcher:"),
        SWEEP.replace("+experiment:", "runs_dir:"),
        SWEEP.replace("range(0,8)", "${oc.create:x}"),
        SWEEP.replace('"range(0,8)"', "[0, 1]"),
        SWEEP.replace('"range(0,8)"', "!!python/object/apply:os.system ['touch x']"),
        SWEEP.replace("sweeper: {params", "sweeper: {_target_: os.system, params"),
        SWEEP + "  launcher: {_target_: os.system}\n",
        SWEEP + "  job_logging: {handlers: {x: {(): os.system}}}\n",
        SWEEP + "  run: {dir: /tmp/elsewhere}\n",
        SWEEP + SWEEP + CALLBACK,
        SWEEP.replace("hydra:", '"\\x68ydra":') + CALLBACK,
        SWEEP.replace("hydra:\n", "study: &h {launcher: {x: y}}\nhydra:\n  <<: *h\n"),
        SWEEP + "study: {title: '${oc.create:x}'}\n",
        "study:\n  " + SWEEP.replace("\n  ", "\n    "),
        SWEEP + "---\nhydra: {launcher: x}\n",
        "- hydra\n",
    ],
)
def test_a_study_that_wants_more_of_hydra_is_refused(tmp_path: Path, text: str):
    with pytest.raises(ConfigError, match=r"study/evil\.yaml.*never Hydra's own"):
        check_own_groups(write(tmp_path, "study/evil.yaml", f"# @package _global_\n{text}"))


def test_a_study_in_a_package_of_hydras_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"study/evil\.yaml: 'hydra'"):
        check_own_groups(write(tmp_path, "study/evil.yaml", f"# @package _global_\n# @package hydra\n{SWEEP}"))


def test_yaml_nested_deeper_than_can_be_read_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        check_own_groups(write(tmp_path, "loss/deep.yaml", "a: " + "[" * 600))
