"""``import faceswap_lab``: its examples are true, it loads nothing, and what goes wrong is an exception."""

import doctest
import subprocess
import sys

import pytest

import faceswap_lab
from faceswap_lab import api
from faceswap_lab.training.run import Run
from faceswap_lab.training.step.finite import Diverged

TINY = (
    *("scale=smoke", "training.max_steps=6", "training.batch_size=4", "evaluation.preview_faces=1", "data.faces=16"),
    *("model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4", "model.decoder_widths=[4,4]"),
    *("data.held_out=20", "trainer=cpu"),
)


@pytest.fixture(autouse=True)
def place(tmp_path, tmp_path_factory, monkeypatch):
    """An empty folder to work in, and one cache of faces for all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    return tmp_path


def test_the_examples():
    assert doctest.testmod(api, optionflags=doctest.IGNORE_EXCEPTION_DETAIL).failed == 0


def test_importing_it_loads_nothing_heavy():
    heavy = ("torch", "hydra", "pytorch_lightning", "wandb")

    def loaded(what):
        code = f"import sys, faceswap_lab as lab; dir(lab); {what}; print([m for m in {heavy} if m in sys.modules])"
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    assert loaded("lab.__version__") == "[]"
    assert loaded("lab.find_runs('.'), lab.results('.')") == "[]"
    assert loaded("lab.twins.render") == "[]"


def test_all_that_is_offered_is_there():
    for name in (*api.__all__, "twins"):
        assert getattr(faceswap_lab, name) is not None
    assert set(dir(faceswap_lab)) == {*api.__all__, "twins", "__version__"}
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = faceswap_lab.trian


def test_training_says_how_it_went_and_finds_what_is_finished(place, capfd):
    model = faceswap_lab.train(TINY)
    said = capfd.readouterr()
    assert "run folder  runs/" in said.out
    assert "step 6 of 6" in said.err
    again = faceswap_lab.train(TINY, quiet=True)
    assert again.folder == model.folder
    assert again.metrics == model.metrics
    assert capfd.readouterr() == ("", "")


def test_a_run_that_diverges_is_an_exception_with_its_reason(monkeypatch):
    def diverges(self):
        raise Diverged(3, "loss_A", float("nan"))

    monkeypatch.setattr(Run, "train_and_judge", diverges)
    with pytest.raises(faceswap_lab.RunFailed, match=r"exit code 1.*diverged.*loss_A.*runs/"):
        faceswap_lab.train(TINY, quiet=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["optimiser=sgd"], "no setting 'optimiser'"),
        (["+study=smoke"], "python -m faceswap_lab .study=smoke"),
        (["seed=0,1"], "seed"),
        ("seed=0 name=x", r"expected a list of words, such as \['seed=0', 'name=x'\]"),
    ],
)
def test_what_means_nothing_is_refused(words, told):
    with pytest.raises(faceswap_lab.ConfigError, match=told):
        faceswap_lab.train(words)


def test_ones_own_groups_are_known(place):
    (place / "own" / "experiment").mkdir(parents=True)
    (place / "own" / "experiment" / "mine.yaml").write_text("# @package _global_\noptimizer: {lr: 0.25}\n")
    assert faceswap_lab.compose(["+experiment=mine"], config_dir=place / "own").optimizer.lr == 0.25
