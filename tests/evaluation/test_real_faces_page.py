"""What docs/judging.md says of the metrics of real swaps must follow from the rows beside it."""

import csv
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import spearmanr

from faceswap_lab.studies.metric_names import VOUCHED, diagnostic, is_of_real_swaps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "judging.md").read_text("utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("real_faces", ROOT / "scripts" / "judging" / "real_faces.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "judging" / "real_faces.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table() -> dict[tuple[str, str], list[str]]:
    """Return the page's table: whose swaps, metric → its cells."""
    inside = PAGE.partition("<!-- real faces: ")[2].partition("<!-- end of real faces")[0]
    lines = [line for line in inside.split("\n") if line.startswith("| ") and " px" in line]
    cells = [[cell.strip(" `") for cell in line[1:-1].split(" | ")] for line in lines]
    return {(row[0], row[1].strip("−`")): row for row in cells}


def test_the_table_is_what_the_script_makes_of_the_rows(
    script: ModuleType, rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "judging.md"
    page.write_text(re.sub(r"0\.\d\d", "?", PAGE), "utf-8")
    monkeypatch.setattr(script, "PAGE", page)
    script.write_table(rows)
    inside = PAGE.partition("<!-- real faces: ")[2].partition("<!-- end of real faces")[0]
    assert inside in page.read_text("utf-8")


def test_the_correlations_are_those_of_scipy(script: ModuleType, rows: list[dict[str, str]]) -> None:
    groups = script.groups_of(rows)
    for (name, metric), (_, shown, truth, everywhere, among, _, _) in table().items():
        own, sign = groups[name], -1 if shown.startswith("−") else 1
        values = np.array(
            [[sign * float(row[metric]), float(row[f"true_{truth.removeprefix('swap_')}"])] for row in own]
        )
        assert float(everywhere.split()[0]) == pytest.approx(spearmanr(*values.T).statistic, abs=0.006)
        keys = np.array([f"{row['pair']}{row['way']}" for row in own])
        varied = [key for key in dict.fromkeys(keys) if np.ptp(values[keys == key], axis=0).all()]
        of_pair = {key: spearmanr(*values[keys == key].T).statistic for key in varied}
        pairs = {key[:-2] for key in of_pair}
        means = [np.mean([rho for key, rho in of_pair.items() if key[:-2] == pair]) for pair in pairs]
        assert float(among.split()[0]) == pytest.approx(np.mean(means), abs=0.006), metric


def test_every_run_has_swaps_of_its_own(rows: list[dict[str, str]]) -> None:
    """Once, all arms were given the swaps of the first of them."""
    for size in {row["size"] for row in rows}:
        for way in ("AB", "BA"):
            seen = {
                row["arm"]: row["identity_sface"]
                for row in rows
                if (row["size"], row["pair"], row["way"]) == (size, "0", way)
            }
            assert len(set(seen.values())) > len(seen) / 2


def test_only_what_follows_the_truth_at_every_size_may_judge() -> None:
    lowest: dict[str, float] = {}
    for (_, metric), row in table().items():
        low = float(row[4].partition("(")[2].split()[0])
        assert row[6] == ("follows" if low > 0 else "**not shown to follow**")
        lowest[metric] = min(low, lowest.get(metric, low))
    for metric, low in lowest.items():
        explains = diagnostic(f"{metric}_AB")
        assert is_of_real_swaps(f"{metric}_AB") is (explains is None)
        said = explains is not None and "not shown to follow the truth" in explains.caption
        assert said is (low <= 0), metric
    assert table()["32 px", "identity_sface"][5] == VOUCHED
