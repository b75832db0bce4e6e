"""Rendered data: whose states are whose, what is the truth, and what is rendered again."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faceswap_lab.data import twin_sets
from faceswap_lab.data.faces import SIDES, FaceData, rgba
from faceswap_lab.data.twin_sets import load_twins
from faceswap_lab.randomness import stream
from faceswap_lab.twins import STATE_FIELDS, identity, render, sample_state, state_of, state_vector

REPOSITORY = Path(__file__).parents[2]
SMALL = {"people": ("ada", "ben"), "faces": 10, "held_out": 6, "size": 24, "seed": 3}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def load(cache):
    def loaded(**changes) -> FaceData:
        return load_twins(**(SMALL | {"cache_dir": cache, "progress": False, "processes": 1} | changes))

    return loaded


@pytest.fixture
def painted(load, monkeypatch, tmp_path):
    """As ``load``, with a renderer that only says who and where instead of drawing: for what is not about pixels."""
    jobs: list[str] = []

    class Painter:
        def __init__(self, processes: int | None) -> None: ...

        def __enter__(self) -> "Painter":
            return self

        def __exit__(self, *_: object) -> None: ...

        def render(self, person, states, size):
            jobs.append(person.seed)
            for row in states:
                picture = np.full((1, size, size, 3), person.seed, np.uint8)
                yield rgba(picture, np.full((1, size, size), int(100 * abs(state_of(row).yaw)), np.uint8))

    monkeypatch.setattr(twin_sets, "RenderPool", Painter)

    def loaded(**changes) -> FaceData:
        return load(**({"cache_dir": tmp_path} | changes))

    loaded.jobs = jobs
    return loaded


def column(states: np.ndarray, name: str) -> np.ndarray:
    return states[:, STATE_FIELDS.index(name)]


def test_pictures_are_the_renderers_in_the_states_that_are_noted(load):
    data = load()
    for which, count in (("train", 10), ("held_out", 6)):
        for side, name in (("A", "ada"), ("B", "ben")):
            faces = getattr(data, which)[side]
            stream_name = side if which == "train" else "held_out"
            rng = stream(SMALL["seed"], "states", stream_name)
            states = [sample_state(rng) for _ in range(count)]
            np.testing.assert_array_equal(faces.states, [state_vector(state) for state in states])
            direct = render(identity(name), states[count - 1], 24)
            np.testing.assert_array_equal(faces.images[count - 1], direct.image)
            np.testing.assert_array_equal(faces.masks[count - 1], direct.mask)
            assert faces.images.shape == (count, 24, 24, 3)
            assert isinstance(faces.images, np.memmap)


def test_held_out_is_the_truth_and_training_is_not_paired(load):
    data = load()
    assert data.paired
    held_out, train = data.held_out, data.train
    np.testing.assert_array_equal(held_out["A"].states, held_out["B"].states)
    rows = {side: {row.tobytes() for row in train[side].states} for side in SIDES}
    truth = {row.tobytes() for row in held_out["A"].states}
    assert not rows["A"] & rows["B"]
    assert not truth & (rows["A"] | rows["B"])
    # the same room behind the twins, another face in front of it
    corner = np.s_[:, :3, :3]
    np.testing.assert_array_equal(held_out["A"].images[corner], held_out["B"].images[corner])
    assert np.abs(held_out["A"].images.astype(int) - held_out["B"].images).mean() > 2


def test_the_same_request_renders_nothing_and_gives_the_same(load, monkeypatch):
    first = load()
    monkeypatch.setattr("faceswap_lab.data.render_pool._Worker", lambda: pytest.fail("rendered again"))
    again = load()
    assert again.fingerprint == first.fingerprint
    np.testing.assert_array_equal(again.train["B"].images, first.train["B"].images)


def test_another_partner_reuses_a_side(painted):
    painted()
    assert painted.jobs == [1, 1, 2, 2]
    painted(people=("ada", "cleo"))
    assert painted.jobs[4:] == [3, 3]
    painted(people=("cleo", "ada"))  # the truth of both is there; their training states are the other side's
    assert painted.jobs[6:] == [3, 1]


def test_a_third_person_is_a_third_side_and_changes_nobody_elses_pictures(painted):
    two, three = painted(), painted(people=("ada", "ben", "cleo"))
    assert three.sides == tuple(three.held_out) == ("A", "B", "C")
    for which in ("train", "held_out"):
        for side in two.sides:
            for array in ("pixels", "states"):
                before, now = (getattr(getattr(data, which)[side], array) for data in (two, three))
                np.testing.assert_array_equal(before, now)
    np.testing.assert_array_equal(three.held_out["C"].states, three.held_out["A"].states)
    assert not {row.tobytes() for row in three.train["C"].states} & {row.tobytes() for row in three.train["A"].states}
    rooms = painted(people=("ada", "ben", "cleo"), background="per_person")
    own = {side: set(column(rooms.train[side].states, "background")) for side in rooms.sides}
    assert len(set.union(*own.values())) == 3
    assert [own[side] for side in "ABCABC"] == [{room} for room in column(rooms.held_out["B"].states, "background")]


def test_shared_states_are_those_of_all_sides_and_leave_the_truth_alone(painted):
    own, shared = painted(), painted(people=("ada", "ben", "cleo"), shared=True)
    for side in "BC":
        np.testing.assert_array_equal(shared.train[side].states, shared.train["A"].states)
        np.testing.assert_array_equal(shared.held_out[side].states, own.held_out["A"].states)
        assert (shared.train[side].images != shared.train["A"].images).any()
    rng = stream(SMALL["seed"], "states", "shared")
    due = [state_vector(sample_state(rng)) for _ in range(SMALL["faces"])]
    np.testing.assert_array_equal(shared.train["A"].states, np.array(due))
    for side in SIDES:
        assert not {row.tobytes() for row in own.train[side].states} & {row.tobytes() for row in np.array(due)}


def test_more_faces_begin_with_the_fewer(painted):
    few, many = painted(faces=4), painted(faces=9)
    for side in SIDES:
        np.testing.assert_array_equal(few.train[side].states, many.train[side].states[:4])


@pytest.mark.parametrize(
    "change",
    [
        {"people": ("cleo", "ben")}, {"people": ("ben", "ada")}, {"people": ("ada", "ben", "cleo")},
        {"faces": 11}, {"held_out": 5},
        {"size": 23}, {"seed": 4}, {"pose": "disjoint"}, {"light": "disjoint"},
        {"background": "plain"}, {"background": "per_person"},
    ],
)  # fmt: skip
def test_the_fingerprint_tells_data_apart(painted, change):
    assert painted(**change).fingerprint != painted().fingerprint


def test_a_new_renderer_renders_anew(painted, monkeypatch):
    before = painted()
    monkeypatch.setattr(twin_sets, "RENDERER_VERSION", twin_sets.RENDERER_VERSION + 1)
    assert painted().fingerprint != before.fingerprint
    assert len(painted.jobs) == 8


@pytest.mark.parametrize(("option", "field"), [("pose", "yaw"), ("light", "light_azimuth")])
def test_disjoint_sides_never_meet_and_the_truth_covers_both(painted, option, field):
    equal, disjoint = painted(faces=60, held_out=40), painted(faces=60, held_out=40, **{option: "disjoint"})
    a, b = (column(disjoint.train[side].states, field) for side in SIDES)
    assert a.max() < 0 < b.min()
    truth = column(disjoint.held_out["A"].states, field)
    assert truth[0::2].max() < 0 < truth[1::2].min()
    # nothing else changes, nor does the size of the turn
    for these, those in ((disjoint.train, equal.train), (disjoint.held_out, equal.held_out)):
        for side in SIDES:
            np.testing.assert_array_equal(
                np.abs(column(these[side].states, field)), np.abs(column(those[side].states, field))
            )
            others = [index for index, name in enumerate(STATE_FIELDS) if name != field]
            np.testing.assert_array_equal(these[side].states[:, others], those[side].states[:, others])


def test_backgrounds(painted):
    def rooms(data: FaceData) -> list[set[float]]:
        return [set(column(faces.states, "background")) for faces in (*data.train.values(), data.held_out["A"])]

    def contrast(data: FaceData) -> set[float]:
        return set(column(data.train["A"].states, "background_contrast"))

    varied, own, plain = (painted(background=name) for name in ("varied", "per_person", "plain"))
    assert [len(found) for found in rooms(varied)] == [10, 10, 6]
    room_a, room_b, both = rooms(own)
    assert len(room_a) == len(room_b) == 1
    assert room_a != room_b
    assert both == room_a | room_b
    assert set(column(own.held_out["B"].states, "background")[::2]) == room_a
    assert rooms(plain) == [{0.0}] * 3
    assert contrast(plain) == {0.0} != contrast(varied)
    assert rooms(painted(background="per_person", seed=4)) != rooms(own)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"people": ("ada", "ada")}, "both 'ada', the same person; a swap needs different people"),
        ({"people": ("ada", "random-1", "random-01")}, "'random-1' and 'random-01', the same person"),
        ({"people": ("nobody", "ben")}, "unknown identity 'nobody'"),
        ({"people": ("ada",)}, "1 sides; there must be 2 to 26"),
    ],
)
def test_what_means_nothing_is_refused(load, change, message):
    with pytest.raises(ValueError, match=message):
        load(**change)


def test_progress_says_what_how_many_and_where(painted, capsys, tmp_path):
    painted(progress=True)
    said = capsys.readouterr().err
    assert f"rendering 10 faces of ada at 24 px, kept in '{tmp_path}'" in said
    assert "10 of 10" in said
    painted(progress=True)
    assert capsys.readouterr().err == ""


def test_neither_torch_nor_what_comes_with_it_is_loaded():
    program = "import sys, faceswap_lab.data.twin_sets, faceswap_lab.data.folders; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert not {"torch", "pytorch_lightning", "albumentations", "wandb", "scipy"} & set(loaded.stdout.split())
