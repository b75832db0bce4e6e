"""What is refused, and that the message names the key, the value, what is allowed and the nearest right spelling."""

import contextlib
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceswap_lab.config import ConfigError, load
from faceswap_lab.config.keys import no_such_setting, takes_any_text
from faceswap_lab.config.rules.data import MOST_PEOPLE
from faceswap_lab.data.faces import MOST_SIDES
from tests.config.shipped import OPTIONS, fixed, set_at
from tests.topology.normalised import NORMALISED, add_kind

SGD = ("optimizer=sgd", "optimizer_state=shared")
TIED = ["topology=tied", "encoders=two", "update_order=joint", "optimizer_state=shared"]
APART = ["encoders=two", "encoders.start=independent"]
SAME_CODE = ["loss=same_code", "data.states=shared", "update_order=joint", "optimizer_state=shared"]


def refusal(key: str, value: object, *overrides: str) -> str:
    plain = fixed(*overrides)
    set_at(plain, key, value)
    with pytest.raises(ConfigError) as error:
        load(plain, OPTIONS)
    return str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("seed", "zero", ["seed='zero'", "whole number"]),
        ("seed", True, ["seed=True", "whole number"]),
        ("seed", 1.5, ["seed=1.5", "whole number"]),
        ("seed", -1, ["seed=-1", ">= 0"]),
        ("seed", None, ["seed=null", "value is needed"]),
        ("seed", 10**400, ["seed=", "within"]),
        ("seed", [0, 1], ["seed=[0, 1]", "a list"]),
        ("force", "yes", ["force='yes'", "true or false"]),
        ("force", 1, ["force=1", "true or false"]),
        ("optimizer.lr", 0, ["optimizer.lr=0", "> 0", "<= 10", "learning rate"]),
        ("optimizer.lr", math.inf, ["optimizer.lr=inf", "finite"]),
        ("optimizer.lr", math.nan, ["optimizer.lr=nan", "finite"]),
        ("optimizer.beta2", 1.0, ["optimizer.beta2=1.0", "<= 0.999999"]),
        ("model.resolution", 48, ["model.resolution=48", "32, 64, 96, 128, 224, 256"]),
        ("model.encoder_widths", [8, 0, 8], ["model.encoder_widths[1]=0", ">= 1"]),
        ("model.encoder_widths", 8, ["model.encoder_widths=8", "a list such as"]),
        (
            "model.encoder_width",
            [8],
            ["model.encoder_width'", "'encoder_widths'?", "Known under model: bridge_width"],
        ),
        ("modle", {}, ["modle", "Did you mean 'model'?"]),
        ("model", 3, ["model=3", "a group of settings"]),
        ("model", None, ["model=None", "a group of settings"]),
        ("data.held_out", 8, ["data.held_out=8", ">= 20"]),
        ("data.pose", "equl", ["data.pose=equl", "Did you mean 'equal'?", "disjoint"]),
        ("data.name", "twin", ["data=twin", "Did you mean 'twins'?", "folders"]),
        ("data.name", ["twins"], ["data=['twins']", "folders"]),
        ("data", "twins", ["data='twins'", "a group of settings"]),
        ("training.precision", 16, ["training.precision=16", "32, bf16-mixed"]),
        ("update_order.name", "b_then_aa", ["update_order.name=b_then_aa", "'b_then_a'"]),
        ("logger.kinds", ["wandbb"], ["logger.kinds[0]=wandbb", "'wandb'"]),
        ("augmentation.photometric", [{"p": 1}], ["augmentation.photometric[0]=", "with a name"]),
        ("augmentation.photometric", [{"name": "x", "p": math.nan}], ["augmentation.photometric[0].p=nan", "finite"]),
        ("augmentation.photometric", [{"name": "x", "f": print}], ["augmentation.photometric[0].f="]),
        ("loss._target_", "os.system", ["no setting 'loss._target_'"]),
        ("data.B", "x", ["no setting 'data.B'", "Did you mean 'b'?"]),
        ("data.a", "???", ["'data.a' is no setting beside", "Add data=folders"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(key: str, value: object, told: list[str]):
    message = refusal(key, value)
    assert not [part for part in told if part not in message], message
    assert "\n" not in message


def test_a_missing_value_says_what_it_is_and_how_to_give_it():
    message = refusal("data.b", "x", "data=folders")
    assert message == "data.a: a value is missing. It is: folder with aligned face pictures of A. Add data.a=…"


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["data=folders", "data.a=a", "data.b=b", "evaluation.real_judges=true"],
            ["always judged so", "Leave it false"],
        ),
        (["update_order=joint"], ["update_order=joint", "keras_2018", "Add optimizer_state=shared"]),
        (["loss.weight_mask=10"], ["loss.weight_mask=10 with model.mask_head=[]", "Leave it 1"]),
        (["update_order=joint_half", "optimizer_state=per_autoencoder"], ["update_order=joint_half", "shared"]),
        (["optimizer=sgd"], ["optimizer_state=keras_2018 with optimizer=sgd", "per_autoencoder"]),
        (["encoders.start=equal"], ["encoders.start=equal", "encoders=two"]),
        (["encoders=two", "encoders.start=null"], ["encoders.start=null", "independent"]),
        (["encoder_activation.slope=null"], ["encoder_activation.slope=null", "slope=0.1"]),
        (["encoder_activation=relu", "encoder_activation.slope=0.1"], ["slope=0.1", "relu has no slope", "leaky_relu"]),
        (
            ["upsampler=nearest", "upsampler.icnr=true"],
            ["icnr=true: nearest has no icnr", "upsampler=fast or"],
        ),
        (["upsampler.icnr=null"], ["pixel_shuffle needs true or false, such as upsampler.icnr=false"]),
        (["model.residuals=[17]"], ["model.residuals[0]=17", "<= 16"]),
        (["model.downsamplers=[sep]"], ["model.downsamplers[0]=sep", "separable"]),
        (["model.downsamplers=[conv,separable]"], ["it names 2 downsamplers for 4", "[conv,separable,conv,conv]."]),
        (["model.downsamplers=[conv,shuffled,conv,conv]"], ["needs 5 widths (64 px to 4x4, halved each time but 1"]),
        (["model.downsamplers=[shuffled]"], ["no stage halves", "model.downsamplers=[shuffled,conv,conv,conv,conv]."]),
        (
            ["scale=quick", "model.input_resolution=16", "model.grid=16", "model.encoder_widths=[]"],
            ["needs 0 widths", "Such as model.decoder_widths=[]."],
        ),
        (["model.residuals=[1,1]"], ["residuals=[1, 1]: it names 2 numbers for 3 upscales", "residuals=[1,1,0]."]),
        (["model.encoder_residuals=[1,0,2,0,1]"], ["5 numbers for 4 convolutions", "encoder_residuals=[1,0,2,0]."]),
        (["model.residual_start=usual"], ["no residual blocks", "model.residuals=[1]"]),
        (["model.residual_slope=0.1"], ["residual_slope=0.1: there are no residual blocks", "model.residuals=[1]"]),
        (
            ["model.residual_slope=0.1", "model.residuals=[1]", "encoder_activation=relu"],
            ["residual_slope=0.1 of encoder with encoder_activation=relu", "encoder_activation=leaky_relu."],
        ),
        (["model.up_slope=0", "encoder_activation=silu"], ["up_slope=0 of encoder with encoder_activation=silu"]),
        (["bottleneck=convolutional", "model.code_size=100"], ["code_size=100", "multiple of 16"]),
        (["model.grid=8"], ["64 px needs 3 widths (64 px to 8x8", "64 px needs 2 widths (64 px to 16x16"]),
        (["model.kernel=4"], ["model.kernel=4", "3, 5, 7"]),
        (["model.up_kernel=9"], ["model.up_kernel=9", "1, 3, 5, 7"]),
        (["upsampler=transposed", "model.up_kernel=5"], ["up_kernel=5 with upsampler transposed", "leave it 3"]),
        (
            ["upsampler=transposed", "padding=reflect"],
            ["padding=reflect with upsampler transposed", "use padding same, or another upsampler."],
        ),
        (["model.out_kernel=4"], ["model.out_kernel=4", "1, 3, 5, 7, 9"]),
        (["model.depth_to_space=true"], ["64 px needs 2 widths", "model.decoder_widths=["]),
        (["model.depth_to_space=true", "model.out_kernel=3"], ["model.out_kernel=3", "Leave it 5"]),
        (["update_order.block=5"], ["update_order.block=5", "alternate"]),
        (["update_order=alternate", "update_order.block=null"], ["update_order.block=null", "block=10"]),
        (["update_order=alternate", "training.max_steps=1001"], ["training.max_steps=1001", "multiple of 20"]),
        (["update_order=a_then_b_alone", "encoders=two"], ["encoders.count=2", "encoder_B never would be"]),
        (["update_order=a_then_b_alone", "topology=iae"], ["topology=iae", "inter_B never would be"]),
        (["update_order=a_then_b_alone", "training.max_steps=101"], ["training.max_steps=101", "multiple of 2"]),
        (["model.encoder_widths=[8,8]"], ["model.encoder_widths=[8, 8]", "64 px needs 4 widths", "got 2"]),
        (["model.resolution=32"], ["32 px needs 3 widths", "encoder_widths=[128,256,512]", "or scale=quick"]),
        (
            ["scale=quick", "model.resolution=64"],
            [
                *("model.encoder_widths=[16, 32, 64]: 64 px needs 4 widths", "model.decoder_widths=[32, 16]"),
                "Such as model.encoder_widths=[16,32,64,128] model.decoder_widths=[64,32,16], or scale=standard.",
            ],
        ),
        (["model.resolution=128", "model.encoder_widths=[]"], ["model.encoder_widths=[16,32,64,128,256]"]),
        (["model.decoder_widths=[8]"], ["model.decoder_widths=[8]", "needs 3 widths"]),
        (["model.input_resolution=48"], ["model.input_resolution=48 with model.resolution=64", "Use 32 or 16"]),
        (["model.input_resolution=64"], ["fewer than there are"]),
        (["model.input_resolution=32"], ["32 px needs 3 widths (32 px to 4x4", "model.encoder_widths=[128,256,512]."]),
        (
            ["model.mask_head=[4]"],
            ["[4]: 64 px needs 3 widths (64 px to 8x8", "got 1. Such as model.mask_head=[16,8,4]."],
        ),
        (["loss.weight_a=0", "loss.weight_b=0"], ["loss.weight_a=0.0, loss.weight_b=0.0", "above 0"]),
        (["update_order=only_a", "loss.weight_b=0.5"], ["loss.weight_b=0.5", "B is never trained", "Leave it 1"]),
        (["update_order=only_b", "loss.weight_a=0"], ["loss.weight_a=0.0", "A is never trained"]),
        (
            [*SGD, "optimizer.beta2=0.9"],
            ["optimizer.beta2=0.9", "sgd has no beta2", "null", "optimizer=adam or", "or optimizer=rmsprop"],
        ),
        ([*SGD, "optimizer.eps=1e-7"], ["optimizer.eps=1e-07", "sgd has no eps"]),
        (["optimizer.beta2=null"], ["optimizer.beta2=null", "adam needs a number", "beta2=0.999"]),
        (
            ["optimizer=rmsprop", "optimizer_state=shared", "optimizer.eps=null"],
            ["optimizer.eps=null", "rmsprop needs a number", "eps=1e-8"],
        ),
        (["update_order=only_a", "loss.weight_a=0"], ["update_order=only_a", "nothing would be trained"]),
        (["topology.load=w.safetensors"], ["topology=original: none of its parts says load:", "topology=pretrained"]),
        (["optimizer.lr=1e30"], ["optimizer.lr=1e+30: must be > 0.0 and <= 10.0"]),
        (["topology=shared_encoder_start", "topology.split=-1"], ["topology.split=-1: must be >= 0"]),
        (["events=lower_rate", "training.max_steps=1"], ["with training.max_steps=1", "Give more steps"]),
        (["topology.split=3"], ["topology.split=3 with topology=original", "Leave it out"]),
        (["loss=adversarial", "loss.terms.mae.weight=0"], ["none of them compares a picture with its target"]),
        (["loss=total_variation", "loss.terms.mae.weight=0"], ["none of them compares a picture with its target"]),
        (
            [*TIED, "update_order=joint_half", "training.batch_size=2"],
            ["topology.tie=1 with training.batch_size=2", "Use training.batch_size=4 or more"],
        ),
        (
            [*TIED, "+topology.parts.encoder_B={kind: encoder, code_size: 16}"],
            ["topology.tie=1: the codes of encoder_A and encoder_B are of different sizes", "topology.tie=0."],
        ),
        (
            [*TIED, "encoders.trained=false"],
            ["topology.tie=1: nothing of what makes the codes (encoder_A, encoder_B) is trained", "topology.tie=0."],
        ),
        (["data.sampler=device", "augmentation.two_stage=true"], ["two_stage=true", "CPU only", "data.sampler=cv2"]),
        (["data.sampler=device", "augmentation=hsv_input"], ["augmentation.photometric_input=[", "CPU only"]),
        (["data.sampler=device", "colour_match=lct"], ["colour_match=lct", "CPU only", "data.sampler=cv2"]),
        (["augmentation.flips=[0.1,0.2,0.3]"], ["augmentation.flips=[0.1, 0.2, 0.3]", "2 sides (A, B)"]),
        (["augmentation.grid=0.5"], ["augmentation.grid=0.5", "augmentation.coverage=0.625"]),
        (["colour_match.moves=B"], ["colour_match.moves=B with colour_match=none", "reinhard or lct or mkl or idt"]),
        (
            ["data.sampler=device", "augmentation.photometric=[{name:ToGray}]"],
            ["data.sampler=device", "augmentation.photometric=[{'name': 'ToGray'}]", "data.sampler=auto"],
        ),
        (["data.sampler=gpu"], ["data.sampler=gpu", "auto, cv2, device"]),
        (["data.identities=[ada]"], ["data.identities=[ada]", "needs 2 people", "data.identities=[ada,ben,cleo]"]),
        ([f"data.identities=[{','.join(f'random-{i}' for i in range(27))}]"], ["27 of them", "there can be 26"]),
        (["data.identities=[ada,ben,ada]"], ["data.identities=[ada,ben,ada]: ada is there twice", "such as ben"]),
        (["data.identity_a=ben"], ["data.identity_a=ben data.identity_b=ben: ben is there twice", "such as cleo"]),
        (
            ["data.identities=[ada,ben,cleo]", "data.light=disjoint"],
            ["data.light=disjoint with 3 people", "data.light=equal"],
        ),
        (["data=people", "data.sides=3", "data.skin=alike"], ["data.skin=alike with 3 people", "Use data.skin=any"]),
        (["data=people", "data.sides=22", "data.extra=5"], ["data.extra=5: there can be 26", "Use data.sides=21"]),
        (["data=people", "data.sides=3", "data.likeness=unlike"], ["data.likeness=unlike", "data.likeness=any"]),
        (["data=people", "data.sides=3", "data.pose=disjoint"], ["data.pose=disjoint", "data.pose=equal"]),
        (["data.states=shared", "data.pose=disjoint"], ["data.states=shared with data.pose=disjoint", "pose=equal"]),
        (["data.states=shared", "data.background=per_person"], ["no shared state", "Use data.background=varied"]),
        ([*SAME_CODE[:1], *SAME_CODE[2:]], ["loss.terms.same_code with data.states=own", "Add data.states=shared"]),
        ([*SAME_CODE[:2]], ["loss.terms.same_code with update_order=a_then_b", "Use update_order=joint"]),
        ([*SAME_CODE, "augmentation.flips=[0.4,0.0]"], ["augmentation.flips=[0.4, 0.0]", "Use augmentation.flip"]),
        ([*SAME_CODE, "encoders=frozen"], ["what makes the codes (encoder) is trained", "Use encoders=one"]),
        ([*SAME_CODE, "+loss.terms.same_code.mask_weight=1"], ["no number for each pixel", "mask_weight: 0"]),
        (
            ["loss=same_code", "data=folders", "data.a=a", "data.b=b", *SAME_CODE[2:]],
            ["loss.terms.same_code with data=folders", "real people", "leave the term out"],
        ),
        (["data=people", "data.population=all"], ["data.population=all", "development, confirmation"]),
        (["trainer.devices=2"], ["trainer.devices=2", "trainer=ddp"]),
        (["trainer=cpu", "trainer.compile=cudagraphs"], ["accelerator=cpu", "Use trainer.compile=default"]),
        (["trainer=ddp", "trainer.compile=cudagraphs"], ["strategy=ddp", "Use trainer.compile=default"]),
        (["trainer=ddp", "trainer.devices=3"], ["training.batch_size=64", "multiple of 3", "trainer.devices=3"]),
        (
            ["update_order=joint_half", "optimizer_state=shared", "training.batch_size=15"],
            ["training.batch_size=15", "multiple of 2", "update_order=joint_half"],
        ),
    ],
)
def test_a_combination_that_means_nothing_is_refused_with_the_remedy(overrides: list[str], told: list[str]):
    with pytest.raises(ConfigError) as error:
        load(fixed(*overrides), OPTIONS)
    assert not [part for part in told if part not in str(error.value)], error.value


@pytest.mark.parametrize("compares", [TIED, ["loss=adversarial_code", *APART], [*SAME_CODE, *APART]])
@pytest.mark.parametrize("code_size", [1024, 16])
def test_codes_are_compared_where_they_are_of_one_size_whatever_parts_make_them(compares, code_size):
    other = fixed(*compares, f"+topology.parts.encoder_B={{kind: encoder, kernel: 3, code_size: {code_size}}}")
    if code_size == 1024:
        load(other, OPTIONS)
    else:
        with pytest.raises(ConfigError, match="the codes of encoder_A and encoder_B are of different sizes"):
            load(other, OPTIONS)


def test_there_are_as_many_people_as_sides():
    assert MOST_PEOPLE == MOST_SIDES  # the configuration cannot ask the data, which loads NumPy


def test_numbers_are_read_as_their_field_wants_them():
    plain = fixed("training.max_steps=100.0", "optimizer.lr=1", "training.precision=32")
    config = load(plain, OPTIONS)
    assert [repr(v) for v in (config.training.max_steps, config.optimizer.lr, config.training.precision)] == [
        "100",
        "1.0",
        "'32'",
    ]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("???")
NESTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner)
)
KEYS = [
    *("seed", "model", "model.encoder_widths", "encoders", "encoders.count", "encoder_activation.name", "data"),
    *(
        "data.name",
        "data.identity_a",
        "augmentation.photometric",
        "logger.kinds",
        "training.gradient_clip",
        "new",
        "data.new",
    ),
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), NESTS, min_size=1, max_size=3))
def test_whatever_is_in_a_configuration_only_config_errors_leave(spoilt: dict[str, object]):
    plain = fixed()
    for key in sorted(spoilt):
        try:
            set_at(plain, key, spoilt[key])
        except (TypeError, KeyError, IndexError):
            continue  # an earlier key has taken the group away
    with contextlib.suppress(ConfigError):
        load(plain, OPTIONS)


@settings(max_examples=100)
@given(NESTS)
def test_a_configuration_that_is_none_is_refused(plain: object):
    with pytest.raises(ConfigError):
        load(plain, OPTIONS)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("training.max_step", ["'training.max_step'", "'max_steps'", "Known under training"]),
        ("lr", ["Did you mean 'optimizer.lr'?", "Known: augmentation"]),
        ("seed.x", ["no setting 'seed.x'"]),
        ("data.a", ["Add data=folders."]),
        ("experiment", ["its first line is '# @package _global_'"]),
        ("data.faces", ["Add data=twins or data=people."]),
    ],
)
def test_a_key_that_is_none_is_answered_with_the_nearest(key: str, told: list[str]):
    assert not [part for part in told if part not in str(no_such_setting(key))], no_such_setting(key)


def test_which_settings_take_any_text():
    free = {"name", "runs_dir", "experiments_dir", "cache_dir", "data.a", "data.b", "data.identity_a"}
    free |= {"logger.project", "logger.entity"}
    others = {"data.pose", "seed", "training.precision", "logger.mode", "data.x", "model", "encoders"}
    assert {key for key in free | others if takes_any_text(key)} == free


def test_a_word_stands_for_a_list_of_one():
    plain = fixed()
    set_at(plain, "logger.kinds", "wandb")
    assert load(plain, OPTIONS).logger.kinds == ("wandb",)


def test_pythons_null_is_null_except_where_a_word_is_needed():
    plain = fixed()
    for key in ("training.gradient_clip", "name", "study"):
        set_at(plain, key, "None")
    config = load(plain, OPTIONS)
    assert (config.training.gradient_clip, config.name, config.study) == (None, None, None)
    assert "a value is needed" in refusal("optimizer.lr", "None")
    set_at(plain, "data.identity_a", "None")
    assert load(plain, OPTIONS).data.identity_a == "None"


def test_a_part_that_computes_across_the_batch_on_several_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    add_kind(monkeypatch)
    parts = {name: dict(part) for name, part in NORMALISED.parts.items()}
    group = {"parts": parts, "route": NORMALISED.route, "swaps": {}, "code": NORMALISED.code}
    plain = fixed()
    plain["topology"] |= group
    assert load(plain, OPTIONS)
    plain["trainer"]["devices"] = 2
    with pytest.raises(ConfigError, match=r"topology\.parts\.normalised .*across the batch.*Use trainer\.devices=1"):
        load(plain, OPTIONS)
