"""The split: films by blocks of time, and nothing that is trained on looks like what judges."""

import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.leak_free import Picture, source_and_order, split
from faceswap_lab.data.near_duplicates import ALIKE, alike_to_any, distance, look


def film(frames: int, seed: int, step: float = 1.5) -> np.ndarray:
    """A window that wanders over a cloudy picture: neighbours alike, distant frames not."""
    rng = np.random.default_rng(seed)
    cloud = cv2.resize(rng.integers(0, 256, (60, 60, 3), np.uint8), (900, 900), interpolation=cv2.INTER_CUBIC)
    angle, places = 0.0, [np.array([400.0, 400.0])]
    for _ in range(frames - 1):
        angle += rng.normal(0, 0.25)
        places.append(np.clip(places[-1] + step * np.array([np.cos(angle), np.sin(angle)]), 5, 830))
    return np.array([cv2.getRectSubPix(cloud, (64, 64), tuple(place.tolist())) for place in places])


def pictures_of(count: int, source: str = "s", shuffled: bool = False) -> list[Picture]:
    """Rows sorted by digest, as the reader has them; the order of time is in ``order``."""
    found = [Picture(hashlib.sha256(f"{source}{i}".encode()).digest(), source, (i,)) for i in range(count)]
    return sorted(found, key=lambda picture: picture.digest) if not shuffled else found


def looks_in_order(pictures: list[Picture], frames: np.ndarray) -> np.ndarray:
    return np.array([look(frames[picture.order[0]]) for picture in pictures])


def nearest(looks: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The slow, obvious way."""
    return np.array([min(np.linalg.norm(looks[i] - looks[j]) for j in others) for i in rows])


def test_distance_is_that_of_vectors_and_of_correlations():
    frames = film(10, 0)
    a, b = look(frames[0]), look(frames[9])
    assert distance(a, b) == pytest.approx(np.linalg.norm(a - b), abs=1e-5)
    assert (
        distance(look(frames[0]), look(np.clip(frames[0] // 2 + 40, 0, 255).astype(np.uint8))) < 0.1
    )  # contrast is not seen
    assert not look(np.zeros((8, 8, 3), np.uint8)).any()


@pytest.mark.parametrize("seed", range(4))
def test_a_film_is_held_out_by_blocks_and_nothing_like_them_is_trained_on(seed):
    frames = film(400, seed)
    pictures = pictures_of(400)
    looks = looks_in_order(pictures, frames)
    chosen = split(pictures, looks, 40)
    times = np.array([pictures[i].order[0] for i in chosen.held_out])
    assert chosen.films == 1
    assert len(times) == 40
    for group in set(chosen.groups.tolist()):
        block = np.sort(times[chosen.groups == group])
        assert len(block) >= 8
        np.testing.assert_array_equal(np.diff(block), 1)
    assert np.ptp(times) > 200  # from all over the film
    assert nearest(looks, chosen.train, chosen.held_out).min() > ALIKE - 1e-3
    assert nearest(looks, chosen.left_out, chosen.held_out).max() < ALIKE + 1e-3
    rows = np.concatenate([chosen.held_out, chosen.train, chosen.left_out])
    np.testing.assert_array_equal(np.sort(rows), np.arange(400))


def test_by_chance_nearly_every_held_out_frame_would_have_its_like_in_training():
    """What the rule is for: the split of earlier versions, on the same film."""
    pictures = pictures_of(400)
    looks = looks_in_order(pictures, film(400, 0))
    assert alike_to_any(looks[:40], looks[40:]).mean() > 0.9


def test_pictures_in_no_order_are_held_out_one_by_one():
    frames = np.random.default_rng(0).integers(0, 256, (60, 64, 64, 3), np.uint8)
    pictures = pictures_of(60)
    chosen = split(pictures, looks_in_order(pictures, frames), 6)
    np.testing.assert_array_equal(chosen.held_out, np.arange(6))
    assert len(set(chosen.groups.tolist())) == 6
    assert not len(chosen.left_out)
    assert chosen.films == 0


def test_a_burst_of_near_duplicates_never_straddles():
    rng = np.random.default_rng(0)
    apart = rng.integers(0, 256, (40, 64, 64, 3), np.uint8)
    noisy = np.clip(apart[:1].astype(int) + rng.normal(0, 4, (15, 64, 64, 3)), 0, 255).astype(np.uint8)
    frames = np.concatenate([noisy, apart])
    pictures = pictures_of(55)
    looks = looks_in_order(pictures, frames)
    chosen = split(pictures, looks, 20)
    assert not alike_to_any(looks[chosen.train], looks[chosen.held_out]).any()


def test_pictures_all_alike_are_kept_and_said():
    frames = np.repeat(film(1, 0), 30, axis=0)
    pictures = pictures_of(30)
    chosen = split(pictures, looks_in_order(pictures, frames), 5)
    assert len(chosen.train) == 25
    assert chosen.straddling == 25


def test_two_films_are_both_judged():
    frames = np.concatenate([film(120, 1), film(80, 2)])
    pictures = sorted(
        (Picture(hashlib.sha256(bytes([i])).digest(), "one" if i < 120 else "two", (i,)) for i in range(200)),
        key=lambda picture: picture.digest,
    )
    chosen = split(pictures, looks_in_order(pictures, frames), 40)
    sources = [pictures[i].source for i in chosen.held_out]
    assert (sources.count("one"), sources.count("two")) == (24, 16)


@given(count=st.integers(2, 60), share=st.floats(0.01, 0.99), seed=st.integers(0, 5), smooth=st.booleans())
@settings(max_examples=60)
def test_every_picture_is_used_once_and_both_parts_have_some(count, share, seed, smooth):
    frames = film(count, seed) if smooth else np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), np.uint8)
    pictures = pictures_of(count)
    held_out = min(count - 1, max(1, round(share * count)))
    chosen = split(pictures, looks_in_order(pictures, frames), held_out)
    rows = np.concatenate([chosen.held_out, chosen.train, chosen.left_out])
    np.testing.assert_array_equal(np.sort(rows), np.arange(count))
    assert len(chosen.train)
    assert len(chosen.held_out) == len(chosen.groups)
    assert abs(len(chosen.held_out) - held_out) <= 1


def test_time_is_read_from_names_and_records(tmp_path):
    def order(name, **told):
        return source_and_order(tmp_path / name, tmp_path, **told)

    assert order("anna_9.png")[0] == order("anna_10.png")[0]
    assert order("anna_9.png")[1] < order("anna_10.png")[1]
    assert order("a/anna_9.png")[0] != order("b/anna_9.png")[0]
    assert order("x.png", source="film.mp4", frame=9)[1] < order("w.png", source="film.mp4", frame=10)[1]
    assert order("x.png", source="0009.png", frame=9)[0] == order("y.png", source="0010.png", frame=10)[0]


def test_films_whose_names_differ_in_a_number_are_held_out_one_after_the_other(tmp_path):
    """What a phone calls VID_1.mp4 and VID_2.mp4: their frames have the same numbers, and are no neighbours."""
    frames = np.concatenate([film(120, 3), film(120, 4)])
    pictures = []
    for row in range(240):
        video, frame = divmod(row, 120)
        place = tmp_path / f"VID-{video + 9}_{frame:06d}.png"
        told = source_and_order(place, tmp_path, f"VID_{video + 9}.mp4", frame)
        pictures.append((hashlib.sha256(bytes([row])).digest(), told, row))
    pictures.sort()
    found = [Picture(digest, *told) for digest, told, _ in pictures]
    rows = np.array([row for *_, row in pictures])
    looks = np.array([look(frames[row]) for row in rows])
    chosen = split(found, looks, 48)
    assert chosen.films == 1
    held = np.sort(rows[chosen.held_out])
    blocks = np.split(held, np.flatnonzero(np.diff(held) > 1) + 1)
    assert min(map(len, blocks)) >= 8
    assert nearest(looks, chosen.train, chosen.held_out).min() > ALIKE - 1e-3


@given(lengths=st.lists(st.integers(16, 40), min_size=1, max_size=12), share=st.floats(0.01, 0.5))
@settings(max_examples=25)
def test_of_many_short_films_as_many_are_held_out_as_are_asked_for(lengths, share):
    looks = np.concatenate([[look(frame) for frame in film(n, i)] for i, n in enumerate(lengths)])
    sources = [f"{'abcdefghijkl'[i]}" for i, n in enumerate(lengths) for _ in range(n)]
    pictures = [Picture(bytes([i % 256, i // 256]), source, (i,)) for i, source in enumerate(sources)]
    count = max(1, round(share * len(pictures)))
    assert len(split(pictures, looks, count).held_out) == count
