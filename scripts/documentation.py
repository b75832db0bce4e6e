"""What mkdocs does not know by itself: the README as the first page, the reference from the schema, the order of pages.

``mkdocs.yml`` names this file as its hook; see mkdocs.org, "Hooks".
"""

import dataclasses
import re
import types
import typing
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from faceswap_lab.cli.groups import baseline_options, conf_dir, first_comment
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import KINDS, Term
from faceswap_lab.options import Options

ROOT = Path(__file__).parents[1]
FIRST = {
    "Start": ("index.md", "first_hour.md", "studies.md", "python.md"),
    "How to": (
        "groups.md",
        "topologies.md",
        "choices.md",
        "losses.md",
        "adding.md",
        "plugins.md",
        "tracking.md",
        "launchers.md",
        "gpu.md",
    ),
    "Reference": ("reference.md",),
    "What was found": ("answers.md", "findings.md"),
    "How it is judged": ("metrics.md", "judging.md", "statistics.md"),
    "What it costs, what it promises": ("speed.md", "scaling.md", "reliability.md"),
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Order the pages: those named above, then whatever else there is."""
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"index.md", "findings.md", "reference.md"}
    nav = [{title: [name for name in names if name in pages]} for title, names in FIRST.items()]
    rest = sorted(pages - {name for names in FIRST.values() for name in names})
    config.nav = [*nav, {"More": rest}] if rest else nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files of docs/."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "index.md", content=readme))
    found = (ROOT / "experiments" / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "findings.md", content=found.replace("](", "](../experiments/")))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository that are no part of the site into their paths."""

    def path_instead(link: "re.Match[str]") -> str:
        picture, text, target, _ = link.groups()
        beside = (Path(page.file.src_uri).parent / target).as_posix()
        if picture or files.get_file_from_path(beside):
            return link[0]
        path = target.removeprefix("../")
        if not (ROOT / path).exists():
            return link[0]  # mkdocs will say so, and stop
        return text if f"`{path}`" == text else f"{text} (`{path}`)"

    return _LINK.sub(path_instead, markdown)


def reference() -> str:
    """Return the page of every setting, by group: meaning, unit, type, bounds; and every option of every group."""
    options, chosen = Options([conf_dir()]), baseline_options(conf_dir())
    parts = ["# Every setting\n\nMade from the schema that judges each run. Identity: whether it can change a result."]
    plain, groups = [], []
    for field, kinds in _fields(Config):
        (groups if kinds else plain).append((field, kinds))
    parts.append("## The run itself\n\n" + _table(Config, "", {field.name for field, _ in plain}))
    for field, kinds in groups:
        for kind in kinds:
            about = (kind.__doc__ or "").splitlines()[0]
            title = field.name if len(kinds) == 1 else f"{field.name}: {kind.__name__}"
            parts.append(f"## {title}\n\n{about}\n\n{_table(kind, f'{field.name}.')}")
        if field.name in options:
            listed = "\n".join(_option(field.name, name, chosen) for name in options[field.name])
            parts.append(f"Options of `{field.name}` (the baseline's is marked):\n\n{listed}")
    parts.append(f"## Terms of a loss\n\nEvery term has these:\n\n{_table(Term, 'loss.terms.NAME.')}")
    for kind, schema in KINDS.items():
        if own := set(schema.own()):
            parts.append(f"`{kind}`: {(schema.__doc__ or '').splitlines()[0]}\n\n{_table(schema, '', own)}")
    return "\n\n".join(parts) + "\n"


def settings(schema: type = Config, where: str = "") -> list[str]:
    """Return the dotted key of every setting of the schema."""
    keys = []
    for field, kinds in _fields(schema):
        inner = [key for kind in kinds for key in settings(kind, f"{where}{field.name}.")]
        keys += inner or [f"{where}{field.name}"]
    return list(dict.fromkeys(keys))


def _fields(schema: type) -> list[tuple["dataclasses.Field[Any]", list[type]]]:
    """Return each field with the schemas below it, if it is a group."""
    hints = typing.get_type_hints(schema)
    found = []
    for field in dataclasses.fields(schema):
        hint = hints[field.name]
        kinds = typing.get_args(hint) if _is_union(hint) else (hint,)
        found.append((field, [kind for kind in kinds if dataclasses.is_dataclass(kind)]))
    return found


def _table(schema: type, prefix: str, only: set[str] | None = None) -> str:
    hints = typing.get_type_hints(schema)
    rows = ["| setting | what it is | type | bounds | identity |", "|---|---|---|---|---|"]
    for field, kinds in _fields(schema):
        if kinds or (only is not None and field.name not in only):
            continue
        told = field.metadata
        cells = (f"`{prefix}{field.name}`", told["doc"], _type(hints[field.name]), _bounds(told))
        rows.append(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in (*cells, "yes" if told["identity"] else "")) + " |"
        )
    return "\n".join(rows)


def _type(hint: Any) -> str:
    if hint is type(None):
        return "null"
    if _is_union(hint):
        return " or ".join(_type(kind) for kind in typing.get_args(hint))
    names = {int: "whole number", float: "number", str: "word", bool: "true or false"}
    if hint in names:
        return names[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    return f"list of {_type(arguments[0])}" if origin is tuple else "settings"


def _bounds(told: Any) -> str:
    if told["choices"]:
        return ", ".join(str(choice) for choice in told["choices"])
    limits = (("> ", told["above"]), (">= ", told["low"]), ("<= ", told["high"]))
    return " and ".join(f"{sign}{limit:,}" for sign, limit in limits if limit is not None)


def _option(group: str, name: str, chosen: dict[str, str]) -> str:
    mark = " **(baseline)**" if chosen.get(group) == name else ""
    return f"- `{group}={name}`{mark}: {first_comment(conf_dir() / group / f'{name}.yaml')}"


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)
