import doctest

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job import label
from faceswap_lab.cli.job.label import label_of
from faceswap_lab.options import Options
from faceswap_lab.runs.identity import run_name

OPTIONS = Options([conf_dir()])


def test_the_examples():
    assert doctest.testmod(label).failed == 0


def test_a_report_by_other_judges_is_another_report():
    plain, judged, metrics = (
        label.report_name("smoke", ["+study=smoke", *words], {}, OPTIONS)
        for words in ((), ("evaluation.real_judges=true",), ("evaluation.metrics=[edges]",))
    )
    assert (plain, judged, metrics) == ("smoke", "smoke-real_judges_true", "smoke-metrics_edges")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["loss.terms.ssim.weight=2"], ["loss.terms.mse.weight=2"]),
        (["events.planned.freeze.step=500"], ["events.planned.warp.step=500"]),
        (["data.a=/p/anna/aligned", "data.b=/p/ben"], ["data.a=/p/carla/aligned", "data.b=/p/ben"]),
    ],
)
def test_reports_on_two_things_have_two_folders(one: list[str], other: list[str]):
    names = {label.report_name("objective", ["+study=objective", *words], {}, OPTIONS) for words in (one, other)}
    assert len(names) == 2
    assert all(len(name) <= 69 for name in names)
    assert not any("anna" in name for name in names)


def test_a_name_along_folders_is_short_and_tells_nobody_where_they_lie():
    levels = [[f"/home/me/faces/{who}/{'x' * 90}/aligned" for who in pair] for pair in ("ab", "ac")]
    names = [label.name_along("objective", "data.a", of) for of in levels]
    assert names[0] != names[1]
    assert all(len(name) <= 60 and "home" not in name for name in names)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "baseline"),
        (
            ["seed=3", "trainer=cpu", "logger.every_steps=5", "hydra.run.dir=x", "force=true", "hydra/launcher=x"],
            "baseline",
        ),
        (["data.sampler=device", "data.seed=3"], "seed_3"),
        (["scale=smoke", "+experiment=joint"], "joint-smoke"),
        (["+experiment=joint", "loss.weight_a=0.5"], "joint-weight_a_0.5"),
        (["training.max_steps=4", "update_order=b_then_a", "+experiment=joint"], "joint-b_then_a-max_steps_4"),
        (["++decoder_activation=tanh"], "decoder_activation_tanh"),
        (["encoder_activation=tanh"], "encoder_activation_tanh"),
        (["encoder_activation=tanh", "decoder_activation=linear"], "encoder_activation_tanh-linear"),
        (["colour_match=none", "augmentation=none"], "colour_match_none-augmentation_none"),
        (["+experiment=two_encoders", "decoder_activation=tanh"], "two_encoders-decoder_activation_tanh"),
        (["+experiment=[joint,tanh_output]"], "joint-tanh_output"),
        (["+experiment=[joint, 'only_b']", "scale=smoke"], "joint-only_b-smoke"),
        (["+experiment=baseline"], "baseline"),
        (["+study=encoder_count", "seed=1"], "baseline"),
    ],
)
def test_a_label_is_what_differs(overrides: list[str], expected: str):
    assert label_of(overrides, OPTIONS) == expected


def test_a_long_label_is_cut_and_fits_a_folders_name():
    label = label_of(["data.a=/a/very/long/path/" + "x" * 300, "model.encoder_widths=[1,2,3]"], OPTIONS)
    assert len(label) <= 60
    name = run_name(label, 0, "0123456789")
    assert "/" not in name
    assert name.endswith("-s0-0123456789")


def test_labels_that_differ_beyond_the_cut_differ():
    """They were one job type of W&B's."""
    long = [
        "+experiment=two_encoders",
        "augmentation=none",
        "model.encoder_widths=[16,32,64]",
        "training.batch_size=128",
    ]
    short, one, other, again = (
        label_of([*long[:rest], f"optimizer.lr=0.{digit}"], OPTIONS) for rest, digit in ((2, 1), (4, 1), (4, 2), (4, 1))
    )
    assert short == "two_encoders-augmentation_none-lr_0.1"
    assert one[:51] == other[:51] == "two_encoders-augmentation_none-encoder_widths_16-32"
    assert (one == again, one == other, len(one)) == (True, False, 60)


def test_a_folder_is_named_by_its_last_part_alone():
    """Long paths were cut so that two folders looked alike, and told where they lie."""
    words = ["data=folders", "data.a=/home/me/private/faces/anna", "data.b=../faces/ben/"]
    assert label_of(words, {"data": ["twins", "folders"]}) == "folders-a_anna-b_ben"
    turned = ["data=folders", "++data.b=../faces/ben/", "data.a=/home/me/private/faces/anna"]
    assert label_of(turned, {"data": ["twins", "folders"]}) == "folders-b_ben-a_anna"
    alike = ["data.a=/home/me/anna/aligned", "data.b=/home/me/ben/aligned", "data.more=[/home/me/cleo/aligned,x/d]"]
    assert label_of(alike, {}) == "a_anna-aligned-b_ben-aligned-more_cleo-aligned-x-d"
