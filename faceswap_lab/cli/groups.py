"""Where the configuration groups lie, and which options each has. Looks at folders only: no Hydra, no YAML."""

from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
ADDED = ("experiment", "study")  # groups that are not in config.yaml's defaults list: added to it, with a plus sign


def conf_dir() -> Path:
    """Return the folder of the shipped configuration: inside an installed wheel, or beside the package in a clone."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def group_options(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Return ``{"encoders": ["one", "two"], …}`` for all group folders below ``folders``."""
    options: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.glob("*/*.yaml"):
            options.setdefault(path.parent.name, set()).add(path.stem)
    return {group: sorted(names) for group, names in sorted(options.items())}


def first_comment(path: Path) -> str:
    """Return the first comment line of a YAML file: what the option is, in one sentence."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#") and not line.startswith("# @package"):
            return line.lstrip("# ").strip()
    return ""
