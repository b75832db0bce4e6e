"""The page: one HTML file with everything in it."""

import base64
from importlib.resources import files
from pathlib import Path

from faceswap_lab.studies.report import faces
from faceswap_lab.studies.report.content import Content, words_of
from faceswap_lab.studies.report.figure import FONT, for_page
from faceswap_lab.studies.report.library import library
from faceswap_lab.studies.report.palette import THEMES


def page(content: Content, cache: Path | None = None) -> str:
    """Return the HTML. Names and messages are escaped wherever they stand: they come from users.

    Args:
        content: what to show.
        cache: folder in which the plots' library is kept from one report to the next.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("faceswap_lab.studies.report"),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(
        **words_of(content),
        plots={figure.name: for_page(figure) for figure in content.figures},
        themes=THEMES,
        font=FONT,
        style=_asset("page.css"),
        script=_asset("page.js"),
        library_conditions=_asset("library-conditions.txt"),
        library=library(cache) if content.figures else "",
        data_uri=_data_uri,
    )


def _data_uri(picture: faces.Picture) -> str:
    return "data:image/webp;base64," + base64.b64encode(faces.webp(picture.pixels)).decode()


def _asset(name: str) -> str:
    return (files("faceswap_lab.studies.report") / "templates" / name).read_text(encoding="utf-8")
