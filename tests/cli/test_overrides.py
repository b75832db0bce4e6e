import contextlib

import pytest
from hydra.errors import HydraException
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.cli.groups import conf_dir, group_options
from faceswap_lab.cli.overrides import check_overrides
from faceswap_lab.cli.values import check_values
from faceswap_lab.config import ConfigError

OPTIONS = group_options([conf_dir()])


@pytest.mark.parametrize(
    "override",
    [
        *(
            "seed=3",
            "++seed=3",
            "decoder_activation=tanh",
            "decoder_activation=tanh,sigmoid",
            "+experiment=joint,only_b",
        ),
        *("model.encoder_widths=[8,16]", "augmentation.photometric=[{name: Blur}]", "training.max_steps=", "name=null"),
        *(
            "hydra/launcher=joblib",
            "hydra.run.dir=/x",
            "hydra.mode=MULTIRUN",
            "data.a=/a=b",
            "seed=${x}",
            "seed=range(3)",
        ),
        *("encoders=choice(one,two)", "encoders.start=equal", "encoders@encoders=two"),
    ],
)
def test_what_exists_passes(override: str):
    check_overrides([override], OPTIONS)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("sed=3", ["sed=3", "no setting 'sed'", "'seed'", "value_range"]),
        ("model.codesize=3", ["model.codesize=3", "'code_size'", "Known under model: bridge_width"]),
        ("lr=1e-3", ["lr=1e-3", "Did you mean 'optimizer.lr'?"]),
        ("batch_size=8", ["Did you mean 'training.batch_size'?"]),
        ("batchsize=8", ["Did you mean 'training.batch_size'?"]),
        ("max_step=8", ["Did you mean 'training.max_steps'?"]),
        ("model.lr=1", ["no setting 'model.lr'", "Did you mean 'optimizer.lr'?", "Known under model"]),
        ("faces=8", ["Did you mean 'data.faces'?"]),
        ("wandb.mode=online", ["no setting 'wandb.mode'", "Did you mean 'logger.mode'?"]),
        ("every_steps=8", ["'evaluation.every_steps' or 'checkpoint.every_steps' or 'logger.every_steps'?"]),
        ("decoder_activation=tanhh", ["decoder_activation=tanhh", "'tanh'", "Choose one of: clamp"]),
        ("decoder_activation=tanh,sigmoit", ["decoder_activation=sigmoit", "'sigmoid'"]),
        ("decoder_activation=", ["decoder_activation=: no such option", "clamp"]),
        ("decoder_activation=null", ["null: no such option"]),
        ("experiment=joint", ["Write +experiment=joint"]),
        ("+study=smoke,backgrounds", ["one study at a time", "encoder_count"]),
        ("+study=choice(smoke,backgrounds)", ["one study at a time"]),
        ("+study=smoek", ["study=smoek: no such option", "'smoke'"]),
        ("study=smoke", ["Write +study=smoke"]),
        ("+experiment=jointt", ["experiment=jointt", "'joint'"]),
        ("+experimnt=joint", ["+experimnt=joint", "'experiment'"]),
        ("experimnt=joint", ["'experiment'"]),
        ("+new=1", ["+new=1", "no setting 'new'"]),
        ("encoders/x=1", ["no setting 'encoders/x'", "'encoders'"]),
        ("~seed", ["~seed", "every setting has a value"]),
        ("~encoders=one", ["~encoders=one", "every setting has a value"]),
        ("~sed", ["'seed'"]),
        ("seed", ["'seed': expected key=value"]),
        ("=3", ["'=3': expected key=value"]),
        ("", ["'': expected key=value"]),
        ("+++seed=3", ["expected key=value"]),
        ("se ed=3", ["expected key=value"]),
        ("loss._target_=os.system", ["no setting 'loss._target_'"]),
    ],
)
def test_what_does_not_exist_is_named_with_the_nearest(override: str, told: list[str]):
    with pytest.raises(ConfigError) as error:
        check_overrides(["seed=1", override], OPTIONS)
    assert not [part for part in told if part not in str(error.value)], error.value


WORDS = st.text(max_size=20) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "++", "~"]),
    st.sampled_from(["seed", "model", "model.code_size", "encoders", "experiment", "data.held_out", "hydra.x"]),
    st.sampled_from(["", "=", ".x=", "@y=", "/z="]),
    st.text(max_size=12) | st.sampled_from(["[1", "{a:1}", "1,2", "choice(1,x)", "range(1,3)", "glob(*)", "${x", "'"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=3))
def test_whatever_is_typed_only_refusals_leave(words: list[str]):
    with contextlib.suppress(ConfigError, HydraException):
        check_overrides(words, OPTIONS)
        check_values(words, OPTIONS)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seed=0,1,x", ["seed='x'", "whole number"]),
        ("training.max_steps=100,0", ["training.max_steps=0", ">= 1"]),
        ("training.max_steps=choice(10,-1)", ["training.max_steps=-1"]),
        ("seed=range(-1,3)", ["seed=-1", ">= 0"]),
        ("optimizer.lr=1e-3,1e2", ["optimizer.lr=100.0", "<= 10"]),
        ("data.pose=equal,unequal", ["data.pose=unequal", "'equal'"]),
        ("model.encoder_widths=[8,16],[8,0]", ["model.encoder_widths[1]=0"]),
        ("++seed=a", ["seed='a'"]),
        ("model=3", ["model=3", "a group of settings"]),
    ],
)
def test_every_value_of_a_sweep_is_judged(override: str, told: list[str]):
    with pytest.raises(ConfigError) as error:
        check_values([override], OPTIONS)
    assert not [part for part in told if part not in str(error.value)], error.value


@pytest.mark.parametrize(
    "override",
    [
        *(
            "seed=0,1",
            "seed=${oc.env:SEED}",
            "name='a b'",
            "optimizer.lr=interval(0,1)",
            "data.held_out=0.1",
        ),
        *("encoders=one,two", "hydra.mode=x", "trainer.threads=null", "data.held_out=96", "model={code_size: 3}"),
        "augmentation.photometric=[{name: ToGray, p: 0.5}]",
    ],
)
def test_values_that_may_be_right_pass(override: str):
    check_values([override], OPTIONS)


def test_a_quoted_number_is_a_word():
    with pytest.raises(ConfigError, match="seed='7': expected a whole number, got a word"):
        check_values(["seed='7'"], OPTIONS)
