"""What a maintainer expects to find: each file says what is true, and does what it says, as far as can be tried."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import faceswap_lab

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def documentation():
    spec = importlib.util.spec_from_file_location("documentation", ROOT / "scripts" / "documentation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_site_builds_strictly_with_all_pages(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for page in [path.stem for path in (ROOT / "docs").glob("*.md")] + ["findings", "reference"]:
        assert (tmp_path / "site" / page / "index.html").is_file(), page
    assert "Findings" in (tmp_path / "site" / "findings" / "index.html").read_text()
    front = (tmp_path / "site" / "index.html").read_text()
    assert 'src="twins.png"' in front
    for path in (tmp_path / "site").rglob("*.html"):  # nothing is fetched from anybody
        assert not re.search(r'<(?:script|img|link)[^>]+(?:src|href)="https?://(?!squidfunk)', path.read_text()), path


def test_every_setting_is_in_the_reference_with_its_bounds(documentation):
    text, keys = documentation.reference(), documentation.settings()
    assert {"seed", "optimizer.lr", "data.identity_a", "data.a", "study.metric", "logger.group"} <= set(keys)
    assert not [key for key in keys if f"| `{key}` |" not in text]
    assert "| `optimizer.lr` | learning rate | number | > 0.0 and <= 10.0 | yes |" in text
    assert "| `training.precision` | arithmetic of the forward pass | word | 32, bf16-mixed | yes |" in text
    assert "- `update_order=a_then_b` **(baseline)**: " in text


def test_the_version_is_in_one_place():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in told["project"]
    assert told["tool"]["hatch"]["version"]["path"] == "faceswap_lab/__init__.py"
    assert f"## {faceswap_lab.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text())  # it would be a second place


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "faceswap_lab" / "py.typed").is_file()


def test_the_commands_of_the_hooks_are_there():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repo["hooks"]:
        assert (Path(sys.executable).parent / hook["entry"].split()[0]).exists(), hook["entry"]


def test_the_workflow_that_a_user_copies_runs_a_study_that_there_is():
    (job,) = yaml.safe_load((ROOT / "docs" / "ci_workflow.yml").read_text())["jobs"].values()
    (command,) = [step["run"] for step in job["steps"] if "faceswap_lab" in step.get("run", "") and "-m" in step["run"]]
    words = command.split("python -m faceswap_lab ")[1].split()
    assert words[0] == "+study=smoke"
    faceswap_lab.compose(words)


def test_a_container_that_is_run_as_its_head_says_keeps_runs_and_reports():
    head = (ROOT / "Dockerfile").read_text().partition("\nFROM ")[0].replace("\\\n#", "")
    (command,) = [line for line in head.splitlines() if "docker run" in line]
    config = yaml.safe_load((ROOT / "conf" / "config.yaml").read_text())
    for place in (config["runs_dir"], config["experiments_dir"]):
        assert f'-v "$PWD/{place}:/work/{place}"' in command
        assert place in head.partition("mkdir -p ")[2].splitlines()[0].split()
    assert '--user "$(id -u):$(id -g)"' in command


def test_the_container_is_given_files_that_there_are():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert copied
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name in allowed, name
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*packages["packages"], *packages.get("force-include", {})} <= set(copied), "or the wheel lacks it, silently"
