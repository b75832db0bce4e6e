"""The evidence for the choice of intervals is only as good as the candidates and the page that shows it."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.studies.statistics.p_values import sign_flip_p

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def coverage():
    """scripts/coverage.py as a module."""
    sys.path.append(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("coverage_script", ROOT / "scripts" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture
def candidates(coverage):
    return sys.modules["simulations.candidates"]


SAMPLE = np.random.default_rng(0).lognormal(size=(1, 9))


@pytest.mark.parametrize(("name", "scipys"), [("percentile bootstrap", "percentile"), ("BCa bootstrap", "BCa")])
def test_bootstrap_candidates_agree_with_scipy(candidates, name, scipys):
    low, high = candidates.METHODS[name](SAMPLE, 0.95, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    expected = stats.bootstrap((SAMPLE[0],), np.mean, method=scipys, n_resamples=20_000, rng=rng).confidence_interval
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), rel=0.05)


def test_the_studentised_bootstrap_agrees_with_a_plain_loop(candidates):
    low, high = candidates.METHODS["studentised bootstrap"](SAMPLE, 0.9, np.random.default_rng(1))
    rng, values = np.random.default_rng(2), SAMPLE[0]
    pivots = []
    for _ in range(20_000):
        resample = rng.choice(values, len(values))
        pivots.append((resample.mean() - values.mean()) / (resample.std(ddof=1) / 3))
    error = values.std(ddof=1) / 3
    expected = values.mean() - np.quantile(pivots, [0.95, 0.05]) * error
    assert (low[0], high[0]) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("name", ["sign-flip inversion", "Wilcoxon / Hodges-Lehmann"])
def test_inverted_tests_hold_exactly_what_the_test_does_not_reject(candidates, name):
    low, high = candidates.METHODS[name](SAMPLE, 0.95, np.random.default_rng(1))
    grid = np.linspace(SAMPLE.min(), SAMPLE.max(), 97)
    shifted = SAMPLE - grid[:, None]
    p = sign_flip_p(shifted) if name.startswith("sign") else stats.wilcoxon(shifted, axis=1, method="exact").pvalue
    assert ((low[0] < grid) & (grid < high[0])).tolist() == (p > 0.05).tolist()
    assert 10 < (p > 0.05).sum() < 90


def test_too_few_seeds_give_inverted_tests_no_finite_interval(candidates):
    for name in ("sign-flip inversion", "Wilcoxon / Hodges-Lehmann"):
        low, high = candidates.METHODS[name](SAMPLE[:, :5], 0.95, np.random.default_rng(1))
        assert (low[0], high[0]) == (-np.inf, np.inf)


def test_a_table_replaces_the_old_one_and_a_page_without_its_place_is_refused(coverage):
    begin, end = "<!-- curves: written by scripts/coverage.py -->", "<!-- end of curves -->"
    page = f"before\n{begin}\nold\n{end}\nafter"
    assert coverage.with_table(page, "curves", r"new \1") == f"before\n{begin}\nnew \\1\n{end}\nafter"
    with pytest.raises(ValueError, match="no place for the table peeking"):
        coverage.with_table(page, "peeking", "new")


def test_the_page_shows_every_table_and_what_the_script_finds_today(coverage):
    page = coverage.PAGE.read_text("utf-8")
    for name in coverage.TABLES:
        shown = page.split(f"<!-- {name}: written by scripts/coverage.py -->")[1].split("<!-- end of")[0]
        assert shown.count("\n|") >= 4, f"{name} is empty"
    _, studies = coverage.TABLES["intervals"]
    found, _ = sys.modules["simulations.intervals"].coverage_and_length("exponential", 8, "Student t", studies)
    row = next(line for line in page.splitlines() if line.startswith("| 8 | exponential |"))
    assert float(row.split("|")[3].split("(")[0]) == pytest.approx(found, abs=0.11)


def test_what_is_said_of_pairs_of_people_comes_out_of_a_plain_loop(coverage):
    pairs = sys.modules["simulations.pairs"]
    rng, held, foretold, one_pair = np.random.default_rng(5), 0, 0, 0
    for _ in range(1500):
        effects = rng.standard_normal(9)  # the last pair is the next one
        runs = effects + rng.standard_normal(9)
        low, high = stats.t.interval(0.95, 7, runs[:8].mean(), stats.sem(runs[:8]))
        held += low < 0 < high
        spread = runs[:8].std(ddof=1) * np.sqrt(1 + 1 / 8)
        low, high = stats.t.interval(0.95, 7, runs[:8].mean(), spread)
        foretold += low < runs[8] < high
        seeds = effects[0] + rng.standard_normal(16)
        low, high = stats.t.interval(0.95, 15, seeds.mean(), stats.sem(seeds))
        one_pair += low < 0 < high
    row = next(line for line in pairs.report_pairs(4000).splitlines() if line.startswith("| 8 | normal | 1 : 1 |"))
    holds, new = (float(cell) for cell in row.split("|")[4:6])
    assert (holds, new) == pytest.approx((100 * held / 1500, 100 * foretold / 1500), abs=2.5)
    row = next(line for line in pairs.report_split(4000).splitlines() if line.startswith("| 1 : 1 | 1 × 16 |"))
    assert float(row.split("|")[3]) == pytest.approx(100 * one_pair / 1500, abs=5)
