"""The wheel holds all that a run needs: unpacked elsewhere, it runs from any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from faceswap_lab import __version__

pytestmark = pytest.mark.acceptance

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TINY = (
    *("scale=smoke", "trainer=cpu", "data.faces=8", "data.held_out=20", "training.max_steps=3"),
    *("training.batch_size=4", "model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4"),
    *("model.decoder_widths=[4,4]", "progress=false"),
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built without build isolation")
    place = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    build = ("wheel", "--no-deps", "--no-build-isolation", "-w", place, REPOSITORY)
    subprocess.run([*pip, *build], check=True, timeout=120)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


def faceswap_lab(unpacked: Path, cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(unpacked), "XDG_CACHE_HOME": str(cwd / "cache")}
    command = [sys.executable, "-m", "faceswap_lab", *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def test_everything_is_inside(unpacked: Path):
    shipped = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "conf").rglob("*.yaml")}
    inside = {str(path.relative_to(unpacked / "faceswap_lab")) for path in unpacked.glob("faceswap_lab/conf/**/*.yaml")}
    assert inside == shipped
    assert (unpacked / "faceswap_lab" / "twins" / "data" / "head_pack.npz").is_file()
    assert (unpacked / "faceswap_lab" / "twins" / "data" / "LICENSE-CC0.md").is_file()
    assert not list(unpacked.glob("tests*"))
    (points,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "faceswap-lab = faceswap_lab.__main__:main" in points.read_text()


def test_it_runs_from_another_folder_with_groups_of_ones_own(unpacked: Path, tmp_path: Path):
    own = tmp_path / "own" / "experiment"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("# @package _global_\n# Mine.\nname: mine\nloss:\n  weight_a: 0.5\n")
    helped = faceswap_lab(unpacked, tmp_path, "--config-dir", "own", "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "two_encoders " in helped.stdout
    assert "  mine  " in helped.stdout
    ended = faceswap_lab(unpacked, tmp_path, "--config-dir", "own", "+experiment=mine", *TINY)
    assert ended.returncode == 0, ended.stderr
    (result,) = tmp_path.glob("runs/mine-s0-*/result.json")
    assert (result.parent / "previews" / "final.png").is_file()


def test_the_console_script_is_there():
    script = Path(sys.executable).parent / "faceswap-lab"
    ended = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"faceswap_lab {__version__}\n", "")


def test_it_is_the_unpacked_package_that_runs(unpacked: Path, tmp_path: Path):
    env = os.environ | {"PYTHONPATH": str(unpacked)}
    said = "import faceswap_lab.cli.groups as g; print(g.__file__, g.conf_dir())"
    ended = subprocess.run([sys.executable, "-c", said], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True)
    assert [word.startswith(str(unpacked)) for word in ended.stdout.split()] == [True, True]
