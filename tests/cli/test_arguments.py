from pathlib import Path

import pytest

from faceswap_lab.cli.arguments import parse
from faceswap_lab.config import ConfigError


def test_flags_and_words_are_told_apart_in_any_order(tmp_path: Path):
    found = parse(["seed=0,1", "-m", "+experiment=a,b", "--config-dir", str(tmp_path), "~x", "loss.weight_a=-1"])
    assert found.words == ["seed=0,1", "+experiment=a,b", "~x", "loss.weight_a=-1"]
    assert found.config_dir == tmp_path.resolve()
    assert not found.help
    assert not found.version


@pytest.mark.parametrize(
    ("args", "attribute"), [(["-h"], "help"), (["seed=1", "--help"], "help"), (["--version"], "version")]
)
def test_help_and_version(args: list[str], attribute: str):
    assert getattr(parse(args), attribute)


@pytest.mark.parametrize("args", [["--cfg", "job"], ["-c", "all", "--resolve"], ["--info", "defaults"], ["--info"], []])
def test_hydras_own_questions_pass(args: list[str]):
    assert parse(args).words == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--multrun"], ["--multrun: no such flag", "'--multirun'"]),
        (["--optimizer.lr=1e-3"], ["no such flag", "without dashes: optimizer.lr=1e-3."]),
        (["-x"], ["-x: no such flag", "--config-dir"]),
        (["--cfg", "jobb"], ["jobb", "'job', 'hydra', 'all'"]),
        (["-m", "--cfg", "job"], ["--cfg", "not allowed with", "--multirun"]),
        (["--config-dir"], ["--config-dir", "expected one argument"]),
        (["--config-dir", "/no/such"], ["--config-dir /no/such: no such folder", "/no/such/experiment/mine.yaml"]),
        (["--experimental-rerun", "config.pickle"], ["no such flag"]),
        (["--config-path", "."], ["no such flag"]),
    ],
)
def test_what_is_refused_is_named(args: list[str], told: list[str]):
    with pytest.raises(ConfigError) as error:
        parse(args)
    assert not [part for part in told if part not in str(error.value)], error.value
