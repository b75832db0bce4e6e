"""Intervals over seeds and held-out pictures: closed forms, and how often they hold in an invented world."""

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.studies.statistics.crossed import Blocks, in_blocks, over_blocks, over_seeds_and_blocks
from faceswap_lab.studies.statistics.intervals import mean_interval


def world(rng: np.random.Generator, seeds: int, sizes: np.ndarray, sd: tuple[float, float, float, float]):
    """Return single pictures (seeds, n) around 1 and their blocks (n,): sd: of seeds, blocks, both, the rest."""
    blocks = np.repeat(np.arange(len(sizes)), sizes)
    of_seed, of_block = rng.normal(0, sd[0], (seeds, 1)), rng.normal(0, sd[1], len(sizes))[blocks]
    of_both = rng.normal(0, sd[2], (seeds, len(sizes)))[:, blocks]
    return 1 + of_seed + of_block + of_both + rng.normal(0, sd[3], (seeds, len(blocks))), blocks


def blocked(values: np.ndarray, blocks: np.ndarray) -> Blocks:
    rows = [in_blocks(row, blocks) for row in values]
    return Blocks(np.array([row.means for row in rows]), rows[0].sizes)


def deleting_blocks(pictures: np.ndarray, blocks: np.ndarray) -> float:
    """Return the variance of the mean of pictures (n,): Busing's jackknife, which leaves out m_j of them at a time."""
    n, whole, names = len(pictures), pictures.mean(), np.unique(blocks)
    sizes = [int((blocks == name).sum()) for name in names]
    others = [pictures[blocks != name].mean() for name in names]
    middle = len(names) * whole - sum((1 - m / n) * other for m, other in zip(sizes, others))
    pseudo = [n / m * whole - (n / m - 1) * other for m, other in zip(sizes, others)]
    return sum((one - middle) ** 2 / (n / m - 1) for one, m in zip(pseudo, sizes)) / len(names)


def slowly(pictures: np.ndarray, blocks: np.ndarray) -> tuple[float, float]:
    """Return the interval over seeds and blocks from single pictures (seeds, n), by leaving out block after block."""
    rows, columns, mean = pictures.mean(axis=1), pictures.mean(axis=0), pictures.mean()
    by_seed, by_block = rows.var(ddof=1) / len(rows), deleting_blocks(columns, blocks)
    rest = pictures - rows[:, None] - columns + mean
    both = sum(deleting_blocks(row, blocks) for row in rest) / (len(rows) * (len(rows) - 1))
    variance = max(by_seed + by_block - both, by_seed, by_block)
    degrees = variance**2 / (by_seed**2 / (len(rows) - 1) + by_block**2 / (len(np.unique(blocks)) - 1))
    return stats.t.interval(0.95, degrees, mean, np.sqrt(variance))


@pytest.mark.parametrize(
    ("seeds", "blocks", "sd"),
    [
        (8, 12, (0.1, 0.1, 0.1, 0.2)),
        (6, 10, (0.0, 0.1, 0.05, 0.1)),
        (8, 16, (0.1, 0.0, 0.0, 0.1)),
        (3, 16, (0.1, 0.1, 0.0, 0.3)),
    ],
)
def test_the_interval_holds_where_seeds_and_moments_are_both_drawn_anew(seeds, blocks, sd):
    rng, studies = np.random.default_rng(seeds), 400
    held = 0
    for _ in range(studies):
        values, whose = world(rng, seeds, rng.integers(4, 9, blocks), sd)
        low, high = over_seeds_and_blocks(blocked(values, whose))
        held += low <= 1 <= high
    assert 0.92 < held / studies < 0.99  # 0.95 plus or minus 3 standard errors, and a little on the safe side


def test_over_seeds_alone_it_would_not_hold():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        values, _ = world(rng, 8, np.full(12, 6), (0.02, 0.1, 0.0, 0.1))
        low, high = mean_interval(values.mean(axis=1))
        held += low <= 1 <= high
    assert held / 200 < 0.7


def test_equal_blocks_give_the_textbooks_table_without_replication():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(5, 1)) + rng.normal(size=7) + 0.3 * rng.normal(size=(5, 7))
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    ms_rows, ms_columns = 7 * ((rows - mean) ** 2).sum() / 4, 5 * ((columns - mean) ** 2).sum() / 6
    ms_rest = ((table - rows[:, None] - columns + mean) ** 2).sum() / 24
    variance = (ms_rows + ms_columns - ms_rest) / 35
    degrees = variance**2 / ((ms_rows / 35) ** 2 / 4 + (ms_columns / 35) ** 2 / 6)
    low, high = over_seeds_and_blocks(Blocks(table, np.full(7, 3)))
    assert (low, high) == pytest.approx(stats.t.interval(0.95, degrees, mean, np.sqrt(variance)))


@pytest.mark.parametrize("sd", [(0.3, 0.3, 0.1, 0.2), (0.05, 0.4, 0.1, 0.1), (0.4, 0.05, 0.1, 0.1)])
def test_unequal_blocks_weigh_by_their_pictures_as_when_each_is_left_out(sd):
    values, blocks = world(np.random.default_rng(3), 4, np.array([1, 2, 5, 12, 3]), sd)
    assert over_seeds_and_blocks(blocked(values, blocks)) == pytest.approx(slowly(values, blocks))
    for row in values:
        spread = np.sqrt(deleting_blocks(row, blocks))
        assert over_blocks(in_blocks(row, blocks)) == pytest.approx(stats.t.interval(0.95, 4, row.mean(), spread))


def test_one_run_over_equal_blocks_is_students_interval_of_their_means():
    rng = np.random.default_rng(2)
    values, blocks = world(rng, 1, np.full(9, 5), (0.0, 0.2, 0.0, 0.1))
    found = in_blocks(values[0], blocks)
    assert over_blocks(found) == pytest.approx(mean_interval(values[0].reshape(9, 5).mean(axis=1)))
    whole = over_blocks(found, centre=3.0)
    assert sum(whole) / 2 == pytest.approx(3)
    assert whole.high - whole.low == pytest.approx(np.ptp(over_blocks(found)))


def test_single_pictures_are_blocks_of_one_in_any_order():
    values = np.array([1.0, 5, 2, 8])
    assert over_blocks(in_blocks(values, [4, 2, 9, 0])) == pytest.approx(mean_interval(values))
    found = in_blocks([1, 2, 6, 4], [3, 0, 3, 3])
    np.testing.assert_allclose(found.means, [2, 11 / 3])
    np.testing.assert_array_equal(found.sizes, [1, 3])


def test_what_one_seed_or_one_block_is_does_not_tell_what_others_would_be():
    several, one = Blocks(np.arange(12.0).reshape(3, 4) ** 2, np.full(4, 2)), np.full(1, 8)
    assert np.isinf(over_blocks(Blocks(np.ones(1), one))).all()
    assert np.isinf(over_seeds_and_blocks(Blocks(np.ones((3, 1)), one))).all()
    assert np.isinf(over_seeds_and_blocks(Blocks(several.means[:1], several.sizes))).all()
    assert np.isfinite(over_seeds_and_blocks(several)).all()
    assert over_seeds_and_blocks(Blocks(np.full((3, 4), 0.5), np.full(4, 2))) == (0.5, 0.5)
