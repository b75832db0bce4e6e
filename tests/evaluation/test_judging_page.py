"""What docs/judging.md says must follow from the tables that its script wrote."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "judging.md").read_text("utf-8")
JUDGEMENTS = ROOT / "scripts" / "judging" / "judgements.csv"


def table(name):
    """Return the rows of a generated table, as column → cell."""
    begin, end = f"<!-- {name}: written by scripts/judging/study.py -->", f"<!-- end of {name} -->"
    lines = PAGE.partition(begin)[2].partition(end)[0].strip().split("\n")
    header, _, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in lines)
    return [dict(zip(header, row, strict=True)) for row in rows]


def value(cell):
    return float(cell.strip("*"))


def test_by_the_score_no_null_is_above_the_trained_baseline_and_by_any_other_metric_one_is_somewhere():
    rows = table("nulls")
    trained = {row["faces"]: row for row in rows if row["swap"] == "trained"}
    assert len(trained) == 3
    others = [row for row in rows if re.match("copy|mean|nearest|random-2", row["swap"])]
    assert len(others) == 6 * 3
    for metric, sign in {"score": 1, "ssim": 1, "ssim_inside": 1, "recall5": 1, "fitted_mae": -1, "mae": -1}.items():
        above = [row for row in others if sign * value(row[metric]) > sign * value(trained[row["faces"]][metric])]
        assert bool(above) is (metric != "score"), metric
        assert [row[metric].startswith("**") for row in others] == [row in above for row in others]


def test_the_score_falls_with_every_damage():
    rows = table("falls")
    assert len(rows) == 10
    assert all(row["score"].startswith("falls") for row in rows)


@pytest.mark.parametrize("scene", ["ada → ben, 32 px", "random-11 → random-12, 32 px", "random-11 → random-12, 64 px"])
def test_the_score_of_each_row_is_made_of_its_parts(scene):
    for row in table(f"all {scene}"):
        parts = [value(row[name]) for name in ("identity", "colour")]
        parts += [max(0.1, value(row[name])) for name in ("pose", "expression", "lighting")]
        parts.append(min(value(row["sharpness"]), 1 / value(row["sharpness"])))
        product = 1.0
        for part in parts:
            product *= part
        if min(parts) > 0.1:  # below that, two digits are too few
            assert value(row["score"]) == pytest.approx(product ** (1 / 6), abs=0.01)


def test_eyes_and_metrics_agree_as_often_as_the_table_says():
    *pairs, total = table("eyes")
    with open(JUDGEMENTS, encoding="utf-8", newline="") as file:
        judged = list(csv.DictReader(file))
    assert [int(row["pair"]) for row in pairs] == [int(row["pair"]) for row in judged] == list(range(1, 37))
    decided = sum(row["better"] != "0" for row in judged)
    for metric in ("score", "ssim", "recall5"):
        ticks = [row[metric] for row in pairs]
        assert ticks.count("✓") + ticks.count("✗") == decided
        assert total[metric] == f"**{ticks.count('✓')}**"
    assert value(total["score"]) > max(value(total[metric]) for metric in ("ssim", "ssim_inside", "fitted_mae", "mae"))
