"""Where the configuration groups lie, and what their files are called. No Hydra, no YAML."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
ADDED = ("experiment", "peer", "study")
"""Groups that are not in config.yaml's defaults list: added to it, with a plus sign."""


def conf_dir() -> Path:
    """Return the folder of the shipped configuration: inside an installed wheel, or beside the package in a clone."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def first_comment(path: Path | None) -> str:
    """Return the first comment line of a YAML file: what the option is, in one sentence; "" where there is none."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path else ():
        if line.startswith("#") and not line.startswith("# @package"):
            return line.lstrip("# ").strip()
    return ""


def baseline_options(conf: Path) -> dict[str, str]:
    """Read the baseline's options off the defaults list of config.yaml, one ``- group: option`` a line."""
    chosen = {}
    for line in (conf / "config.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("  - ") and ": " in line and "override" not in line:
            group, option = line[4:].split("#")[0].split(":")
            chosen[group.strip()] = option.strip()
    return chosen


def set_by_scale(conf: Path, scale: str) -> dict[str, str]:
    """Read the options that a scale chooses off its ``- override /group: option`` lines."""
    lines = (conf / "scale" / f"{scale}.yaml").read_text(encoding="utf-8").splitlines()
    chosen = [line.split("#")[0].split("override /")[1].split(":") for line in lines if "- override /" in line]
    return {group.strip(): option.strip() for group, option in chosen}
