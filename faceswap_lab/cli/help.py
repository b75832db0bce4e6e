"""``python -m faceswap_lab --help``, from the folders themselves: it is true by construction, and quick."""

import shutil
import textwrap
from pathlib import Path

from faceswap_lab.cli.groups import first_comment, group_options

_HEAD = """\
faceswap_lab: architecture ablations of the faceswap autoencoder, on twins whose true swap is known.

  python -m faceswap_lab                                     train the 2018 baseline, show the swap beside the truth
  python -m faceswap_lab +experiment=two_encoders seed=1     one arm: what differs from the baseline, by name
  python -m faceswap_lab -m +experiment=baseline,two_encoders seed=0,1,2     every combination, one after another

usage: python -m faceswap_lab [group=option …] [setting=value …] [-m] [--config-dir FOLDER]
       python -m faceswap_lab show RUN_FOLDER             what a run was and what came out of it
       python -m faceswap_lab diff RUN_FOLDER RUN_FOLDER  what differs between two runs
"""

_TAIL = """\
settings   any value of the composed configuration: seed=3 training.max_steps=500 model.code_size=64
           --cfg job prints the whole configuration without running; --info defaults says where a value comes from
flags      -m, --multirun    run every combination of comma-separated values
           --config-dir DIR  a folder with groups of your own (DIR/experiment/mine.yaml -> +experiment=mine)
           --version         the version
results    runs/<name>-s<seed>-<hash>/: config.yaml, metrics.csv, previews/, weights.safetensors, result.json
"""


def help_text(folders: list[Path]) -> str:
    """Return the help page for the groups below ``folders``."""
    options = group_options(folders)
    width = max(72, min(110, shutil.get_terminal_size((100, 24)).columns))
    lines = [_HEAD, "groups     group=option; the baseline's option is marked *"]
    chosen = _baseline(folders)
    for group, names in options.items():
        if group in ("experiment", "study"):
            continue
        marked = ", ".join(f"{n}*" if chosen.get(group) == n else n for n in names)
        lines.append(textwrap.fill(marked, width, initial_indent=f"  {group:<20} ", subsequent_indent=" " * 23))
    lines.append("")
    for group in ("experiment", "study"):
        if group in options:
            lines.append(f"{group}s".ljust(11) + f"+{group}=name")
            lines += [_described(folders, group, name, width) for name in options[group]]
            lines.append("")
    return "\n".join([*lines, _TAIL])


def _described(folders: list[Path], group: str, name: str, width: int) -> str:
    paths = [folder / group / f"{name}.yaml" for folder in folders]
    comment = first_comment(next(p for p in paths if p.is_file()))
    return f"  {name:<25}" + textwrap.shorten(comment, width - 27, placeholder=" …")


def _baseline(folders: list[Path]) -> dict[str, str]:
    """Read the baseline's options off the defaults list of config.yaml, one ``- group: option`` a line."""
    chosen = {}
    for line in (folders[0] / "config.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("  - ") and ": " in line and "override" not in line:
            group, option = line[4:].split("#")[0].split(":")
            chosen[group.strip()] = option.strip()
    return chosen
