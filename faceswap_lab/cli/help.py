"""``python -m faceswap_lab --help``, from the folders themselves: it is true by construction, and quick."""

import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.cli.groups import ADDED, baseline_options, first_comment, set_by_scale
from faceswap_lab.options import Options

_HEAD = """\
faceswap_lab: what each choice in a faceswap autoencoder is worth, measured on
rendered twins whose true swap is known.

examples
  python -m faceswap_lab
      train the 2018 baseline and show the swap beside the truth
  python -m faceswap_lab +experiment=two_encoders seed=1
      one arm: what differs from the baseline, by name
  python -m faceswap_lab -m +experiment=baseline,two_encoders seed=0,1,2
      every combination, one after another
  python -m faceswap_lab +study=encoder_count
      a whole question: all its arms and seeds, then a report that answers it
  python -m faceswap_lab +study=encoder_count scale=smoke,quick
      the same question at two sizes: what holds, and what turns

usage
  python -m faceswap_lab [group=option ...] [setting=value ...] [flags]
  python -m faceswap_lab describe topology=liae      a model before training
  python -m faceswap_lab show RUN_FOLDER             what came out of a run
  python -m faceswap_lab diff RUN_FOLDER RUN_FOLDER  what differs between two
  python -m faceswap_lab report +study=NAME          a study's report, once more
  python -m faceswap_lab report RUN_FOLDER ...       any runs side by side
  python -m faceswap_lab report experiments/NAME     a page from kept evidence
  python -m faceswap_lab report experiments/NAME ... a study's parts, pooled
  python -m faceswap_lab findings                    all that was asked so far
  python -m faceswap_lab dashboard +study=NAME       its runs, drawn by W&B
  python -m faceswap_lab swap RUN_FOLDER PICTURE ... aligned faces, swapped
  python -m faceswap_lab faces VIDEO --out FOLDER    cut a person's faces out
"""

_TAIL = """\
settings: any value of the configuration, such as seed=3 training.max_steps=500
  --cfg job         print the whole configuration and run nothing
  --info defaults   say which file each group's values come from
  plugins=[module]  code of your own, which adds options (docs/plugins.md)

flags
  -m, --multirun    run every combination of comma-separated values
  --config-dir DIR  groups of your own: DIR/experiment/mine.yaml adds
                    +experiment=mine
  --shell-completion install=bash   (zsh, fish) completes what is typed
  --version         the version

side by side: hydra/launcher=joblib|submitit_local|submitit_slurm|ray

results: runs/<name>-s<seed>-<hash>/ with config.yaml, metrics.csv, previews/,
weights.safetensors and result.json. The same command again finds them there.
reports: experiments/<study>/report.html
"""


def help_text(folders: Sequence[Path]) -> str:
    """Return the help page for the groups below ``folders``, ours first; no line is wider than the terminal or 80."""
    options = Options(folders)
    width = max(80, min(110, shutil.get_terminal_size((100, 24)).columns))
    chosen = baseline_options(folders[0])
    lines = [_HEAD, "groups: group=option (the baseline's option is marked *)"]
    for group, names in options.items():
        if group not in ADDED:
            marked = ", ".join(f"{name}*" if chosen.get(group) == name else name for name in names)
            lines.append(_entry(group, marked, width))
    scale = chosen["scale"]
    sets = ", ".join(f"{group}={option}" for group, option in set_by_scale(folders[0], scale).items())
    lines.append(_entry("", f"Unless you name another, scale={scale} sets {sets}.", width))
    for group in ADDED:
        if group in options:
            plural = f"{group[:-1]}ies" if group.endswith("y") else f"{group}s"
            described = {name: first_comment(options.path(group, name)) for name in options[group]}
            lines.append(f"\n{plural}: +{group}=name")
            lines += [_entry(name, text, width) for name, text in sorted(described.items(), key=lambda item: item[1])]
    return "\n".join([*lines, "", _TAIL])


def _entry(name: str, text: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent=f"  {name:<24} ", subsequent_indent=" " * 27)
