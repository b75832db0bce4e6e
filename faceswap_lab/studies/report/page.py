"""The page: one HTML file with everything in it."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceswap_lab.runs.atomic import StorageError, write_text
from faceswap_lab.studies.collecting.pictures import webp
from faceswap_lab.studies.findings import Drawing, Picture
from faceswap_lab.studies.report.figure import FONT, for_page
from faceswap_lab.studies.report.vega import THEMES

if TYPE_CHECKING:
    from jinja2 import Environment

_EXPORTED = "window.vegaEmbed = vegaEmbed;"


def render(template: str, words: Mapping[str, Any], cache: Path | None = None) -> str:
    """Return a template as HTML. Names and messages are escaped wherever they stand: they come from users.

    Args:
        template: its name.
        words: what it fills in; ``figures``: its plots, if it has any.
        cache: folder in which the plots' library is kept from one page to the next; None: it is not kept.
    """
    figures, compiled = words.get("figures", []), _environment().get_template(template)
    return compiled.render(
        **words,
        plots={figure.name: for_page(figure) for figure in figures},
        themes=THEMES,
        font=FONT,
        style=_asset("page.css"),
        script=_asset("page.js"),
        sorting=_asset("sort.js"),
        library_conditions=_asset("library-conditions.txt"),
        library=library(cache) if figures else "",
    )


@functools.cache  # with the templates that it has compiled
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("faceswap_lab.studies.report"),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "svg_uri": _svg_uri}
    return environment


def _data_uri(picture: Picture, origin: str) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp(picture.pixels, origin)).decode()


def _svg_uri(drawing: Drawing) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.svg.encode()).decode()


def _asset(name: str) -> str:
    return (files("faceswap_lab.studies.report") / "templates" / name).read_text(encoding="utf-8")


def library(cache: Path | None) -> str:
    """Return the script that draws the plots: Vega, Vega-Lite and vega-embed in one, 0.9 MB.

    Bundling it takes a second, a quarter of a report's whole time, so it is kept from one process to the next. A kept
    one that is not what was written is made anew; a cache that cannot be written costs each process that second.

    Args:
        cache: folder to keep it in; None: it is not kept.
    """
    if cache is None:
        return bundled()
    prefix = f"vega-{version('vl-convert-python')}-"
    with suppress(OSError, UnicodeDecodeError):
        for path in sorted(cache.glob(f"{prefix}*.js")):
            text = path.read_text(encoding="utf-8")
            if path.name == _name(prefix, text):
                return text
    text = bundled()
    with suppress(OSError, StorageError):
        cache.mkdir(parents=True, exist_ok=True)
        write_text(cache / _name(prefix, text), text)
    return text


def _name(prefix: str, text: str) -> str:
    return f"{prefix}{hashlib.sha256(text.encode()).hexdigest()[:16]}.js"


@functools.cache
def bundled() -> str:
    """Return the library as vl-convert bundles it, once in a process."""
    import vl_convert

    return str(vl_convert.javascript_bundle(_EXPORTED)).replace("</script", "<\\/script")
