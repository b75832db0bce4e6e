"""What TensorBoard shows of a run, as its own reader tells it."""

import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from faceswap_lab.runs.identity import plain
from tests.training.mirrored import Killed, killed, run_in, table_of


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
    assert len(events.Tensors("config/text_summary")) == 1
