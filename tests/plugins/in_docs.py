"""The plugins of docs/plugins.md, written to files as the page says."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(my_\w+/[\w./]+)`:?\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def write_plugin(name: str, place: Path) -> None:
    """Write the files of a plugin below a folder."""
    for path in [path for path in FILES if path.startswith(f"{name}/")]:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(FILES[path], encoding="utf-8")


def install(module: str, place: Path) -> None:
    """Write what pip writes of a package with the entry point, beside its module."""
    about = place / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[faceswap_lab.plugins]\n{module} = {module}\n")
