import hashlib
import json
import re
import subprocess
import sys
import tomllib
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap_lab.runs.provenance import DEPENDENCIES, code, collect, hardware, versions
from tests.runs.configs import config


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A committed package in a repository of its own."""
    package = tmp_path / "repository" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("x = 1\n")
    _git(package.parent, "init", "-q")
    _git(package.parent, "add", ".")
    _git(package.parent, "commit", "-q", "-m", "first")
    return package


def _code(package: Path) -> dict[str, Any]:
    found = code(package)
    assert found is not None
    return found


def test_a_clean_tree_is_its_commit(package: Path) -> None:
    assert _code(package) == {
        "commit": _git(package, "rev-parse", "HEAD").strip(),
        "dirty": False,
        "diff": None,
        "diff_sha256": None,
        "untracked": [],
        "untracked_count": 0,
    }


def test_the_diff_of_a_dirty_tree_makes_the_code_again(package: Path, tmp_path: Path) -> None:
    (package / "__init__.py").write_text("x = 2\ny = 'ä'\n")
    (package / "new.py").write_text("")
    found = _code(package)
    assert found["dirty"]
    assert found["untracked"] == ["package/new.py"]
    assert found["diff_sha256"] == hashlib.sha256(found["diff"].encode()).hexdigest()
    clone = tmp_path / "clone"
    _git(tmp_path, "clone", "-q", str(package.parent), str(clone))
    _git(clone, "checkout", "-q", found["commit"])
    (tmp_path / "patch").write_text(found["diff"])
    _git(clone, "apply", str(tmp_path / "patch"))
    assert (clone / "package" / "__init__.py").read_text() == "x = 2\ny = 'ä'\n"


def test_an_untracked_file_alone_makes_a_tree_dirty(package: Path) -> None:
    for index in range(150):
        (package / f"{index}.py").write_text("")
    found = _code(package)
    assert found["dirty"]
    assert found["diff"] is None
    assert (len(found["untracked"]), found["untracked_count"]) == (100, 150)


def test_a_huge_diff_is_cut_with_a_note(package: Path) -> None:
    (package / "__init__.py").write_text("x\n" * (1 << 20))
    diff = _code(package)["diff"]
    assert len(diff) < (1 << 20) + 100
    assert re.search(r"\n\[cut here: \d+ bytes more\]\n$", diff)


def test_reading_the_code_runs_no_program_the_repository_names(package: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for setting in ("diff.external", "core.fsmonitor", "diff.x.textconv"):
        _git(package, "config", setting, f"touch {trap}; true")
    (package.parent / ".gitattributes").write_text("*.py diff=x\n")
    (package / "__init__.py").write_text("x = 2\n")
    assert "+x = 2" in _code(package)["diff"]
    assert not trap.exists()


def test_a_package_installed_below_another_repository_is_not_its_code(package: Path) -> None:
    installed = package.parent / ".venv" / "faceswap_lab"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert code(installed) is None


def test_without_git_or_a_repository_there_is_no_code(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code(package) is None


def test_a_repository_without_a_commit_has_no_code_to_name(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    assert code(tmp_path) is None


def test_the_dependencies_are_those_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=~!;\[ ]", requirement)[0] for requirement in project["dependencies"]}
    assert set(DEPENDENCIES) == declared


def test_versions_are_those_that_are_loaded() -> None:
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_hardware_loads_no_torch_and_uses_a_loaded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    found = hardware()
    assert "torch" not in sys.modules
    assert found["gpus"] == []
    assert found["threads"] is None
    assert found["cores"] >= 1
    assert found["memory"] > 1 << 28
    cuda = types.SimpleNamespace(
        is_available=lambda: True, device_count=lambda: 2, get_device_name=lambda index: f"GPU {index}"
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda, get_num_threads=lambda: 3))  # type: ignore[arg-type]
    assert hardware()["gpus"] == ["GPU 0", "GPU 1"]
    assert hardware()["threads"] == 3


def test_collect_holds_what_repeats_a_run_and_no_machine_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "annas-laptop")
    found = collect(["python", "-m", "faceswap_lab", "name=two words"], config(), "abcd", 7)
    assert found["command"] == "python -m faceswap_lab 'name=two words'"
    assert (found["seed"], found["data_fingerprint"]) == (7, "abcd")
    assert found["config"]["optimizer"]["name"] == "adam"
    assert abs((datetime.fromisoformat(found["start"]) - datetime.now(UTC)).total_seconds()) < 60
    assert "annas-laptop" not in json.dumps(found["hardware"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
