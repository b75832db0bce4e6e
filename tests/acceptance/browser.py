"""Headless Chromium, as Debian packages it, for looking at a page as a reader does."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_REQUEST = "Network.requestWillBeSent"
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def installed() -> bool:
    return all(shutil.which(program) for program in (CHROMIUM, DRIVER))


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """Start a browser with a profile of its own; it logs its requests and whatever a page prints."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: Any, page: Path, *, dark: bool, width: int, height: int = 844) -> None:
    """Load a page in a window of ``width`` px in the light or the dark scheme, and wait until its plots are drawn."""
    phone = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    scheme(driver, dark=dark)
    driver.get(page.resolve().as_uri())
    wait_until_drawn(driver)


def scheme(driver: Any, *, dark: bool) -> None:
    """Make the reader's system light or dark."""
    feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def wait_until_drawn(driver: Any, background: str | None = None) -> None:
    """Wait until all plots are drawn, and on ``background`` if one is given."""
    from selenium.webdriver.support.ui import WebDriverWait

    drawn = "return document.documentElement.dataset.plots === 'drawn'"
    papers = "return [...document.querySelectorAll('[data-plot] svg')].map((svg) => svg.style.backgroundColor)"
    waiting = WebDriverWait(driver, 60, 0.05)
    waiting.until(lambda d: d.execute_script(drawn))
    if background is not None:
        waiting.until(lambda d: set(d.execute_script(papers)) == {background} and d.execute_script(drawn))


def tooltip(driver: Any) -> str:
    """Wait for the words beside the pointer and return them."""
    from selenium.webdriver.support.ui import WebDriverWait

    shown = "const tip = document.querySelector('#vg-tooltip-element.visible'); return tip ? tip.innerText : ''"
    return str(WebDriverWait(driver, 20, 0.05).until(lambda d: d.execute_script(shown)))


def requests(driver: Any) -> list[str]:
    """Return the addresses that were asked for since the last call, without those of the browser's own first tab."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [message["params"]["request"]["url"] for message in messages if message["method"] == _REQUEST]
    return [address for address in asked if not address.startswith("chrome:")]


def complaints(driver: Any) -> list[str]:
    """Return what the page printed to the console since the last call."""
    return [f"{entry['level']}: {entry['message']}" for entry in driver.get_log("browser")]
