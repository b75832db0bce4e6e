"""What TensorBoard shows of a run, as its own reader tells it."""

import json
from contextlib import suppress

import pytest
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util import tensor_util

from faceswap_lab.runs.identity import plain
from faceswap_lab.runs.result import read_result
from faceswap_lab.training.tracking.mirror import Described
from faceswap_lab.training.tracking.mirrors import show_finished
from tests.training.tracking.mirrored import Killed, killed, run_in, table_of


def events_of(run):
    events = EventAccumulator(str(run.folder.path / "tensorboard"), size_guidance={"images": 0})
    return events.Reload()


def curve(events, name):
    return [(point.step, pytest.approx(point.value, rel=1e-6)) for point in events.Scalars(name)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = run_in(tmp_path_factory.mktemp("finished"), "tensorboard")
    run.train_and_judge()
    return run, events_of(run)


def test_every_number_of_the_table_is_a_point_at_its_training_step(finished):
    run, events = finished
    table = table_of(run)
    names = {name for row in table.values() for name in row} - {"step"}
    assert {"loss_A", "loss_B", "recon_ssim_A"} <= names
    for name in names:
        assert [(step, row[name]) for step, row in table.items() if name in row] == curve(events, name)


def test_the_pictures_are_the_files_of_the_run_and_say_that_they_are_synthetic(finished):
    run, events = finished
    shown = {image.step: image for image in events.Images("preview")}
    assert list(shown) == [4, 8, 12, 14]
    for step, image in shown.items():
        name = "final.png" if step == 14 else f"step-{step:09d}.png"
        assert image.encoded_image_string == (run.folder.previews / name).read_bytes()
        assert image.width > image.height > 0 or image.height >= image.width > 0
    assert ". Synthetic: " in events.SummaryMetadata("preview").summary_description


def test_the_configuration_is_shown_as_text(finished):
    run, events = finished
    (text,) = tensor_util.make_ndarray(events.Tensors("config/text_summary")[0].tensor_proto)
    assert json.loads(text.decode().removeprefix("```json\n").removesuffix("\n```")) == plain(run.config)


def test_what_came_out_is_shown_apart_from_the_curves(finished):
    run, events = finished
    metrics = json.loads(run.folder.result.read_text())["metrics"]
    for name, value in metrics.items():
        assert [(14, value)] == curve(events, f"result/{name}")


def test_a_resumed_run_shows_no_step_twice(tmp_path, finished):
    with pytest.raises(Killed):
        run_in(tmp_path, "tensorboard", after={7: killed}).train_and_judge()
    resumed = run_in(tmp_path, "tensorboard")
    resumed.train_and_judge()
    assert len(list((resumed.folder.path / "tensorboard").iterdir())) == 2
    events = events_of(resumed)
    for name in ("loss_A", "recon_ssim_B"):
        assert curve(events, name) == [(point.step, point.value) for point in finished[1].Scalars(name)]
    assert [image.step for image in events.Images("preview")] == [4, 8, 12, 14]
    served = plugin_event_accumulator.EventAccumulator(events.path).Reload()  # as TensorBoard's own server reads them
    assert [point.step for point in served.Tensors("loss_A")] == [3, 6, 9, 12, 14]
    assert len(served.Tensors("config/text_summary")) == 1


@pytest.mark.parametrize("end", [{11: killed}, {}], ids=["resumed", "finished"])
@pytest.mark.parametrize("before", [[], ["tensorboard"]], ids=["from the beginning", "in between"])
def test_what_was_made_without_it_is_shown_too(before, end, tmp_path, finished):
    for logger in before:
        with pytest.raises(Killed):
            run_in(tmp_path, logger, after={4: killed}).train_and_judge()
    with suppress(Killed):
        run_in(tmp_path, "csv", after=end).train_and_judge()
    run = run_in(tmp_path, "tensorboard")
    result = read_result(run.folder)
    if result:
        show_finished(Described(run.config, run.folder, "two_encoders", [], None, 14), result)
    else:
        run.train_and_judge()
    events = events_of(run)
    for name in ("loss_A", "recon_ssim_B", "result/loss_A"):
        assert curve(events, name) == [(point.step, point.value) for point in finished[1].Scalars(name)]
    assert [image.step for image in events.Images("preview")] == [4, 8, 12, 14]


def test_the_last_preview_is_shown_once(tmp_path):
    run = run_in(tmp_path, "tensorboard", "evaluation.preview_every_steps=7")
    run.train_and_judge()
    assert [image.step for image in events_of(run).Images("preview")] == [7, 14]


def test_the_run_is_in_the_tab_of_hyperparameters(finished):
    run, events = finished
    told = {tag: HParamsPluginData.FromString(said) for tag, said in events.PluginTagToContent("hparams").items()}
    start = told["_hparams_/session_start_info"].session_start_info.hparams
    assert (start["optimizer.lr"].number_value, start["seed"].number_value) == (run.config.optimizer.lr, 0)
    assert start["update_order.name"].string_value == "a_then_b"
    assert start["model.encoder_widths"].string_value == "4, 4, 4"
    assert not [name for name in start if name.startswith(("logger.", "trainer.", "runs_dir"))]
    shown = {info.name.tag for info in told["_hparams_/experiment"].experiment.metric_infos}
    assert shown == {f"result/{name}" for name in read_result(run.folder).metrics}
    assert shown <= set(events.Tags()["scalars"])
    assert "_hparams_/session_end_info" in told
