"""The report as a reader sees it: in a real browser, light and dark, on a phone and on a desktop."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.report.vega import DARK, LIGHT
from tests.acceptance import browser
from tests.studies.report.example import example, renamed

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(  # on CI a missing browser is an error: nothing may look green that was not looked at
        not browser.installed() and not os.environ.get("CI"),
        reason="no chromium: sudo apt-get install chromium chromium-driver",
    ),
]
PHONE, DESKTOP = 390, 1400
SCRIPT = "<script>window.harmed = true</script><img src=x onerror='window.harmed = true'>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    findings = example(folder / "runs", arms=4, seeds=7)
    long = renamed(findings, "joint", "joint_at_twice_the_steps_of_half_the_batch")
    return write_report(replace(long, question=SCRIPT, notes=[SCRIPT]), folder / "report")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def rgb(colour: str) -> str:
    """Return a hex colour as a browser tells it."""
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def drawn(driver: Any) -> dict[str, dict[str, Any]]:
    """Return for every plot how many marks it has, how wide it is beside its box, and its background."""
    return driver.execute_script("""
        return Object.fromEntries([...document.querySelectorAll("[data-plot]")].map((element) => {
          const svg = element.querySelector("svg");
          return [element.dataset.plot, {
            marks: svg ? svg.querySelectorAll(".mark-line path, .mark-symbol path, .mark-rule line").length : 0,
            overhang: svg ? svg.getBoundingClientRect().width - element.parentElement.clientWidth : null,
            paper: svg ? getComputedStyle(svg.querySelector(".background") || svg).fill : null,
            background: svg ? svg.style.backgroundColor : null,
          }];
        }))""")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_in_a_browser(driver: Any, page: Path, dark: bool, width: int) -> None:
    browser.look(driver, page, dark=dark, width=width)
    asked = browser.requests(driver)
    assert page.resolve().as_uri() in asked
    assert all(address.startswith(("file:", "data:", "blob:")) for address in asked)
    assert browser.complaints(driver) == []
    assert driver.execute_script("return document.documentElement.scrollWidth") == width

    plots = drawn(driver)
    assert {"forest", "forest-secondary", "curve-loss-A", "curve-loss-B", "predictions", "order-growth"} <= set(plots)
    assert all(plot["marks"] >= 3 for plot in plots.values()), plots
    assert all(plot["overhang"] <= 1 for plot in plots.values()), plots
    body = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    theme = DARK if dark else LIGHT
    assert body == rgb(theme["paper"])
    assert all(plot["background"] == body for plot in plots.values()), plots

    headings = driver.execute_script("return [...document.querySelectorAll('h1, h2')].map((h) => h.innerText)")
    assert headings[:3] == ["Encoder count", "Answer", "What needs attention"]
    assert {"Arms", "Curves", "Diagnostics", "Provenance", "How to read this", "Repeat it"} <= set(headings)
    hidden = "return [...document.images].filter((i) => !i.complete || i.naturalWidth === 0 || !i.alt).length"
    assert driver.execute_script(hidden) == 0
    assert driver.execute_script("return document.images.length") > 0
    assert driver.execute_script("return window.harmed") is None


def test_the_answer_and_what_needs_attention_are_on_the_first_screen(driver: Any, page: Path) -> None:
    browser.look(driver, page, dark=False, width=PHONE, height=844)
    bottom = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
    assert driver.execute_script(bottom, ".answer") < 844
    assert driver.execute_script(bottom, ".notice") < 844
    assert "cells are finished" in driver.execute_script("return document.querySelector('.notice').innerText")


def test_a_click_on_a_head_sorts_the_arms_by_their_numbers(driver: Any, page: Path) -> None:
    browser.look(driver, page, dark=False, width=DESKTOP)
    click = "document.querySelectorAll('table.sortable thead button')[arguments[0]].click()"
    rows = "return [...document.querySelectorAll('.sortable tbody tr')].map((row) => row.cells[arguments[0]].innerText)"
    declared = driver.execute_script(rows, 0)
    for column in (1, 2):  # the mean and the difference, of which the baseline has none
        sorted_by = []
        for _ in range(2):
            driver.execute_script(click, column)
            said = driver.execute_script(rows, column)
            sorted_by.append([float(text.replace("−", "-")) for text in said if text])
        assert sorted_by[0] == sorted(sorted_by[0]) != sorted_by[1] == sorted(sorted_by[0], reverse=True)
        assert len(sorted_by[0]) == len(declared) - column + 1
    assert sorted(driver.execute_script(rows, 0)) == sorted(declared) != driver.execute_script(rows, 0)


def test_plots_follow_the_reader_s_theme_and_answer_the_pointer(driver: Any, page: Path) -> None:
    browser.look(driver, page, dark=False, width=DESKTOP)
    browser.scheme(driver, dark=True)
    driver.execute_script("window.scrollTo(0, 0)")
    browser.wait_until_drawn(driver, background=rgb(DARK["paper"]))
    place = driver.execute_script("""
        const mark = document.querySelector("#plot-forest .mark-symbol path");
        mark.scrollIntoView({block: "center", behavior: "instant"});
        const box = mark.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];""")
    for offset in (-3, 0):  # a pointer that moves
        at = {"type": "mouseMoved", "x": place[0] + offset, "y": place[1]}
        driver.execute_cdp_cmd("Input.dispatchMouseEvent", at)
    words = browser.tooltip(driver)
    assert "two_encoders" in words
    assert "verdict" in words
