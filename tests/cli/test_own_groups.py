"""A folder from a stranger: values pass, whatever could run code through Hydra does not."""

from pathlib import Path

import pytest

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
