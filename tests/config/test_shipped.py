"""Every shipped YAML composes, is valid, says what it is, and names code that exists."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from faceswap_lab.cli.groups import first_comment
from faceswap_lab.config import load
from faceswap_lab.config.events import KINDS
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import BESIDE
from faceswap_lab.events import EVENTS
from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.blocks import PADDINGS
from faceswap_lab.models.bottlenecks import BOTTLENECKS
from faceswap_lab.models.initialisation import INITIALISATIONS
from faceswap_lab.models.norms import NORMS
from faceswap_lab.models.upsamplers import UPSAMPLERS
from faceswap_lab.orders import ORDERS
from faceswap_lab.schedules import SCHEDULES
from faceswap_lab.training.step.losses import LOSSES
from faceswap_lab.training.step.optimizers import OPTIMIZERS, STATES
from tests.config.shipped import ADDED, CONF, OPTIONS, composed, set_at

COMPANIONS = {  # what a rule demands beside an option
    ("update_order", "joint"): ["optimizer_state=shared"],
    ("update_order", "joint_half"): ["optimizer_state=shared"],
    ("optimizer", "sgd"): ["optimizer_state=per_autoencoder"],
    **{("optimizer", name): ["optimizer_state=shared"] for name in OPTIMIZERS.keys() - {"adam", "sgd"}},
    ("topology", "pretrained"): ["topology.load=weights.safetensors"],
    ("events", "reset_inters"): ["topology=liae"],
    ("events", "warp_off_dfl"): ["topology=liae"],
    ("events", "late_gradient"): ["loss=gradient", "loss.terms.gradient.weight=0"],
    ("loss", "same_code"): ["data.states=shared", "update_order=joint", "optimizer_state=shared"],
    ("topology", "tied"): ["encoders=two", "update_order=joint", "optimizer_state=shared"],
    ("data", "folders"): ["data.a=faces/a", "data.b=faces/b"],
}
REGISTRIES = {
    "encoder_activation": HIDDEN,
    "decoder_activation": OUTPUT,
    "upsampler": UPSAMPLERS,
    "norm": NORMS,
    "padding": PADDINGS,
    "bottleneck": BOTTLENECKS,
    "initialisation": INITIALISATIONS,
    "update_order": ORDERS,
    "optimizer": OPTIMIZERS,
    "optimizer_state": STATES,
    "schedule": SCHEDULES,
    "loss": LOSSES | BESIDE,
}
NAMED_AFTER_ITS_FUNCTION = {("loss", "mae_masked"): "mae", ("loss", "mse_masked"): "mse"}
FILES = sorted(CONF.glob("*/*.yaml"))  # but for hydra/sweeper, which is Hydra's
EXPERIMENTS = OPTIONS["experiment"]
CHOICES = [(group, name) for group, names in OPTIONS.items() if group not in ADDED for name in names]


@pytest.mark.parametrize(
    "words",
    [
        ["scale=smoke", "optimizer=sgd", "optimizer_state=per_autoencoder", "optimizer.lr=3e-3", "seed=4", "name=x"],
        ["+experiment=iae", "training.max_steps=9", "model.encoder_widths=[4,4]", "trainer.gpu=null"],
        ["data=folders", "data.a='faces/a b'", "data.b=[x,y]", "runs_dir=${name}/there"],
        ["loss.weight_a=0.5", "+loss.terms.adversarial_code.sides=[B]", "loss=adversarial"],
        ["loss=dssim_mse", "~loss.terms.mse", "loss.terms={dssim:{weight:2}}"],
    ],
)
def test_what_tests_compose_is_what_hydra_composes(words: list[str]):
    found = composed(*words)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert found == OmegaConf.to_container(compose("config", words), resolve=True)


def choice(group: str, name: str) -> list[str]:
    return [f"{group}={name}", *COMPANIONS.get((group, name), [])]


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_every_option_is_valid_over_the_baseline(group: str, name: str):
    config = load(composed(*choice(group, name)), OPTIONS)
    assert getattr(config, group).name == NAMED_AFTER_ITS_FUNCTION.get((group, name), name)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_valid_at_every_scale(name: str):
    """Composed at the default scale; its differences from the baseline are then carried to the other scales."""
    arm, baseline = composed(f"+experiment={name}"), flat(composed())
    assert load(arm, OPTIONS).name is None, "its label is made from all that is set, by the experiment and beside it"
    for scale in OPTIONS["scale"]:
        faces = arm["data"]["name"]  # an arm may be about other faces
        plain = composed(f"scale={scale}", f"data={faces}")
        for key, value in flat(arm).items():
            if baseline.get(key) != value:
                set_at(plain, key, value)
        assert load(plain, OPTIONS).scale.name == scale


@pytest.mark.parametrize("scale", OPTIONS["scale"])
def test_a_scale_and_an_experiment_compose(scale: str):
    config = load(composed("+experiment=alternate", f"scale={scale}"), OPTIONS)
    assert (config.update_order.name, config.scale.name) == ("alternate", scale)
    assert config.optimizer.lr == config.scale.lr


def test_the_groups_are_the_schema_and_all_have_a_baseline():
    groups = set(OPTIONS) - set(ADDED)
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    chosen = {key: value for entry in defaults if isinstance(entry, dict) for key, value in entry.items()}
    assert groups <= set(Config.__dataclass_fields__)
    assert {group: chosen[group] for group in groups}.keys() == groups
    assert all(chosen[group] in OPTIONS[group] for group in groups)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_is_named_as_it_is_called_and_says_what_it_is(path: Path):
    content, group = yaml.safe_load(path.read_text()), path.parent.name
    if group not in ADDED:
        name = content["scale"]["name"] if group == "scale" else content["name"]
        assert name == NAMED_AFTER_ITS_FUNCTION.get((group, path.stem), path.stem)
    assert len(first_comment(path)) > 3
    assert path.read_text().startswith("#")


@pytest.mark.parametrize("group", REGISTRIES)
def test_every_name_has_a_function_and_every_function_a_name(group: str):
    told = [yaml.safe_load((CONF / group / f"{name}.yaml").read_text()) for name in OPTIONS[group]]
    terms = [option.get("terms") or {option["name"]: {}} for option in told]
    named = {term.get("kind", name) for of_option in terms for name, term in of_option.items()}
    assert named == set(REGISTRIES[group])


def test_every_kind_of_event_has_an_option_that_shows_it():
    planned = [yaml.safe_load((CONF / "events" / f"{name}.yaml").read_text())["planned"] for name in OPTIONS["events"]]
    assert {told.get("kind", name) for events in planned for name, told in events.items()} == set(EVENTS) == set(KINDS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiments_header_holds_its_command_and_what_to_expect(name: str):
    text = (CONF / "experiment" / f"{name}.yaml").read_text()
    header = re.match(r"(?:#.*\n)+", text)
    assert header
    assert f"\n#   python -m faceswap_lab +experiment={name}\n" in header[0]
    assert "\n# Expect: " in header[0]
    assert len(first_comment(CONF / "experiment" / f"{name}.yaml")) <= 53, "help cuts no comment at 80 columns"


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "baseline"])
def test_an_experiment_states_differences_only(name: str):
    content = yaml.safe_load((CONF / "experiment" / f"{name}.yaml").read_text())
    baseline, arm = flat(composed()), flat(composed(f"+experiment={name}"))
    differing = {key for key in baseline.keys() | arm.keys() if baseline.get(key) != arm.get(key)}
    assert differing, "an arm differs from the baseline"
    chosen = {
        place.rpartition("/")[2]: option for entry in content.pop("defaults", []) for place, option in entry.items()
    }
    if "peer" in chosen:
        del chosen["scale"]  # the baseline's, in place of the peer's own
    for group, option in chosen.items():
        assert any(key.split(".")[0] == group for key in differing), f"{group}={option} is the baseline's"
    assert set(flat(content)) <= differing


def test_only_data_and_names_no_targets():
    without_comments = {path: re.sub("#.*", "", path.read_text()) for path in FILES}
    assert not [path for path, text in without_comments.items() if re.search(r"(?<!\w)_target_(?!\w)", text)]


def test_the_original_is_the_model_of_2018():
    config = load(composed("scale=original"), OPTIONS)
    assert (config.model.resolution, config.model.encoder_widths) == (64, (128, 256, 512, 1024))
    assert (config.model.code_size, config.model.bridge_width, config.model.decoder_widths) == (
        1024,
        512,
        (256, 128, 64),
    )
    assert (config.training.batch_size, config.optimizer.name, config.optimizer.lr) == (64, "adam", 5e-5)
    assert (config.optimizer.beta1, config.optimizer.beta2, config.optimizer_state.name) == (0.5, 0.999, "keras_2018")
    assert (config.encoder_activation.name, config.encoder_activation.slope) == ("leaky_relu", 0.1)
    assert (config.decoder_activation.name, config.initialisation.name, config.loss.name) == (
        "sigmoid",
        "glorot",
        "mae",
    )
    assert (config.update_order.name, config.augmentation.name, config.encoders.count) == ("a_then_b", "warp_2018", 1)


def flat(plain: dict[str, Any], where: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in plain.items():
        is_value = where == "topology." or key in ("terms", "planned", "peer")  # a mapping too
        inside = isinstance(value, dict) and not is_value
        leaves |= flat(value, f"{where}{key}.") if inside else {f"{where}{key}": value}
    return leaves
