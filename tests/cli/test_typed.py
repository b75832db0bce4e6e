"""Overrides as people type them: what is wrong is named with the nearest, and a path needs no quotes."""

import contextlib
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faceswap_lab.__main__ import main
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job import run
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.plugins import runs_dir_of
from faceswap_lab.cli.typed import as_hydra_reads
from faceswap_lab.config import ConfigError
from faceswap_lab.options import Options
from tests.cli.judging import judged

OPTIONS = Options([conf_dir()])


@pytest.mark.parametrize(
    "words",
    [
        *(["seed=3"], ["++seed=3"], ["decoder_activation=tanh"], ["+experiment=joint,only_b"], ["name=null"]),
        *(["encoders=choice(one,two)"], ["seed=range(3)"], ["encoders=one,two"]),
        *(
            ["model.encoder_widths=[8,16,32]"],
            ["augmentation.photometric=[{name: ToGray}]"],
            ["seed=${training.max_steps}"],
        ),
        *(["hydra/launcher=joblib"], ["hydra.mode=MULTIRUN"], ["encoders=two", "encoders.start=equal"]),
        *(["trainer.threads=null"], ["data.held_out=96"], ["model={code_size: 3}"], ["name='a b'"]),
        *(
            ["optimized_metric=loss_A"],
            ["optimized_metric=[swap_ssim_AB,loss_A]"],
            ["data=folders", "data.a=x", "data.b=y"],
        ),
    ],
)
def test_what_exists_passes(words: list[str]):
    assert judged(words, sweep=True)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("sed=3", ["no setting 'sed'", "'seed'", "value_range"]),
        ("model.codesize=3", ["model.codesize", "'code_size'", "Known under model: bridge_width"]),
        ("lr=1e-3", ["Did you mean 'optimizer.lr'?"]),
        ("batch_size=8", ["Did you mean 'training.batch_size'?"]),
        ("batchsize=8", ["Did you mean 'training.batch_size'?"]),
        ("max_step=8", ["Did you mean 'training.max_steps'?"]),
        ("model.lr=1", ["no setting 'model.lr'", "Did you mean 'optimizer.lr'?", "Known under model"]),
        ("faces=8", ["Did you mean 'data.faces'?"]),
        ("wandb.mode=online", ["no setting 'wandb.mode'", "Did you mean 'logger.mode'?"]),
        ("every_steps=8", ["'evaluation.every_steps' or 'checkpoint.every_steps' or 'logger.every_steps'?"]),
        ("data.a=x", ["'data.a'", "beside the option chosen", "Add data=folders"]),
        ("decoder_activation=tanhh", ["decoder_activation=tanhh", "'tanh'", "Choose one of: clamp"]),
        ("decoder_activation=tanh,sigmoit", ["decoder_activation=sigmoit", "'sigmoid'"]),
        ("decoder_activation=", ["decoder_activation=: no such option", "clamp"]),
        ("decoder_activation=null", ["null: no such option"]),
        ("experiment=joint", ["Write +experiment=joint"]),
        ("+study=smoke,backgrounds", ["one study at a time", "encoder_count"]),
        ("+study=choice(smoke,backgrounds)", ["one study at a time"]),
        ("+study=smoek", ["study=smoek: no such option", "'smoke'"]),
        ("study=smoke", ["Write +study=smoke"]),
        ("+experiment=jointt", ["experiment=jointt", "'joint'", "--help lists them"]),
        ("+experimnt=joint", ["'experimnt'", "'experiment'"]),
        ("experimnt=joint", ["'experiment'"]),
        ("+new=1", ["no setting 'new'"]),
        ("encoders/x=1", ["no setting 'encoders/x'", "'encoders'"]),
        ("~seed", ["seed: a value is missing"]),
        ("~encoders=one", ["encoders: a value is missing"]),
        ("~sed", ["'sed'"]),
        ("seed", ["'seed': expected key=value"]),
        ("=3", ["'=3'"]),
        ("", ["'': expected key=value"]),
        ("+++seed=3", ["+++seed=3"]),
        ("se ed=3", ["se ed=3"]),
        ("seed=[1", ["'seed=[1'", "Hydra cannot read this"]),
        ("loss._target_=os.system", ["no setting 'loss._target_'"]),
        ("seed=0,1,x", ["seed='x'", "whole number"]),
        ("training.max_steps=100,0", ["training.max_steps=0", ">= 1"]),
        ("training.max_steps=choice(10,-1)", ["training.max_steps=-1"]),
        ("seed=range(-1,3)", ["seed=-1", ">= 0"]),
        ("seed='7'", ["seed='7': expected a whole number, got a word"]),
        ("optimizer.lr=1e-3,1e2", ["optimizer.lr=100.0", "<= 10"]),
        ("optimizer.lr=interval(0,1)", ["optimizer.lr=interval(0,1)", "Name the values"]),
        ("data.pose=equal,unequal", ["data.pose=unequal", "'equal'"]),
        ("model.encoder_widths=[8,16,32],[8,0,1]", ["model.encoder_widths[1]=0"]),
        ("++seed=a", ["seed='a'"]),
        ("model=3", ["model=3", "a group of settings"]),
        ("training=[1]", ["training=[1]: expected settings by name, not a list"]),
        ("events.planned=[1,2]", ["events.planned=[1,2]: expected settings by name", "name: {kind, step, …}"]),
        ("events.planned=[{kind:freeze}]", ["events.planned=[{kind:freeze}]: expected settings by name"]),
        ("model.encoder_widths={a:1}", ["model.encoder_widths={a:1}: expected a list", "stride-2 convolutions"]),
        ("loss.terms={a:1}", ["left out by the option", "Write +loss.terms=…"]),
        ("optimizer.lr.x=3", ["'optimizer.lr.x'", "nothing lies under it"]),
        ("optimizer=[1]", ["optimizer=[1]: no such option", "adam"]),
        ("augmentation.photometric=[{name: Bluur}]", ["augmentation.photometric", "Bluur"]),
        ("hydra.sweper.params=x", ["hydra.sweper", "no such setting"]),
        ("hydra.run.dir=/x", ["hydra.run.dir=/x", "named after its configuration", "runs_dir=…"]),
        ("hydra.sweep.dir=/x", ["hydra.sweep.dir", "runs_dir=…"]),
        ("hydra.sweep.subdir=x", ["hydra.sweep.subdir", "runs_dir=…"]),
        ("hydra.job.chdir=true", ["hydra.job.chdir=true", "runs_dir=…"]),
        ("hydra.output_subdir=x", ["hydra.output_subdir", "config.yaml"]),
    ],
)
def test_what_does_not_exist_is_named_with_the_nearest(override: str, told: list[str]):
    with pytest.raises(ConfigError) as error:
        judged([override], sweep="," in override or "(" in override)
    assert not [part for part in told if part not in str(error.value)], error.value
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "group"),
    [
        (["+experiment=two_encoders", "+experiment=liae"], "experiment"),
        (["+experiment=peer_saehd_df", "+peer=saehd_df"], "peer"),
        (["+experiment=peer_saehd_df", "+peer=quick96"], "peer"),
    ],
)
def test_two_options_of_a_group_are_one_too_many(words: list[str], group: str):
    with pytest.raises(ConfigError) as error:
        judged(words)
    assert str(error.value).startswith(f"{group}: two are chosen")
    assert "\n" not in str(error.value)


def test_a_group_that_a_sweep_is_given_twice_is_refused():
    with pytest.raises(ConfigError, match=r"\+experiment is given 2 times\. Write \+experiment=one,other"):
        judged(["+experiment=two_encoders,baseline", "+experiment=baseline", "seed=0,1"], sweep=True)


@pytest.mark.parametrize("seeds", ["seed=range(0,8)", "seed=0,1"])
def test_a_configuration_that_is_shown_is_one(seeds: str):
    with pytest.raises(ConfigError) as error:
        judged(["+study=smoke", seeds])
    assert str(error.value) == f"{seeds}: several values make a sweep, and this is about one run. Give one value."


@pytest.mark.parametrize("seeds", ["seed=range(0,8)", "seed=0,1"])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["nonsense=0"], "there is no setting 'nonsense'"),
        (["training.max_step=3"], "Did you mean 'max_steps'?"),
        (["loss=maee"], "Did you mean 'mae'?"),
        (["scale=smoke,quick", "loss=maee"], "Did you mean 'mae'?"),
        (["+experiment=baseline,two_encoder"], "Did you mean 'two_encoders'?"),
    ],
)
def test_a_typing_error_is_named_however_many_seeds_stand_beside_it(
    seeds: str, wrong: list[str], told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    places = [f"runs_dir={tmp_path}/runs", f"experiments_dir={tmp_path}/experiments"]
    assert main(["+study=smoke", seeds, *wrong, *places]) == 2
    said = capfd.readouterr().err
    assert told in said
    assert "several values" not in said
    assert not list(tmp_path.iterdir())


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/a b")
    (config,) = judged(["runs_dir=~/runs", "experiments_dir=~"])
    assert (config.runs_dir, config.experiments_dir) == ("/home/a b/runs", "/home/a b")


@pytest.mark.parametrize("text", ["2026_11", "1e3", "1.5", "1.50", "-0", "+3", "inf", "007", "3"])
@pytest.mark.parametrize("sweep", [False, True])
def test_a_text_that_reads_as_a_number_is_taken_as_it_is_typed(text: str, sweep: bool):
    (config,) = judged([f"{key}={text}" for key in ("runs_dir", "experiments_dir", "cache_dir", "name")], sweep)
    assert [config.runs_dir, config.experiments_dir, config.cache_dir, config.name] == [text] * 4


def test_what_reads_the_same_as_a_number_and_a_text_is_left_as_it_is():
    words = ["runs_dir=3", "name=202611", "data.a=7", "seed=1_000"]
    assert as_hydra_reads(words, OPTIONS, sweep=False) == words


@pytest.mark.parametrize("place", ["runs", "a=b", "a b", "ä#%", "it's", 'say "x"', "a\\b", "'a'", "~/x", "1_0"])
def test_a_sweep_is_kept_where_its_runs_are(place: str):
    read = as_hydra_reads([f"runs_dir={place}"], OPTIONS, sweep=True)
    (config,) = judged([f"runs_dir={place}"], sweep=True)
    assert runs_dir_of(read) == Path(config.runs_dir)


@pytest.mark.parametrize("named", ["runs_dir=${oc.env:PLACE}/there", "++runs_dir=there", "+experiment=mine"])
def test_a_sweep_is_kept_where_its_runs_are_whatever_names_the_place(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text("# @package _global_\nruns_dir: there\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", str(tmp_path))
    monkeypatch.setattr(run, "run_job", lambda *job: JobStatus("failed", message="no time"))
    assert main(["-m", "seed=0,1", named, "--config-dir", "own"]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"own", "there"}
    (cells,) = tmp_path.glob("there/sweeps/*/cells")
    assert len(list(cells.iterdir())) == 2


WORDS = st.text(max_size=20) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "++", "~"]),
    st.sampled_from(["seed", "model", "model.code_size", "encoders", "experiment", "data.held_out", "hydra.x"]),
    st.sampled_from(["", "=", ".x=", "@y=", "/z="]),
    st.text(max_size=12) | st.sampled_from(["[1", "{a:1}", "1,2", "choice(1,x)", "range(1,3)", "glob(*)", "${x", "'"]),
)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=3))
def test_whatever_is_typed_only_refusals_leave(words: list[str]):
    with contextlib.suppress(ConfigError):
        as_hydra_reads(words, OPTIONS, sweep=True)


TEXTS = st.text(st.characters(exclude_categories=["C"], exclude_characters="\\"), min_size=1, max_size=30).filter(
    lambda text: "${" not in text
)


@settings(max_examples=300)
@given(TEXTS)
@example("/a=b")
@example("/a,b")
@example("/50%#1 ä b\\")
@example("it's [1")
@example("\\'\"")
def test_a_path_is_taken_as_it_is_typed(text: str):
    (word,) = as_hydra_reads([f"data.a=/x/{text}"], OPTIONS, sweep=False)
    override = OverridesParser.create().parse_override(word)
    assert not override.is_sweep_override()
    assert override.value() == f"/x/{text}".rstrip() or override.value() == f"/x/{text}"


def test_a_comma_parts_the_values_of_a_sweep_and_quotes_keep_it():
    (word,) = as_hydra_reads(["data.a=/x,/y"], OPTIONS, sweep=True)
    assert list(OverridesParser.create().parse_override(word).sweep_string_iterator()) == ["/x", "/y"]
    assert as_hydra_reads(["data.a='/x,y'"], OPTIONS, sweep=True) == ["data.a='/x,y'"]


def test_what_is_quoted_in_vain_is_printed_as_it_must_be_typed():
    with pytest.raises(ConfigError, match=r"If it is text: 'evaluation\.every_steps='.*3#4"):
        as_hydra_reads(["evaluation.every_steps=3#4"], OPTIONS, sweep=False)
