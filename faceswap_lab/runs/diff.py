"""What differs between two runs: what ``python -m faceswap_lab diff <run> <run>`` prints."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faceswap_lab.plugins.used import descriptions
from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.runs.folder import RunFolder, is_run
from faceswap_lab.runs.result import BadResult, read_result, sound_result
from faceswap_lab.runs.sessions import read_sessions, sampler_of
from faceswap_lab.runs.show import code_line, no_record, not_a_run
from faceswap_lab.runs.status import read_status

_ABSENT = "(absent)"


def diff(left: Path, right: Path, console: Console) -> int:
    """Print what differs between two runs: configuration, versions, code, data, hardware, results.

    Returns:
        As diff(1) does: 0 if nothing differs, 1 if something does, 2 if one of the two is no run folder.
    """
    folders = RunFolder(Path(left)), RunFolder(Path(right))
    strangers = [folder.path for folder in folders if not is_run(folder.path)]
    if strangers:
        return max(not_a_run(path, console) for path in strangers)
    sides = [_described(folder) for folder in folders]
    console.print(*(f"[bold]{mark}[/] {escape(str(folder.path))}" for mark, folder in zip("ab", folders)), sep="\n")
    for said in [said for folder in folders for said in _damages(folder)]:
        console.print(f"[yellow]{escape(said)}[/]", soft_wrap=True)
    tables = [_table(group, sides[0][group], sides[1][group]) for group in sides[0]]
    shown = [table for table in tables if table.row_count]
    console.print(*shown, sep="\n") if shown else console.print("no differences")
    return 1 if shown else 0


def _damages(folder: RunFolder) -> Iterator[str]:
    """Say what of a run cannot be read, and so is compared as absent."""
    if not read_sessions(folder):
        yield no_record(folder)
    try:
        read_result(folder)
    except BadResult as error:
        yield str(error)


def _described(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Return all that is compared, by group. Times, memory, steps and commands differ always and say nothing."""
    sessions = read_sessions(folder)
    last = sessions[-1] if sessions else {}
    made = {
        "code": code_line(last) if last else None,
        "data": last.get("data_fingerprint"),
        "recipe": last.get("recipe_version"),
        "sampler": sampler_of(sessions),
        "plugins": descriptions(last.get("plugins")),
    }
    return {
        "Configuration": flat(last.get("config") or {}),
        "Code and data": made,
        "Versions": flat(last.get("versions") or {}),
        "Hardware": flat(last.get("hardware") or {}),
        "Results": _results(folder),
    }


def _results(folder: RunFolder) -> dict[str, Any]:
    status = read_status(folder)
    result = sound_result(folder)
    if result is None:
        return {"state": status.state}
    details = {name: value for name, value in result.details.items() if name != "peak_memory"}
    same_weights = {"weights_sha256": (result.weights_sha256 or _ABSENT)[:16]}
    return {"state": status.state, **dict(sorted(result.metrics.items())), **flat(details), **same_weights}


def _table(group: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Table:
    table = Table(group, "a", "b", "b - a", title_justify="left")
    table.columns[3].justify = "right"
    for name in dict.fromkeys([*left, *right]):
        a, b = left.get(name, _ABSENT), right.get(name, _ABSENT)
        if a != b:
            table.add_row(escape(name), escape(text_of(a)), escape(text_of(b)), _delta(a, b))
    return table


def _delta(a: Any, b: Any) -> str:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b))
    if not numbers:
        return ""
    return f"{b - a:+,}" if isinstance(a, int) and isinstance(b, int) else f"{b - a:+.4g}"
