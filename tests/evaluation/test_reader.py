from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate, normalize

from faceswap_lab.evaluation import reader
from faceswap_lab.evaluation.reader import STATE_READ, read, strangers, taken_for
from faceswap_lab.twins import STATE_FIELDS
from tests.evaluation.people import crops

PEOPLE, VIEWS = 8, 6


@pytest.fixture(scope="module")
def pictures():
    return torch.stack([crops(number, VIEWS)[0] for number in range(PEOPLE)])


def unit(seed, *shape):
    return normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_the_chance_is_that_of_every_crowd_counted_one_by_one():
    others, who, target, source = unit(0, 21, 5), unit(1, 12, 5), unit(2, 5), unit(3, 5)
    who = normalize(who + 1.2 * target, dim=-1)  # so that few of the 21 are nearer
    crowds = list(combinations(range(21), reader.CROWD - 2))
    for vector, chance in zip(who, taken_for(who, target, source, others)):
        own, given = vector @ target, vector @ source
        likeness = others @ vector
        taken = [own > given and bool((likeness[list(crowd)] < own).all()) for crowd in crowds]
        assert chance.item() == pytest.approx(np.mean(taken), abs=1e-12)
    assert 0 < taken_for(who, target, source, others).mean() < 1


def test_of_pictures_that_say_nothing_one_in_twenty_is_taken_for_the_target():
    who, people = unit(4, 4000, 6), unit(5, 402, 6)
    chance = torch.stack(
        [taken_for(who, people[i], people[i + 1], people[2:]).mean() for i in range(0, 400, 20)]
    ).mean()
    assert chance.item() == pytest.approx(1 / reader.CROWD, abs=0.01)


@pytest.mark.parametrize(("kind", "field"), [("shape", "who"), ("colour", "who_in_colour")])
@pytest.mark.parametrize("size", [32, 64])
def test_people_that_no_network_has_seen_are_told_apart(pictures, kind, field, size):
    if size == 64:
        pictures = torch.stack([crops(number, VIEWS, 64)[0] for number in range(PEOPLE)])
    seen = getattr(read(pictures.flatten(0, 1)), field).view(PEOPLE, VIEWS, -1)
    known, asked = normalize(seen[:, :3].mean(1), dim=-1), seen[:, 3:]
    others = strangers(kind, size if kind == "shape" else reader.COLOUR_SIZE)
    right = torch.stack([taken_for(asked[i], known[i], known[i - 1], others).mean() for i in range(PEOPLE)])
    wrong = torch.stack([taken_for(asked[i - 2], known[i], known[i - 1], others).mean() for i in range(PEOPLE)])
    assert right.mean() > 0.85
    assert wrong.mean() < 0.15


def test_features_are_read_blind_to_colour_and_colours_are_not(pictures):
    plain, bright = pictures[:, 0], pictures[:, 0] * 0.7 + 0.1
    tinted = (pictures[:, 0] * torch.tensor([0.8, 1.0, 1.1])[:, None, None]).clamp(0, 1)
    clean, dull, warm = (read(x) for x in (plain, bright, tinted))
    assert (clean.who - dull.who).norm(dim=1).max() < 0.05
    assert (clean.who - warm.who).norm(dim=1).median() < 0.5 * (clean.who_in_colour - warm.who_in_colour).norm(
        dim=1
    ).median()


def test_the_state_is_read_off_unseen_people():
    some = [crops(number, VIEWS) for number in range(PEOPLE)]
    got = read(torch.cat([images for images, _ in some])).state.numpy()
    true = np.concatenate([states for _, states in some])
    for name, least in (("yaw", 0.9), ("pitch", 0.7), ("mouth", 0.7), ("light", 0.9), ("light_height", 0.7)):
        column = STATE_FIELDS.index(STATE_READ[name][0])
        assert np.corrcoef(got[:, list(STATE_READ).index(name)], true[:, column])[0, 1] > least, name


def test_any_size_is_read_and_nothing_finite_is_made_of_nan(pictures):
    for size in (8, 16, 48, 100):
        reading = read(interpolate(pictures[0], size=(size, size), mode="bilinear"))
        assert reading.who.shape == reading.who_in_colour.shape == (VIEWS, reader.WHO)
        assert reading.state.shape == (VIEWS, len(STATE_READ))
        torch.testing.assert_close(reading.who.norm(dim=1), torch.ones(VIEWS))
    lost = read(torch.cat([pictures[0, :1] * torch.nan, pictures[0, 1:2]]))
    chance = taken_for(lost.who, lost.who[1], -lost.who[1], strangers("shape", 32))
    assert chance[0].isnan()
    assert chance[1] == 1


def test_the_file_is_small_and_holds_the_windows_of_all_networks():
    assert reader.WEIGHTS.stat().st_size < 1_000_000
    for size in reader.SHAPE_SIZES:
        window = reader._stored()[f"window_{size}"]
        assert window.shape == (size, size)
        assert window.max() <= 1
        torch.testing.assert_close(window, window.flip(1))
