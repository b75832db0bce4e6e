"""Eyes and mouths in samples: what is marked in the stored faces lies where the ellipses say, in every picture."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.data.faces import Faces
from faceswap_lab.data.regions import SampleRegions, centred, stored_ellipses
from faceswap_lab.data.sampler import SideSampler, centre
from faceswap_lab.training.step.regions import drawn_ellipses, region_masks
from faceswap_lab.twins import LANDMARK_NAMES, Head, State, identity, landmarks_of, render, state_vector
from tests.data.recipes import WARP_2018, WARP_ALIGNED

SIZE = 96
STATES = (
    State(),
    State(yaw=0.5, pitch=0.2, roll=0.1, mouth_open=0.8),
    State(yaw=-0.6, blink_left=1.0, smile=1.0, shift_x=0.03),
    State(pitch=-0.2, purse=1.0, zoom=1.03, brow_raise=1.0),
)
HEAD = Head(identity("ada"))


def marked():
    """Faces whose red is 255 inside the ellipses of the left eye, green of the right one, blue of the mouth."""
    states = np.stack([state_vector(state) for state in STATES])
    black = np.zeros((len(STATES), SIZE, SIZE, 3), np.uint8)
    plain = Faces.joined(black, black[..., 0] + np.uint8(255), states)
    ellipses = stored_ellipses("ada", plain)
    angle = np.linspace(0, 2 * np.pi, 60)[:, None]
    for picture, of_face in zip(plain.pixels, ellipses):
        for channel, (middle, u, v) in enumerate(of_face):
            outline = middle + np.cos(angle) * u + np.sin(angle) * v
            painted = np.zeros((SIZE, SIZE), np.uint8)
            cv2.fillPoly(painted, [np.rint(outline * 16).astype(np.int32)], 255, shift=4)
            picture[..., channel] = painted
    return plain, ellipses


def overlap(drawn, seen):
    """Intersection over union of soft masks, (n, 3)."""
    return np.minimum(drawn, seen).sum((-1, -2)) / np.maximum(drawn, seen).sum((-1, -2))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ["ada", "ben"])
def test_landmarks_are_those_of_the_picture(name, state):
    head = Head(identity(name))
    assert landmarks_of(head, state, SIZE) == pytest.approx(render(head, state, SIZE).landmarks, abs=1e-3)


@pytest.mark.parametrize("recipe", [WARP_2018, WARP_ALIGNED, replace(WARP_ALIGNED, flip=1.0, rotation=30.0)])
@pytest.mark.parametrize("resolution", [32, 64])
def test_the_ellipses_lie_where_the_samples_show_them(recipe, resolution):
    faces, _ = marked()
    sampler = SideSampler(faces, recipe, resolution, 3, "B")
    ellipses = SampleRegions(sampler, "ada").batch(5, 12)
    seen = sampler.batch(5, 12).target.transpose(0, 3, 1, 2) / 255
    assert overlap(drawn_ellipses(torch.from_numpy(ellipses), resolution).numpy(), seen).min() > 0.75


def test_a_wrong_index_would_be_noticed():
    faces, _ = marked()
    sampler = SideSampler(faces, WARP_ALIGNED, 64, 3, "B")
    ellipses = SampleRegions(sampler, "ada").batch(6, 12)
    seen = sampler.batch(5, 12).target.transpose(0, 3, 1, 2) / 255
    assert overlap(drawn_ellipses(torch.from_numpy(ellipses), 64).numpy(), seen).mean() < 0.5


@pytest.mark.parametrize("coverage", [0.625, 0.8])
def test_the_ellipses_lie_where_evaluation_shows_them(coverage):
    faces, ellipses = marked()
    seen = centre(faces.images, 48, coverage).transpose(0, 3, 1, 2) / 255
    drawn = drawn_ellipses(torch.from_numpy(centred(ellipses, SIZE, 48, coverage)), 48).numpy()
    assert overlap(drawn, seen).min() > 0.8


def test_eyes_and_mouth_lie_in_their_ellipses():
    """A closed eye, too, and all of a mouth that is wide open."""
    for state, ellipses in zip(STATES, marked()[1]):
        found = dict(zip(LANDMARK_NAMES, landmarks_of(HEAD, state, SIZE) - 0.5))
        inside = {
            0: ("left_eye_inner", "left_eye_outer", "left_eye_top", "left_eye_bottom"),
            1: ("right_eye_inner", "right_eye_outer", "right_eye_top", "right_eye_bottom"),
            2: ("left_mouth_corner", "right_mouth_corner", "upper_lip_top", "lower_lip_bottom"),
        }
        points = {name: found[name] for names in inside.values() for name in names}
        for k, names in inside.items():
            middle, u, v = ellipses[k]
            for name, point in points.items():
                radius = np.linalg.norm(np.linalg.solve(np.stack([u, v], 1), point - middle))
                assert (radius < 1) == (name in names), (name, k)


@given(st.floats(6, 25), st.floats(6, 25), st.floats(2, 6), st.floats(2, 6), st.floats(0, 6.3), st.booleans())
def test_a_drawn_ellipse_has_its_area_and_its_middle(x, y, long, short, turn, mirrored):
    u = long * np.array([np.cos(turn), np.sin(turn)])
    v = short * np.array([-np.sin(turn), np.cos(turn)]) * (-1 if mirrored else 1)
    mask = drawn_ellipses(torch.tensor(np.array([[[[x + 8, y + 8], u, v]]])), 48)[0, 0].numpy()
    assert mask.sum() == pytest.approx(np.pi * long * short, rel=0.1)
    assert 0 <= mask.min() <= mask.max() <= 1
    rows, columns = np.indices(mask.shape)
    assert ((columns * mask).sum() / mask.sum(), (rows * mask).sum() / mask.sum()) == pytest.approx(
        (x + 8, y + 8), abs=0.1
    )


def test_regions_are_parts_of_the_face():
    _, ellipses = marked()
    face = torch.zeros(len(STATES), 1, SIZE, SIZE)
    face[..., : SIZE // 2] = 0.5
    masks = region_masks(face, torch.from_numpy(ellipses))
    assert torch.equal(masks["face"], face)
    left, right, mouth = drawn_ellipses(torch.from_numpy(ellipses), SIZE).float().unbind(1)
    torch.testing.assert_close(masks["eyes"], torch.maximum(left, right)[:, None] * face)
    torch.testing.assert_close(masks["mouth"], mouth[:, None] * face)
    assert torch.equal(masks["eyes_and_mouth"], torch.maximum(masks["eyes"], masks["mouth"]))
