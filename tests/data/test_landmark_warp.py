"""The warp by landmarks against a slow plate of its own, and in the pictures: what is marked goes where it is due."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from faceswap_lab.data.draws import draw, shown
from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.data.landmark_warp import NEAREST, NODES, SMOOTHING, LandmarkWarp, training_landmarks
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.randomness import uniforms
from faceswap_lab.twins import State, identity, render, state_vector
from tests.data.recipes import NONE, WARP_ALIGNED

SIZE, RESOLUTION = 128, 64
RECIPE = replace(WARP_ALIGNED, name="warp_landmarks", nodes="landmarks", jitter=2.0, flip=0.5, fitted=False)
STILL = replace(NONE, name="still", nodes="landmarks", coverage=1.0, fitted=False)


def faces_with(points: np.ndarray) -> list[np.ndarray]:
    """Return landmarks near ``points`` of 4 own and 15 other faces, (n, L, 2)."""
    rng = np.random.default_rng(3)
    return [(points + rng.normal(0, 0.02, (n, *points.shape))).astype(np.float32) for n in (4, 15)]


POINTS = np.array([(x, y) for x in (0.3, 0.5, 0.7) for y in (0.3, 0.5, 0.7)])
OWN, OTHER = faces_with(POINTS)


def sampler(recipe=RECIPE, own=OWN, other=OTHER, pixels=None, seed=5):
    pixels = np.zeros((len(own), SIZE, SIZE, 4), np.uint8) if pixels is None else pixels
    return SideSampler(Faces(pixels), recipe, RESOLUTION, seed, "A", landmarks=LandmarkWarp(own, other, seed, "A"))


def slow_plate(points, shifts, place):
    """Solve for a thin plate through the points and 16 of the border, and return its shift at a place."""
    border = [(x / 4, y / 4) for x in range(5) for y in range(5) if x in (0, 4) or y in (0, 4)]
    points, shifts = [*map(tuple, points), *border], [*map(tuple, shifts), *([(0.0, 0.0)] * 16)]

    def bend(p, q):
        r = ((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2) ** 0.5
        return r * r * np.log(r) if r else 0.0

    n = len(points)
    left = np.zeros((n + 3, n + 3))
    for i, p in enumerate(points):
        for j, q in enumerate(points):
            left[i, j] = bend(p, q) + (SMOOTHING if i == j else 0)
        left[i, n:] = left[n:, i] = 1, *p
    weights = np.linalg.solve(left, np.array([*shifts, *([(0.0, 0.0)] * 3)]))
    plate = np.array([*(bend(place, q) for q in points), 1, *place]) @ weights
    inside = min(place[0], 1 - place[0], place[1], 1 - place[1])
    return plate * min(max(16 * inside, 0), 1)


def slow_points(recipe, index):
    """Return where the control points of a sample come from, by the definition, one by one: (2, 17, 17) pixels."""
    own = OWN[shown(5, "A", index, 1, len(OWN))[0]]
    by_distance = sorted(range(len(OTHER)), key=lambda i: float(((OTHER[i].astype(float) - own) ** 2).mean()))
    u = uniforms(5, "landmarks", "A", first=index, count=1, width=1 + 2 * len(own))[0]
    goal = OTHER[by_distance[int(10 * u[0])]] + recipe.jitter / 256 * ndtri(u[1:]).reshape(-1, 2)
    d = draw(5, "A", index, 1)
    angle, centre = np.deg2rad(recipe.rotation * d.rotation[0]), (SIZE - 1) / 2
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / (1 + recipe.zoom * d.zoom[0])
    found = np.empty((2, NODES, NODES))
    for row in range(NODES):
        for column in range(NODES):
            posed = centre + recipe.coverage * SIZE * (np.array([column, row]) / (NODES - 1) - 0.5)
            if d.flip[0] < recipe.flip:
                posed[0] = SIZE - 1 - posed[0]
            stored = centre + back @ (posed - centre - recipe.shift * SIZE * d.shift[0])
            found[:, row, column] = stored + SIZE * slow_plate(goal, own - goal, tuple((stored + 0.5) / SIZE))
    return found


@pytest.mark.parametrize("recipe", [RECIPE, replace(RECIPE, jitter=0.0, coverage=1.0, flip=1.0, rotation=40.0)])
def test_control_points_are_those_of_the_definition(recipe):
    places = sampler(recipe).places(7, 3)
    for i in range(3):
        np.testing.assert_allclose(places.points[i], slow_points(recipe, 7 + i), atol=1e-6)


def test_what_is_marked_at_a_landmark_is_seen_at_the_others():
    """Without jitter, where the other side has one face."""
    assert np.linalg.norm(OTHER[0] - OWN[0], axis=-1).mean() > 0.03
    for landmark in range(len(POINTS)):
        pixels = np.zeros((1, SIZE, SIZE, 4), np.uint8)
        y, x = np.indices((SIZE, SIZE))
        from_it = np.hypot(x - (OWN[0, landmark, 0] * SIZE - 0.5), y - (OWN[0, landmark, 1] * SIZE - 0.5))
        pixels[0, ..., :3] = (255 * np.clip(3 - from_it, 0, 1))[..., None]
        seen = sampler(STILL, OWN[:1], OTHER[:1], pixels).batch(0, 1)
        rows, columns = np.indices((RESOLUTION, RESOLUTION)) + 0.5
        light = seen.input[0, ..., 0] / seen.input[0, ..., 0].sum()
        found = np.array([(columns * light).sum(), (rows * light).sum()]) / RESOLUTION
        assert found == pytest.approx(OTHER[0, landmark], abs=0.01)
        target = sampler(replace(STILL, nodes="5x5"), pixels=pixels, own=OWN[:1]).batch(0, 1).target
        assert np.array_equal(seen.target, target)


def test_the_border_stays_and_beyond_it_too():
    wide = sampler(replace(STILL, jitter=2.0, coverage=1.0, grid=1.25)).places(0, 4).points
    axis = (SIZE - 1) / 2 + 1.25 * SIZE * np.linspace(-0.5, 0.5, NODES)
    regular = np.stack(np.meshgrid(axis, axis))
    outside = (np.abs(regular - (SIZE - 1) / 2) >= SIZE / 2).any(axis=0)
    assert outside.any()
    np.testing.assert_allclose(wide[:, :, outside], np.broadcast_to(regular[:, outside], wide[:, :, outside].shape))
    assert (np.abs(wide - regular)[:, :, ~outside].max((1, 2)) > 1).all()


def test_one_of_the_ten_nearest_is_drawn_each_as_often():
    which = np.zeros(4_000, np.int64)
    goals = LandmarkWarp(OWN, OTHER, 5, "A").goals(which, 0, 0.0)
    by_distance = np.argsort(((OTHER.astype(float) - OWN[0]) ** 2).mean((1, 2)))
    drawn = np.abs(goals[:, None] - OTHER[None]).max((2, 3)).argmin(1)
    counts = np.bincount(drawn, minlength=len(OTHER))[by_distance]
    assert counts[:NEAREST].min() > 300
    assert not counts[NEAREST:].any()
    few = LandmarkWarp(OWN, OTHER[:3], 5, "A").goals(which, 0, 0.0)  # where there are fewer than ten
    assert len(np.unique(few[:, 0, 0])) == 3


def test_jitter_is_normal_and_each_landmarks_own():
    which = np.zeros(4_000, np.int64)
    warp = LandmarkWarp(OWN, OTHER, 5, "A")
    jitter = warp.goals(which, 0, 0.01) - warp.goals(which, 0, 0.0)
    np.testing.assert_allclose(jitter.std(0), 0.01, rtol=0.06)
    np.testing.assert_allclose(np.corrcoef(jitter.reshape(4_000, -1).T), np.eye(18), atol=0.08)


def test_samples_depend_on_their_index_alone():
    whole = sampler().places(3, 9)
    parts = [sampler().places(3, 2), sampler().places(5, 7)]
    for got, due in zip(whole, (np.concatenate(part) for part in zip(*parts)), strict=True):
        np.testing.assert_array_equal(got, due)
    assert not np.array_equal(sampler(seed=6).places(3, 9).points, whole.points)


def test_each_side_has_goals_of_its_own():
    a, b = (LandmarkWarp(OWN, OTHER, 5, side).goals(np.zeros(20, np.int64), 0, 0.01) for side in "AB")
    assert (a != b).all()


def test_the_strength_of_the_warp_scales_every_shift():
    still, half, whole = (sampler().places(0, 5, warp).points for warp in (0.0, 0.5, 1.0))
    plain = sampler(replace(RECIPE, nodes="5x5", jitter=0.0)).places(0, 5).points
    np.testing.assert_allclose(still, plain, atol=1e-9)
    np.testing.assert_allclose(half - still, (whole - still) / 2, atol=1e-9)
    assert np.abs(whole - still).max() > 1


def test_landmarks_of_rendered_people_are_those_of_their_training_faces():
    states = {"A": [State(yaw=0.3), State()], "B": [State(pitch=0.1, smile=0.5)]}
    train, held_out = (
        {side: Faces(np.zeros((len(shown), 32, 32, 4), np.uint8), np.stack(list(map(state_vector, shown))))
         for side, shown in of.items()}
        for of in (states, {"A": [State(yaw=-0.5)], "B": [State(yaw=0.5)]})
    )  # fmt: skip
    found = training_landmarks(FaceData(train, held_out, paired=True, fingerprint="", people=("ada", "ben")))
    assert {side: points.shape for side, points in found.items()} == {"A": (2, 26, 2), "B": (1, 26, 2)}
    for side, name in (("A", "ada"), ("B", "ben")):
        for state, points in zip(states[side], found[side]):
            np.testing.assert_allclose(points * 32, render(identity(name), state, 32).landmarks, atol=1e-3)
