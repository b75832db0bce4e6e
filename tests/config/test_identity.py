"""On which side of the line every field lies: what can change a result is identity, the rest is not.

The table is written by hand, field by field. A new field fails here until someone has thought about it.
"""

import dataclasses
import typing
from typing import Any

import pytest

from faceswap_lab.config import Config, FoldersData, PeopleData, TwinsData, load, read
from faceswap_lab.runs.identity import identity, run_hash
from tests.config.shipped import OPTIONS, fixed, set_at

IDENTITY = {
    "": "seed",
    "model": "resolution encoder_widths code_size bridge_width decoder_widths out_kernel depth_to_space "
    "input_resolution grid dense_width dense_side residuals encoder_residuals residual_start mask_head downsamplers "
    "kernel up_kernel residual_slope up_slope",
    "topology": "parts route swaps code tie",
    "encoders": "count start trained",
    "encoder_activation": "name slope",
    "decoder_activation": "name",
    "upsampler": "name icnr",
    "norm": "name",
    "padding": "name",
    "bottleneck": "name pixel_norm",
    "value_range": "name",
    "initialisation": "name",
    "update_order": "name block",
    "optimizer": "name lr beta1 beta2 eps weight_decay",
    "optimizer_state": "name",
    "schedule": "name length factor",
    "events": "planned",
    "loss": "name mask_weight terms weight_a weight_b weight_mask weights",
    "augmentation": "rotation zoom shift flip jitter coverage misaligned two_stage photometric photometric_input flips "
    "grid fitted nodes",
    "colour_match": "name moves",
    "evaluation": "metrics real_judges",
    "data": "name identity_a identity_b identities seed faces held_out pose light background states "
    "population sides extra group glasses beard hair skin likeness split",
    "training": "max_steps batch_size gradient_clip lr_dropout ema precision deterministic",
}
NOT_IDENTITY = {
    "": "name runs_dir experiments_dir cache_dir cache_gib force progress optimized_metric shrunk",
    "topology": "name split share load",  # the parts are what they stand for; loaded weights are known by content
    "optimizer_state": "optimizer",
    "encoders": "name",  # count and start are what it stands for
    "augmentation": "name",  # likewise
    "events": "name",
    "data": "a b more sampler",  # folders are known by their pictures, not by where they lie
    "shrink": "name budget factor",  # what comes out is in model
    "peer": "name lr batch_size",
    "scale": "name lr batch_size faces held_out evaluate_every preview_every threads",  # a bundle
    "evaluation": "every_steps preview_every_steps preview_faces",
    "checkpoint": "every_seconds every_steps",
    "trainer": "name accelerator devices gpu strategy compile channels_last workers threads",
    "logger": "name kinds every_steps project entity mode group tags notes artifact",
    "study": "name title question baseline metric smallest_difference secondary notes group_seeds companion tuning "
    "tuning_seeds",
}
ANOTHER = {  # a value other than the baseline's, for every field
    "data.split": "pictures",
    "seed": 1,
    "name": "mine",
    "runs_dir": "elsewhere",
    "experiments_dir": "elsewhere",
    "cache_dir": "cache",
    "cache_gib": 3.0,
    "force": True,
    "progress": False,
    "optimized_metric": "loss_A",
    "model.resolution": 32,
    "model.encoder_widths": [4, 4, 4],
    "model.decoder_widths": [4, 4],
    "topology.name": "other",
    "topology.parts": {"encoder": {"kind": "encoder"}},
    "topology.route": "encoder > decoder",
    "topology.swaps": {},
    "topology.code": "inter",
    "topology.tie": 1.0,
    "topology.split": 1,
    "topology.share": 0.25,
    "topology.load": "weights.safetensors",
    "encoders.name": "two",
    "encoders.count": 2,
    "encoders.start": "equal",
    "encoders.trained": False,
    "encoder_activation.name": "relu",
    "encoder_activation.slope": 0.2,
    "decoder_activation.name": "tanh",
    "model.out_kernel": 1,
    "model.up_slope": 0.2,
    "model.kernel": 3,
    "model.up_kernel": 5,
    "model.depth_to_space": True,
    "model.grid": 8,
    "model.dense_side": 8,
    "model.mask_head": [8, 8, 8],
    "model.residuals": [1],
    "model.input_resolution": 32,
    "model.encoder_residuals": [1],
    "model.downsamplers": ["separable"],
    "model.residual_start": "usual",
    "upsampler.name": "hybrid",
    "norm.name": "group",
    "padding.name": "reflect",
    "bottleneck.name": "one_dense",
    "bottleneck.pixel_norm": True,
    "upsampler.icnr": True,
    "value_range.name": "signed",
    "initialisation.name": "he",
    "update_order.name": "b_then_a",
    "update_order.block": 10,
    "optimizer.name": "sgd",
    "optimizer.weight_decay": 0.1,
    "optimizer_state.name": "shared",
    "optimizer_state.optimizer": "sgd",
    "schedule.name": "drops",
    "schedule.length": 100,
    "schedule.factor": 0.5,
    "training.lr_dropout": 0.3,
    "training.ema": 0.99,
    "events.name": "other",
    "events.planned": {"warp": {"step": 0.5, "strength": 0}},
    "loss.name": "mse",
    "loss.mask_weight": 1.0,
    "loss.terms": {"mae": {"weight": 2}},
    "loss.weight_a": 0.5,
    "loss.weight_b": 0.5,
    "loss.weights": [0.5],
    "augmentation.name": "gentle",
    "augmentation.misaligned": False,
    "augmentation.two_stage": True,
    "augmentation.photometric": [{"name": "ToGray"}],
    "augmentation.photometric_input": [{"name": "ToGray"}],
    "augmentation.flips": [0.0],
    "augmentation.grid": 1.0,
    "augmentation.fitted": False,
    "augmentation.nodes": "dfl_cells",
    "colour_match.moves": "B",
    "colour_match.name": "mean_a_to_b",
    "data.identity_a": "cleo",
    "data.identity_b": "dai",
    "data.identities": ["ada", "ben", "cleo"],
    "data.seed": 1,
    "data.population": "confirmation",
    "data.sides": 3,
    "data.extra": 2,
    "data.group": 0,
    **dict.fromkeys(("data.glasses", "data.beard"), "all"),
    "data.hair": "long",
    "data.skin": "dark",
    "data.likeness": "alike",
    "data.pose": "disjoint",
    "data.light": "disjoint",
    "data.background": "plain",
    "data.states": "shared",
    "data.sampler": "device",
    "data.a": "x",
    "data.b": "y",
    "data.more": ["z"],
    "training.gradient_clip": 1.0,
    "training.precision": "bf16-mixed",
    "training.deterministic": False,
    "evaluation.every_steps": 10,
    "evaluation.metrics": ["edges"],
    "evaluation.real_judges": True,
    "evaluation.preview_every_steps": 10,
    "checkpoint.every_steps": 10,
    "shrink.name": "by_factor",
    "shrink.budget": "scale",
    "shrunk": "widths × 0.5",
    "peer.name": "another",
    "scale.name": "smoke",
    "scale.threads": 2,
    "trainer.name": "ddp",
    "trainer.accelerator": "cpu",
    "trainer.devices": 2,
    "trainer.gpu": 1,
    "trainer.strategy": "ddp",
    "trainer.compile": "default",
    "trainer.channels_last": False,
    "trainer.threads": 7,
    "logger.name": "wandb",
    "logger.kinds": ["wandb"],
    "logger.project": "other",
    "logger.entity": "team",
    "logger.mode": "online",
    "logger.group": "mine",
    "logger.tags": ["one"],
    "logger.notes": "noted",
    "logger.artifact": True,
    "study.smallest_difference": 0.5,
    "study.secondary": ["swap_ssim_BA"],
    "study.notes": ["a note"],
    "study.group_seeds": 8,
    "study.companion": "order_effect",
    "study.tuning": {"optimizer.lr": [1e-3, 2e-3]},
    "study.tuning_seeds": [5],
} | {f"study.{name}": "another" for name in ("name", "title", "question", "baseline", "metric")}
A_STUDY = {
    **dict.fromkeys(("name", "title", "question", "baseline", "metric"), "one"),
    **dict.fromkeys(("smallest_difference", "group_seeds", "companion")),
    "secondary": [],
    "notes": [],
    "tuning": {},
    "tuning_seeds": [],
}


def listed(table: dict[str, str]) -> set[str]:
    return {f"{group}.{name}".lstrip(".") for group, names in table.items() for name in names.split()}


def leaves(schema: type, where: str = "") -> dict[str, bool]:
    found: dict[str, bool] = {}
    hints = typing.get_type_hints(schema)
    for field in dataclasses.fields(schema):
        kinds = [k for k in (typing.get_args(hints[field.name]) or (hints[field.name],)) if dataclasses.is_dataclass(k)]
        for kind in kinds:
            found |= leaves(typing.cast(type, kind), f"{where}{field.name}.")
        if not kinds:
            found[f"{where}{field.name}"] = field.metadata["identity"]
    return found


def test_every_field_lies_where_the_table_says():
    assert not listed(IDENTITY) & listed(NOT_IDENTITY)
    assert leaves(Config) == dict.fromkeys(listed(IDENTITY), True) | dict.fromkeys(listed(NOT_IDENTITY), False)


def changed(key: str, start: Config) -> Config:
    """Return the configuration with another value in one field; only types and bounds are judged, no combinations."""
    plain = start_for(key)
    if key.startswith("study."):
        plain["study"] = dict(A_STUDY)
    if key.startswith("peer."):
        plain["peer"] = {"name": "one", "lr": 5e-5, "batch_size": 16}
    value = ANOTHER.get(key)
    if value is None:
        *groups, last = key.split(".")
        here: Any = plain
        for group in groups:
            here = here[group]
        value = here[last] * 0.5 if isinstance(here[last], float) else (here[last] or 0) + 1
    set_at(plain, key, value)
    config = read(Config, plain, {})
    assert config != start, f"{key}: {value!r} is no other value"
    return config


OF_FOLDERS = ("data.a", "data.b", "data.more", "data.split")


def folders_plain() -> dict[str, Any]:
    return fixed("data=folders", "data.a=a", "data.b=b")


def start_for(key: str) -> dict[str, Any]:
    """Return a configuration that has the field."""
    if key in OF_FOLDERS:
        return folders_plain()
    of_people = {field.name for field in dataclasses.fields(PeopleData)} - {
        f.name for f in dataclasses.fields(TwinsData)
    }
    return fixed("data=people") if key.removeprefix("data.") in of_people else fixed()


@pytest.mark.parametrize("key", sorted(listed(IDENTITY) - {"data.name"}))
def test_another_value_of_an_identity_field_is_another_run(key: str):
    start = load(start_for(key), OPTIONS)
    assert run_hash(changed(key, start)) != run_hash(start)


@pytest.mark.parametrize("key", sorted(listed(NOT_IDENTITY)))
def test_another_value_of_any_other_field_is_the_same_run(key: str):
    start = load(start_for(key), OPTIONS)
    assert run_hash(changed(key, start), "faces") == run_hash(start, "faces")


def test_twins_and_folders_are_other_runs():
    twins, folders = load(fixed(), OPTIONS), load(folders_plain(), OPTIONS)
    assert isinstance(twins.data, TwinsData)
    assert isinstance(folders.data, FoldersData)
    assert identity(twins)["data"]["name"] != identity(folders)["data"]["name"]
    assert run_hash(folders, "these pictures") != run_hash(folders, "those pictures")


def test_the_same_people_written_otherwise_are_the_same_run():
    def digest(*overrides: str) -> str:
        return run_hash(load(fixed(*overrides), OPTIONS))

    assert digest("data.identities=[ada,ben]") == digest()
    assert digest("data.identities=[cleo,dai]") == digest("data.identity_a=cleo", "data.identity_b=dai")
    three = "data.identities=[ada,ben,cleo]"
    assert digest(three) == digest(three, "data.identity_a=gus")
    assert len({digest(), digest(three), digest("data.identities=[ben,ada,cleo]")}) == 3


def test_the_same_values_written_otherwise_are_the_same_run():
    written = fixed("training.max_steps=1500.0", "optimizer.lr=0.003", "optimizer.beta1=5e-1")
    other = fixed("training.max_steps=1500", "optimizer.lr=3e-3", "optimizer.beta1=0.5", "name=other")
    assert run_hash(load(written, OPTIONS)) == run_hash(load(other, OPTIONS))
