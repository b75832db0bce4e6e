import re
from importlib.resources import files

import pytest

from faceswap_lab.studies.report import vega


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", vega.THEMES)
def test_lines_and_text_stand_out(theme: str) -> None:
    roles = vega.THEMES[theme]
    for name, colour in roles.items():
        least = {"ink": 7.0, "faint": 4.5, "grid": 1.1, "zone": 1.1, "paper": 1.0}.get(name, 3.0)
        assert contrast(colour, roles["paper"]) >= least, name


@pytest.mark.parametrize("theme", vega.THEMES)
def test_verdicts_and_warnings_are_readable(theme: str) -> None:
    style = (files("faceswap_lab.studies.report") / "templates" / "page.css").read_text()
    blocks = re.findall(r":root \{([^}]*)\}", style)
    own = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[0 if theme == "light" else 1]))
    for name in ("better", "worse", "equivalent", "undecided"):
        assert contrast(own[name], vega.THEMES[theme]["paper"]) >= 4.5, name
    assert contrast(own["warn"], vega.THEMES[theme]["ink"]) >= 7


def test_no_two_arms_look_the_same() -> None:
    arms = [f"arm {index}" for index in range(20)]
    looks = {(vega.colours(arms)[arm], tuple(vega.dashes(arms)[arm])) for arm in arms}
    assert len(looks) == 20
