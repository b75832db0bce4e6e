"""The Markdown twin, for code hosts: the same content with pictures as files beside it."""

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_SPECIAL = re.compile(r"([\\`*{}\[\]<>|~#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")  # an underscore inside a word is one


def render(template: str, words: Mapping[str, Any]) -> str:
    """Return a template as Markdown. Every value is escaped unless a template's filter made it Markdown."""
    text = _environment().get_template(template).render(**words)
    return re.sub(r"\n{3,}", "\n\n", text)


@functools.cache  # with the templates that it has compiled
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader

    environment = Environment(  # autoescape is for HTML; ``finalize`` does its work here
        loader=PackageLoader("faceswap_lab.studies.report"),
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": code,
        "block": block,
        "link": lambda name: Markup(quote(str(name))),
        "ours": Markup,  # our own words and names hold nothing to escape
    }
    return environment


def code(text: Any) -> Markup:
    """Return one line of code. A pipe would end a table's cell, and a backtick the code."""
    line = " ".join(str(text).split()).replace("`", "'").replace("|", "¦")
    return Markup(f"`{line}`" if line else "")


def block(text: Any) -> Markup:
    """Return lines as indented code."""
    return Markup("\n".join(f"    {line}" for line in str(text).splitlines()))


def _escaped(value: Any) -> Any:
    """Return text on one line in which nothing is Markdown or HTML."""
    if value is None or isinstance(value, Markup):
        return value
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
