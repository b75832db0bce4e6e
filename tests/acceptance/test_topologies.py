"""Architectures as a user meets them: described, trained, asked about in a study, made of one YAML, loaded, refused."""

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import torch

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.training.saved.weights import load_weights
from tests.acceptance.program import TINY, TWINS, Program

pytestmark = pytest.mark.acceptance

OWN = """# A wide inter for what the sides share, a narrow one for what they do not.
name: mine
parts:
  encoder: {kind: conv_encoder}
  wide: {kind: inter, code_size: 16}
  narrow_{side}: {kind: inter, code_size: 2}
  decoder: {kind: decoder}
route: encoder > narrow_{side} + wide > decoder
code: wide
"""
SHARING = [
    path.stem
    for path in sorted((conf_dir() / "experiment").glob("*.yaml"))
    if "# Sharing:" in path.read_text(encoding="utf-8")
]
STUDY = f"""# @package _global_
# Every shipped topology.
study:
  name: topologies
  title: Every topology
  question: Does every topology come to its report?
  baseline: baseline
  metric: swap_score_AB
  smallest_difference: 0.02
  secondary: [recon_ssim_A]
  notes: []
  group_seeds: null
  companion: null
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      +experiment: {",".join(["baseline", *SHARING])}
      seed: 0
"""


def own(program: Program, group: str, name: str, text: str) -> Path:
    folder = program.place / "own"
    (folder / group).mkdir(parents=True, exist_ok=True)
    (folder / group / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def run(program: Program, *words: str, flags: tuple[str, ...] = (), seconds: float = 60):
    places = (f"runs_dir={program.runs}", f"cache_dir={program.cache}", "progress=false")
    return program.start_with(*flags, *TINY[1:], *TWINS, *places, *words).ended(seconds)


def test_a_study_of_every_shipped_topology_comes_to_its_report(program: Program) -> None:
    folder = own(program, "study", "topologies", STUDY)
    ended = run(program, "+study=topologies", "training.max_steps=4", flags=("--config-dir", str(folder)), seconds=240)
    assert ended.code == 0, ended.err
    assert len(SHARING) == 11
    (report,) = (program.place / "experiments").iterdir()
    with (report / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows] == ["baseline", *SHARING]
    page = (report / "report.md").read_text(encoding="utf-8")
    assert not [arm for arm in SHARING if arm not in page]
    for place in (path for path in program.runs.iterdir() if (path / "result.json").is_file()):
        assert (place / "previews" / "final.png").stat().st_size > 1000
        assert ET.parse(place / "topology.svg").getroot().tag.endswith("svg")


def test_a_topology_is_described_without_training(program: Program) -> None:
    ended = program.start_with("describe", "topology=liae", "picture=liae.svg").ended()
    assert ended.code == 0, ended.err
    said = [line.split() for line in ended.out.splitlines()]
    assert ["inter_AB", "inter", "64×4²", "→", "64×8²", "411,008", "5.2", "A", "1×,", "B", "1×"] in said
    assert "swap        A→B: encoder > inter_AB + inter_AB > decoder" in ended.out
    assert ended.out.splitlines()[-1] == "picture     liae.svg"
    drawn = "".join(ET.parse(program.place / "liae.svg").getroot().itertext())
    assert not [part for part in ("encoder", "inter_A", "inter_AB", "decoder", "face A") if part not in drawn]
    refused = program.start_with("describe", "topology=liae", "picture=liae.gif").ended()
    assert refused.code == 2
    assert "picture=liae.gif: an SVG or PNG file" in refused.err


def test_a_topology_of_ones_own_is_one_yaml(program: Program) -> None:
    folder = own(program, "topology", "mine", OWN)
    flags = ("--config-dir", str(folder))
    three = "data.identities=[ada,ben,cleo]"
    ended = run(program, "topology=mine", "training.max_steps=4", three, flags=flags)
    assert ended.code == 0, ended.err
    model = load_weights(program.folder / "weights.safetensors")
    assert list(model.parts) == ["encoder", "wide", "narrow_A", "narrow_B", "narrow_C", "decoder"]
    own(program, "topology", "mine", OWN.replace("narrow_{side} +", "narow_{side} +"))
    refused = run(program, "topology=mine", flags=flags)
    assert refused.code == 2
    assert "encoder > narow_A + wide > decoder\n              ^^^^^^^\n" in refused.err.replace("    ", "", 1)
    assert "Did you mean 'narrow_A'?" in refused.err


def test_a_pretrained_part_is_the_other_runs_wherever_its_file_lies(program: Program) -> None:
    assert run(program, "training.max_steps=4").code == 0
    weights = program.folder / "weights.safetensors"
    here = program.place / "weights.safetensors"
    weights.rename(here)
    asked = ("topology=pretrained", "training.max_steps=4", "training.batch_size=8")
    assert run(program, *asked, f"topology.load={here}").code == 0
    (new,) = [path for path in program.runs.iterdir() if "pretrained" in path.name]
    loaded, start = load_weights(new / "weights.safetensors"), load_weights(here)
    for name, tensor in start.parts["encoder"].state_dict().items():
        assert torch.equal(loaded.parts["encoder"].state_dict()[name], tensor)
    there = program.place / "elsewhere.safetensors"
    here.rename(there)
    again = run(program, *asked, f"topology.load={there}")
    assert "This run is finished already" in again.out  # it is the content that counts
    missing = run(program, *asked, f"topology.load={here}")
    assert missing.code == 2
    assert f"topology.load={here}: no such file" in missing.err
    here.write_text("no weights")
    junk = run(program, *asked, f"topology.load={here}")
    assert (junk.code, f"topology.load={here}: it holds no weights" in junk.err) == (2, True)
    other = run(program, *asked, f"topology.load={there}", "model.code_size=9")
    assert other.code == 1
    assert "its part encoder does not fit encoder here" in other.err
    assert "traceback" not in other.err
