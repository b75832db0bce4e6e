"""``findings``: every question asked so far, as a table, a page, and the folder's README. Nothing here loads torch."""

from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.config import ConfigError
from faceswap_lab.options import Options
from faceswap_lab.runs.atomic import write_text

USAGE = "findings [EVIDENCE_ROOT] [readme=README.md]"


def findings(words: Sequence[str], folders: Sequence[Path]) -> int:
    """Print all findings, write their page and their README; bring the numbers in another text up to date.

    Raises:
        ConfigError: there is no evidence, or a text cites what is not there.
    """
    from faceswap_lab.studies.overview.cited import rewritten
    from faceswap_lab.studies.overview.show import lines, write_overview
    from faceswap_lab.studies.overview.table import overview

    texts = [Path(word.removeprefix("readme=")) for word in words if word.startswith("readme=")]
    roots = [Path(word) for word in words if not word.startswith("readme=")]
    if len(roots) > 1 or any("=" in str(root) for root in roots):
        raise ConfigError(f"findings: {roots[-1]} is not understood. Usage: {USAGE}")
    for text in texts:
        if not text.is_file():
            raise ConfigError(f"findings: readme={text}: there is no such file.")
    root = roots[0] if roots else Path("experiments")
    found = overview(root, Options(folders)["experiment"])
    print("\n".join(lines(found)))
    written = write_overview(found, root)
    for text in texts:
        old = text.read_text(encoding="utf-8")
        if "<!--= " not in old:
            print(f"\nunchanged   {text} cites nothing; a number is cited as <!--= study arm what --><!--/-->")
            continue
        write_text(text, rewritten(old, root))
        written = [*written, text]
    print("\n" + "\n".join(f"{'written':<11} {path}" for path in written))
    return 0
