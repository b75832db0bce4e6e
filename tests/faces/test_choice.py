"""Whose faces are kept, and what is said of them, on rows made by hand; and forgetting."""

import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from faceswap_lab.data.folders import load_folders
from faceswap_lab.faces.choice import choose
from faceswap_lab.faces.command import settle
from faceswap_lab.faces.face_set import FaceSet, Row, SetRefused
from faceswap_lab.faces.forget import forget
from faceswap_lab.faces.summary import evenness, lines, summary
from tests.data.recipes import write_faces

RNG = np.random.default_rng(0)


def unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


PEOPLE = [unit(RNG.normal(size=128)) for _ in range(3)]


def row(number: int, who: int = 0, **changes: object) -> Row:
    told = {
        "file": f"{number:04}.png", "source": "film.mp4", "frame": number, "eyes": 60.0, "score": 0.9,
        "disagreement": 0.1, "inside": 1.0, "sharpness": 20.0,
        "yaw": 0.0, "pitch": 0.0, "roll": 0.0,
        "embedding": unit(PEOPLE[who] + 0.4 * RNG.normal(size=128) / np.sqrt(128)), "look": unit(RNG.normal(size=256)),
    }  # fmt: skip
    return Row(**(told | changes))


def test_the_most_frequent_person_is_kept_or_the_one_asked_for():
    rows = [row(i, who) for i, who in enumerate([0] * 10 + [1] * 6 + [2] * 4 + [0] * 3)]
    choice = choose(rows, None, set())
    assert [not reason for reason in choice.reasons] == [i < 10 or i >= 20 for i in range(23)]
    assert choice.people == [13, 6, 4]
    asked = choose(rows, PEOPLE[2].astype(float), set())
    assert [i for i, reason in enumerate(asked.reasons) if not reason] == [16, 17, 18, 19]
    assert asked.chosen == 2
    rare = [row(i, who) for i, who in enumerate([0] * 5 + [1] * 2 + [2])]
    asked = choose(rare, PEOPLE[2].astype(float), set())
    assert (asked.people, asked.chosen) == ([5, 1], 1)
    with pytest.raises(SetRefused, match="nobody in it looks like"):
        choose(rows, unit(RNG.normal(size=128)).astype(float), set())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eyes": 10.0}, "too small"),
        ({"disagreement": 0.5}, "hidden in part"),
        ({"inside": 0.5}, "cut off"),
        ({"yaw": -80.0}, "turned away"),
        ({"sharpness": 1.0}, "blurred"),
    ],
)
def test_what_is_no_good_picture_is_dropped_for_its_reason(changes, reason):
    choice = choose([row(0), row(1, **changes)], None, set())
    assert not choice.reasons[0]
    assert choice.reasons[1].startswith(reason)


def test_of_faces_that_look_alike_the_sharpest_stays():
    same = unit(RNG.normal(size=256))
    rows = [row(i, look=unit(same + 0.005 * RNG.normal(size=256)), sharpness=10.0 + i) for i in range(5)]
    assert [i for i, reason in enumerate(choose(rows, None, set()).reasons) if not reason] == [4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_excluded_names_are_read_in_whatever_encoding_an_editor_saves_them(tmp_path, encoding, end):
    mark = "\ufeff" if encoding.endswith("e") else ""  # utf-16 writes its own
    names = ["anna_000001.png", "größe.png"]
    (tmp_path / "set").mkdir()
    kept = FaceSet(tmp_path / "set")
    (kept.path / "exclude.txt").write_bytes((mark + end.join([*names, "", ""])).encode(encoding))
    assert kept.excluded() == set(names)


def test_names_to_exclude_that_no_face_has_are_said(tmp_path, caplog):
    kept, rows = FaceSet(tmp_path / "set"), [row(0), row(1)]
    source = kept.source("film.mp4", ["0" * 64], "2018", 64)
    source.append([*rows, row(2)])  # of whose picture somebody was rid already
    (kept.path / "exclude.txt").write_text("0001.png\n0002.png\n1.jpg\nother.png\n")
    assert settle(kept, rows, None).reasons == ["", "excluded by hand"]
    assert "exclude.txt: 2 names are of no face in this set: 1.jpg, other.png" in caplog.text
    caplog.clear()
    (kept.path / "exclude.txt").write_text("0001.png\n0002.png\n")
    settle(kept, rows, None)
    assert not caplog.text


def test_the_summary_counts_and_says_what_is_uneven():
    rows = [row(i, yaw=float(yaw)) for i, yaw in enumerate([-40, -20, -0.2, -0.2, 0, 20, 50])] + [row(9, eyes=5.0)]
    told = summary(rows, choose(rows, None, set()), looked=100)
    assert (told["kept"], told["found"], told["frames"]) == (7, 8, 100)
    assert told["poses"] == {"left": 2, "ahead": 3, "right": 2, "up": 0, "down": 0}
    said = "\n".join(lines(told, "faces/anna"))
    assert "median 0°" in said
    assert "7 faces are few" in said
    assert evenness(np.zeros(50)) == 0
    assert evenness(np.arange(-50, 51, 20.0)) == pytest.approx(1)


def test_forgetting_removes_a_set_and_its_copies_and_names_the_runs(tmp_path):
    for side in "ab":
        write_faces(tmp_path / side, 5, seed=ord(side))
    load_folders(folders=[tmp_path / s for s in "ab"], held_out=1, size=40, cache_dir=tmp_path / "c", progress=False)
    (tmp_path / "a" / ".extraction").mkdir()
    run, other, third = (tmp_path / "runs" / name for name in ("one", "other", "third"))
    for place, folder, more in ((run, "a", ""), (other, "elsewhere", ""), (third, "y", tmp_path / "a")):
        place.mkdir(parents=True)
        data = f"{{name: folders, a: {tmp_path / folder}, b: {tmp_path / 'x'}, more: [{more}]}}"
        (place / "config.yaml").write_text(f"data: {data}\n")
    for report, words in (
        ("shows", [f"data.a='{tmp_path / 'x'}'", f"data.more=[{tmp_path / 'a'}]"]),
        ("not", ["seed=0"]),
    ):
        (tmp_path / "experiments" / report).mkdir(parents=True)
        (tmp_path / "experiments" / report / "study.json").write_text(json.dumps({"study": {"settings": words}}))
    killed, living, damaged = (tmp_path / "c" / "rgba" / name for name in ("k.partial-1", "l.partial-2", "m.damaged"))
    for place in (killed, living, damaged):
        place.mkdir()
    with FileLock(tmp_path / "c" / "rgba" / "l.lock"):
        told = forget(tmp_path / "a", tmp_path / "c", tmp_path / "runs", tmp_path / "experiments")
    assert told.runs == [run, third]
    assert told.reports == [tmp_path / "experiments" / "shows"]
    assert not (tmp_path / "a").exists()
    assert [place.exists() for place in (killed, living, damaged)] == [False, True, False]
    left = [json.loads(path.read_text())["notes"]["folder"] for path in (tmp_path / "c").glob("rgba/*/manifest.json")]
    assert left == [str(tmp_path / "b")]
    told = forget(tmp_path / "b", tmp_path / "c", tmp_path / "runs", tmp_path / "experiments")
    assert len(told.removed) == 2, "its copy, and what is no longer being made"
    assert (tmp_path / "b").is_dir()  # the lab has not written it
    with pytest.raises(SetRefused, match="no set of faces"):
        forget(tmp_path / "b", tmp_path / "c", tmp_path / "runs", tmp_path / "experiments")


def test_a_set_that_was_moved_is_forgotten_with_its_copies_and_the_reports_of_its_runs_are_named(tmp_path):
    for side in "ab":
        write_faces(tmp_path / side, 5, seed=ord(side))
    load_folders(folders=[tmp_path / s for s in "ab"], held_out=1, size=40, cache_dir=tmp_path / "c", progress=False)
    (tmp_path / "a").rename(tmp_path / "anna")
    (tmp_path / "runs" / "one-s0-0a").mkdir(parents=True)
    (tmp_path / "runs" / "one-s0-0a" / "config.yaml").write_text(f"data: {{name: folders, a: {tmp_path / 'anna'}}}\n")
    for report, run in (("compare-1", "one-s0-0a"), ("compare-2", "other-s0-0b")):
        (tmp_path / "experiments" / report).mkdir(parents=True)
        (tmp_path / "experiments" / report / "study.json").write_text('{"study": {"settings": []}}')
        (tmp_path / "experiments" / report / "results.csv").write_text(f"arm,folder\nx,{run}\n")
    told = forget(tmp_path / "anna", tmp_path / "c", tmp_path / "runs", tmp_path / "experiments")
    left = [json.loads(path.read_text())["notes"]["folder"] for path in (tmp_path / "c").glob("rgba/*/manifest.json")]
    assert left == [str(tmp_path / "b")]
    assert told.reports == [tmp_path / "experiments" / "compare-1"]


def test_a_set_of_nothing_is_refused_where_other_things_lie(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetRefused, match="is a file"):
        FaceSet(tmp_path / "file")
    with pytest.raises(SetRefused, match="holds other things"):
        FaceSet(tmp_path)
