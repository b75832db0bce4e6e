import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.runs.metrics import MetricsCsv
from faceswap_lab.studies.collecting.history import MOST_POINTS, read_history, steps_to_show, value_at


def test_rows_of_one_step_are_brought_together_by_metric(tmp_path):
    table = MetricsCsv(tmp_path / "metrics.csv")
    table.append([{"step": 10, "loss_A": 0.5, "loss_B": 0.4}, {"step": 20, "loss_A": 0.3}])
    table.append({"step": 20, "swap_ssim_AB": 0.25, "remark": "text is no curve"})
    assert read_history(table.path) == {
        "loss_A": {10: 0.5, 20: 0.3},
        "loss_B": {10: 0.4},
        "swap_ssim_AB": {20: 0.25},
    }


def test_a_step_that_comes_twice_counts_once_and_rows_come_in_order(tmp_path):
    table = MetricsCsv(tmp_path / "metrics.csv")
    table.append([{"step": 20, "loss_A": 1.0}, {"step": 10, "loss_A": 2.0}, {"step": 20, "loss_A": 3.0}])
    assert read_history(table.path) == {"loss_A": {10: 2.0, 20: 3.0}}


@pytest.mark.parametrize("content", [None, "", "no table\n", "step,loss_A\n10,0.5\n20,0.2"])
def test_a_table_that_is_missing_foreign_or_torn_gives_what_is_whole(tmp_path, content):
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_text(content)
    assert read_history(path) == ({"loss_A": {10: 0.5}} if content and content.startswith("step") else {})


@given(st.sets(st.integers(0, 10**6), max_size=400))
def test_few_steps_are_shown_the_last_among_them(steps):
    shown = steps_to_show([dict.fromkeys(steps, 0.0)])
    assert shown <= steps
    assert len(shown) == min(len(steps), MOST_POINTS)
    if steps:
        assert max(shown) == max(steps)
    places = [sorted(steps).index(step) for step in sorted(shown)]
    gaps = {after - before for before, after in itertools.pairwise(places)}
    assert not gaps or max(gaps) - min(gaps) <= 1  # evenly spread


def test_the_loss_that_holds_at_a_step_is_the_last_one_logged():
    rows = {10: 0.5, 20: 0.3}
    assert [value_at(rows, step) for step in (10, 19, 20, 99)] == [0.5, 0.5, 0.3, 0.3]
    assert math.isnan(value_at(rows, 9))
