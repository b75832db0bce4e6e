import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from faceswap_lab.randomness import stream
from faceswap_lab.twins import LANDMARK_NAMES, PRESETS, Head, State, identity, render, sample_state

SIZE = 64
FRONTAL = State(background=3)


def landmark(rendered, name):
    return rendered.landmarks[LANDMARK_NAMES.index(name)]


def luminance(image):
    return image.astype(float) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_renders_a_face(name):
    drawn = render(identity(name), FRONTAL, SIZE)
    assert drawn.image.shape == (SIZE, SIZE, 3)
    assert drawn.image.dtype == drawn.mask.dtype == np.uint8
    assert drawn.landmarks.shape == (len(LANDMARK_NAMES), 2)
    assert np.isfinite(drawn.landmarks).all()
    assert 0.12 < (drawn.mask > 127).mean() < 0.5
    _, columns = np.nonzero(drawn.mask > 127)
    assert abs(columns.mean() - SIZE / 2) < 0.05 * SIZE
    face = drawn.image[drawn.mask > 127]
    assert face.std() > 8  # shaded, not flat
    skin = np.median(face, 0) - np.array(identity(name).skin)
    assert np.abs(skin).max() < 70


def test_same_arguments_give_the_same_bytes_and_other_processes_agree(ada):
    first, second = (render(ada, FRONTAL, SIZE) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    code = (
        "import hashlib, sys, cv2; cv2.setNumThreads(int(sys.argv[1]))\n"
        "from faceswap_lab.twins import State, identity, render\n"
        f"r = render(identity('ada'), State(background=3), {SIZE})\n"
        "print(hashlib.sha256(r.image.tobytes() + r.mask.tobytes() + r.landmarks.tobytes()).hexdigest())"
    )
    content = first.image.tobytes() + first.mask.tobytes() + first.landmarks.tobytes()
    for threads in ("0", "4"):
        run = subprocess.run([sys.executable, "-c", code, threads], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == hashlib.sha256(content).hexdigest()


def test_rendering_leaves_no_trace_in_the_head(ada):
    before = render(ada, FRONTAL, SIZE).image
    render(ada, sample_state(stream(0, "state")), SIZE)
    assert np.array_equal(render(ada, FRONTAL, SIZE).image, before)


def test_a_head_and_its_identity_draw_alike(gus):
    assert np.array_equal(render(gus, FRONTAL, 32).image, render(identity("gus"), FRONTAL, 32).image)


@pytest.mark.parametrize("name", PRESETS)
def test_face_landmarks_of_a_frontal_face_lie_in_its_mask(name):
    bare = dataclasses.replace(identity(name), bald=True, beard=0.0)  # a fringe may cover a brow
    drawn = render(bare, FRONTAL, 128)
    for point, label in zip(drawn.landmarks, LANDMARK_NAMES):
        x, y = point.astype(int)
        assert drawn.mask[y, x] > 100, label


def test_faces_are_aligned_and_stay_in_the_centre_crop(ada, gus):
    """The central 160/256 of the picture is what a network sees."""
    low, high = SIZE * 48 / 256, SIZE * 208 / 256
    for k in range(60):
        state = sample_state(stream(7, "state", k))
        for head in (ada, gus):
            drawn = render(head, state, SIZE, 1)
            assert ((drawn.landmarks > 0) & (drawn.landmarks < SIZE)).all()
            for point, name in zip(drawn.landmarks, LANDMARK_NAMES):
                if "eye" in name or "nose" in name or "upper_lip" in name or "mouth_corner" in name:
                    assert ((point > low) & (point < high)).all(), (k, name)


def test_yaw_pitch_and_roll_move_the_nose_against_the_eyes(ada):
    def nose_from_eyes(state):
        drawn = render(ada, state, SIZE, 1)
        eyes = (landmark(drawn, "left_eye_inner") + landmark(drawn, "right_eye_inner")) / 2
        return landmark(drawn, "nose_tip") - eyes

    straight = nose_from_eyes(State())
    assert nose_from_eyes(State(yaw=0.4))[0] > straight[0] + 1
    assert nose_from_eyes(State(yaw=-0.4))[0] < straight[0] - 1
    assert nose_from_eyes(State(pitch=0.3))[1] > straight[1] + 0.5
    rolled = render(ada, State(roll=0.3), SIZE, 1)
    left, right = landmark(rolled, "left_eye_outer"), landmark(rolled, "right_eye_outer")
    angle = np.arctan2(right[1] - left[1], left[0] - right[0])
    assert angle == pytest.approx(0.3, abs=0.02)


def test_shift_and_zoom_move_the_picture_by_their_amount(ada):
    still, moved = render(ada, State(), SIZE, 1), render(ada, State(shift_x=0.142, shift_y=0.071), SIZE, 1)
    np.testing.assert_allclose(
        moved.landmarks - still.landmarks,
        np.broadcast_to([0.05 * SIZE, -0.025 * SIZE], still.landmarks.shape),
        atol=0.01,
    )
    near = render(ada, State(zoom=1.1), SIZE, 1)
    np.testing.assert_allclose(near.landmarks - SIZE / 2, 1.1 * (still.landmarks - SIZE / 2), atol=0.01)


def test_expressions_show_in_the_landmarks(ada):
    calm = render(ada, State(), SIZE, 1)

    def moved(name, **state):
        return landmark(render(ada, State(**state), SIZE, 1), name) - landmark(calm, name)

    assert moved("lower_lip_bottom", mouth_open=1.0)[1] > 2  # y points down
    assert moved("chin", mouth_open=1.0)[1] > 1
    assert moved("left_eye_top", blink_left=1.0)[1] > 0.5
    assert abs(moved("right_eye_top", blink_left=1.0)[1]) < 0.1
    assert moved("left_mouth_corner", smile=1.0)[0] > 0.5
    assert moved("left_brow_middle", brow_raise=1.0)[1] < -0.5
    assert moved("left_brow_inner", brow_raise=-1.0)[1] > 0.5


def test_gaze_moves_the_iris(ada):
    def middle_of_iris(state):
        image = render(ada, state, 256).image.astype(float)
        middle = landmark(render(ada, State(), 256, 1), "left_eye_bottom")
        y, x = int(middle[1]) - 10, int(middle[0])
        eye = image[y - 14 : y + 14, x - 24 : x + 24]
        green = np.maximum(eye[..., 1] - eye[..., 0], 0)  # ada's eyes are green, her skin is not
        return np.array([(green * axis).sum() / green.sum() for axis in np.indices(green.shape)])  # y, x

    straight = middle_of_iris(State())
    assert middle_of_iris(State(gaze_x=0.35))[1] > straight[1] + 2
    assert middle_of_iris(State(gaze_x=-0.35))[1] < straight[1] - 2

    def lower_against_upper_half(state):
        drawn = render(ada, state, 256)
        (x, top), (_, bottom) = (landmark(drawn, f"left_eye_{end}") for end in ("top", "bottom"))
        eye = luminance(drawn.image)[int(top) + 2 : int(bottom) - 1, int(x) - 5 : int(x) + 5]
        return eye[len(eye) // 2 :].mean() - eye[: len(eye) // 2].mean()

    assert lower_against_upper_half(State(gaze_y=-0.25)) < lower_against_upper_half(State(gaze_y=0.25)) - 5


def test_light_falls_from_its_side_and_its_strength(gus):
    def halves(**state):
        drawn = render(gus, State(background=3, **state), SIZE)
        light, face = luminance(drawn.image), drawn.mask > 127
        left, right = face.copy(), face.copy()
        left[:, SIZE // 2 :] = False
        right[:, : SIZE // 2] = False
        return light[left].mean(), light[right].mean()

    left, right = halves(light_azimuth=0.9, light_elevation=0.3)
    assert right > 1.15 * left
    left, right = halves(light_azimuth=-0.9, light_elevation=0.3)
    assert left > 1.15 * right
    assert sum(halves(key_light=1.15)) > sum(halves(key_light=0.85))
    assert sum(halves(ambient=0.6)) > sum(halves(ambient=0.3))


def test_warm_light_is_redder(gus):
    warm, cold = (render(gus, State(warmth=w), SIZE).image.reshape(-1, 3).mean(0) for w in (1, -1))
    assert warm[0] / warm[2] > cold[0] / cold[2]


def test_nose_throws_a_shadow_on_the_far_cheek(ada):
    lit = render(ada, State(light_azimuth=1.0, light_elevation=0.3), 128)
    beside = []
    for side, sign in (("left", 1), ("right", -1)):
        x, y = (landmark(lit, f"{side}_nostril") + np.array([sign * 4, -2])).astype(int)
        beside.append(luminance(lit.image)[y - 1 : y + 2, x - 1 : x + 2].mean())
    assert beside[0] > beside[1] + 15


def test_twins_share_the_room_and_the_pose_but_not_the_face(ada, gus):
    for k in range(5):
        state = sample_state(stream(2, "state", k))
        a, b = render(ada, state, SIZE), render(gus, state, SIZE)
        corner = (slice(0, 6), slice(0, 3))  # beyond anyone's hair
        assert np.array_equal(a.image[corner], b.image[corner])
        eyes = [LANDMARK_NAMES.index(name) for name in LANDMARK_NAMES if "eye_inner" in name or "eye_outer" in name]
        assert np.abs(a.landmarks[eyes] - b.landmarks[eyes]).max() < 0.05 * SIZE
        both = (a.mask > 127) & (b.mask > 127)
        assert np.abs(a.image[both].astype(float) - b.image[both]).mean() > 20


def test_random_people_look_different():
    faces = [render(identity(f"random-{k}"), FRONTAL, 32, 1).image.astype(float) for k in range(6)]
    apart = [np.abs(a - b).mean() for i, a in enumerate(faces) for b in faces[:i]]
    assert min(apart) > 3


def test_supersampling_converges(ada):
    reference = render(ada, FRONTAL, SIZE, 6).image.astype(float)
    errors = [np.abs(render(ada, FRONTAL, SIZE, k).image - reference).mean() for k in (1, 2, 4)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[1] < 2.5


def test_large_and_small_pictures_show_the_same_thing(ada):
    large = render(ada, FRONTAL, 2 * SIZE).image.reshape(SIZE, 2, SIZE, 2, 3).mean((1, 3))
    assert np.abs(large - render(ada, FRONTAL, SIZE).image).mean() < 3


def test_background_depends_on_its_seed_and_contrast_alone(gus):
    corner = (slice(0, 10), slice(0, 10))
    images = [
        render(gus, State(background=k, background_contrast=c), SIZE).image[corner] for k, c in ((1, 1), (2, 1), (1, 0))
    ]
    assert np.abs(images[0].astype(float) - images[1]).mean() > 3
    assert np.ptp(images[2]) <= 1


@pytest.mark.parametrize(("size", "supersampling"), [(0, 2), (64, 0)])
def test_sizes_below_one_are_refused(gus, size, supersampling):
    with pytest.raises(ValueError, match="must be at least 1"):
        render(gus, FRONTAL, size, supersampling)


def test_teeth_and_dark_of_the_mouth_show_when_it_opens(ada: Head):
    def mouth(state):
        drawn = render(ada, state, 128)
        top, bottom = landmark(drawn, "upper_lip_top"), landmark(drawn, "lower_lip_bottom")
        x = int(top[0])
        return luminance(drawn.image)[int(top[1]) : int(bottom[1]), x - 3 : x + 3]

    assert mouth(State(mouth_open=1.0)).min() < 0.6 * mouth(State()).min()
