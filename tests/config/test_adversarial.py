"""What the terms of discriminators may say, and how they are refused where they cannot work."""

import pytest

from faceswap_lab.cli.job.judge import check_functions
from faceswap_lab.config import ConfigError, load, terms_of
from faceswap_lab.training.build import autoencoder_of, discriminators_of
from tests.config.shipped import OPTIONS, composed, set_at

CODES, FACES = "loss.terms.adversarial_code", "loss.terms.adversarial"
TWO = ["encoders=two", "encoders.start=independent"]
UNEQUAL = {
    "encoder_{side}": {"kind": "encoder"},
    "encoder_B": {"kind": "encoder", "code_size": 4},
    "decoder_{side}": {"kind": "decoder"},
}


def test_defaults_are_of_the_models_size():
    config = load(composed("loss=adversarial", "+loss.terms.adversarial_code.sides=[B]"), OPTIONS)
    check_functions(config)
    faces, codes = discriminators_of(config, autoencoder_of(config, None)).members
    assert [net[0].out_channels for net in faces.nets.values()] == [config.model.encoder_widths[0]] * 2
    assert codes.net[0].weight.shape == (config.model.code_size,) * 2
    assert (faces.form, faces.sides, codes.form, codes.sides) == ("lsgan", ("A", "B"), "bce", ("B",))
    again = discriminators_of(config, autoencoder_of(config, None)).members[0].nets
    assert (again["A"][0].weight == faces.nets["A"][0].weight).all()
    assert (faces.nets["A"][0].weight != faces.nets["B"][0].weight).all()


def test_no_mask_is_theirs_by_default():
    config = load(composed("loss=dfl", f"+{FACES}.weight=0.1"), OPTIONS)
    assert terms_of(config.loss, 32)["adversarial"].mask_weight == 0


@pytest.mark.parametrize(
    ("overrides", "key", "value", "said"),
    [
        (["loss=adversarial"], f"{FACES}.mask_weight", 1, ["no number for each pixel", "Give it mask_weight: 0."]),
        (["loss=adversarial"], f"{FACES}.form", "wgan", ["'lsgan'?", "lsgan, bce"]),
        (["loss=adversarial"], f"{FACES}.widths", [4] * 6, ["6 halvings", "at least 64 px"]),
        (["loss=adversarial"], f"{FACES}.sides", ["A", "C"], ["there is no side C", "A, B"]),
        (["loss=adversarial", "update_order=only_a"], f"{FACES}.sides", ["B"], ["ever trained. Name A"]),
        (["loss=adversarial"], "loss.terms", {"adversarial": {}}, ["compares a picture", "+loss.terms.mae.weight=1"]),
        (["loss=adversarial_code"], "update_order.name", "only_a", ["update_order=only_a", "every side"]),
        (["loss=adversarial_code"], "update_order.name", "a_then_b_alone", ["=a_then_b_alone", "=a_then_b,"]),
        (["loss=adversarial_code"], "encoders.trained", False, ["code of A (encoder) is not trained", "encoders=one"]),
        (
            ["loss=adversarial_code", *TWO],
            "topology.parts",
            UNEQUAL,
            ["the codes of encoder_A and encoder_B are of different sizes", "leave the term out"],
        ),
    ],
)
def test_what_cannot_work_is_refused(overrides, key, value, said):
    plain = composed(*overrides)
    set_at(plain, key, value)
    with pytest.raises(ConfigError) as error:
        load(plain, OPTIONS)
    assert not [part for part in said if part not in str(error.value)], error.value
    assert "\n" not in str(error.value)


def test_only_those_who_fool_must_learn():
    """A's codes may be what they are, as long as B's learn to look like them."""
    plain = composed("loss=adversarial_code", "encoders=two", "encoders.start=independent", f"{CODES}.sides=[B]")
    plain["topology"]["parts"]["encoder_A"] = {"kind": "encoder", "trained": False}
    load(plain, OPTIONS)
    plain["loss"]["terms"]["adversarial_code"]["sides"] = ["A"]
    with pytest.raises(ConfigError, match=r"the code of A \(encoder_A\) is not trained"):
        load(plain, OPTIONS)
