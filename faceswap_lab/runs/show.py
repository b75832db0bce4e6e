"""A run, for a person: what ``python -m faceswap_lab show <run folder>`` prints."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faceswap_lab.plugins.used import descriptions
from faceswap_lab.runs.flat import flat, text_of
from faceswap_lab.runs.folder import RunFolder, is_run
from faceswap_lab.runs.lock import holder
from faceswap_lab.runs.result import Result, sound_result
from faceswap_lab.runs.sessions import read_sessions, sampler_of
from faceswap_lab.runs.status import Status, read_status

_COLOURS = {
    "finished": "green",
    "running": "cyan",
    "created": "cyan",
    "interrupted": "yellow",
    "failed": "red",
    "diverged": "red",
}
_BY_NETWORKS = (
    "face_found, identity, follow, frechet, real_…: what networks see in swaps, for of real people there is no truth. "
    "How far each follows the truth where there is one: docs/judging.md"
)
_SIDES = {"A": "A", "B": "B", "AB": "A→B", "BA": "B→A"}


def show(path: Path, console: Console) -> int:
    """Print a run: state, results, how it was made, its sessions, its configuration, its files.

    Returns:
        0, or 2 if ``path`` is no run folder.
    """
    folder = RunFolder(Path(path))
    if not is_run(folder.path):
        return not_a_run(folder.path, console)
    sessions = read_sessions(folder)
    console.print(f"[bold]{escape(folder.path.name)}[/]")
    _print_status(folder, read_status(folder), console)
    for shorter in dict.fromkeys(session["run"] for session in sessions if "run" in session):
        console.print(f"went on from the end of {escape(text_of(shorter))}", soft_wrap=True)
    _print_result(folder, console)
    if sessions:
        console.print(_how(sessions), _session_table(sessions), _config_table(sessions[-1]))
    else:
        console.print(f"[yellow]{escape(no_record(folder))}[/]", soft_wrap=True)
    _print_files(folder, console)
    return 0


def no_record(folder: RunFolder) -> str:
    """Return what to say of a run whose record cannot be read."""
    return f"{folder.run} is missing or damaged: how the run was made is not known"


def not_a_run(path: Path, console: Console) -> int:
    """Say that ``path`` is no run folder and what one is; return the exit code for it, 2."""
    what = "there is no such folder" if not path.exists() else "it holds no run.json, status.json or result.json"
    console.print(
        f"[red]{escape(str(path))} is no run folder:[/] {what}. "
        "Run folders lie in runs/ and are called <label>-s<seed>-<hash>."
    )
    return 2


def _print_status(folder: RunFolder, status: Status, console: Console) -> None:
    when = f", {status.time}" if status.time else ""
    console.print(f"[{_COLOURS[status.state]}]{status.state}[/] at step {status.step:,}{when}")
    if status.message:
        console.print(escape(status.message))
    if status.traceback:
        console.print(f"traceback: {escape(str(folder.path / status.traceback))}")
    worker = holder(folder.path)
    if worker is not None:
        console.print(f"worked on by {escape(str(worker))}")


def _print_result(folder: RunFolder, console: Console) -> None:
    result = sound_result(folder)  # of a damaged one the status has said why
    if result is not None:
        console.print(_metric_table(result), _detail_table(result))


def _metric_table(result: Result) -> Table:
    """Lay metrics out by side and direction, as their names end: ``swap_ssim_AB`` is row swap_ssim, column A→B."""
    rows: dict[str, dict[str, float]] = {}
    for name, value in sorted(result.metrics.items()):
        stem, _, side = name.rpartition("_")
        row, column = (stem, side) if stem and side in _SIDES else (name, "")
        rows.setdefault(row, {})[column] = value
    columns = [column for column in ("", *_SIDES) if any(column in values for values in rows.values())]
    table = Table("metric", title="Result", title_justify="left", caption_justify="left")
    if "face_found_AB" in result.metrics:
        table.caption = _BY_NETWORKS
    for column in columns:
        table.add_column(_SIDES.get(column, "value"), justify="right")
    for row, values in rows.items():
        table.add_row(escape(row), *(f"{values[column]:.5g}" if column in values else "" for column in columns))
    return table


def _detail_table(result: Result) -> Table:
    table = Table(show_header=False, style="dim")
    table.add_row("training time", f"{result.seconds:,.1f} s")
    for name, value in flat(result.details).items():
        table.add_row(escape(name), escape(_with_unit(name, value)))
    return table


def _how(sessions: list[dict[str, Any]]) -> Table:
    session = sessions[-1]
    table = Table(title="How it was made (last session)", title_justify="left", show_header=False)
    table.add_row("command", escape(text_of(session.get("command"))))
    table.add_row("seed", text_of(session.get("seed")))
    table.add_row("data", escape(text_of(session.get("data_fingerprint"))))
    table.add_row("code", escape(code_line(session)))
    sampler = sampler_of(sessions)
    if sampler is not None:
        table.add_row("sampler", escape(text_of(sampler)))
    events = [event for each in sessions for event in each.get("events", [])]  # of each, those that came in it
    if events:
        table.add_row("events", escape("\n".join(events)))
    if "plugins" in session:
        table.add_row("plugins", escape("\n".join(descriptions(session["plugins"]))))
    for group in ("hardware", "versions"):
        values = flat(session.get(group) or {})
        table.add_row(group, escape("\n".join(f"{name} {_with_unit(name, value)}" for name, value in values.items())))
    return table


def _with_unit(name: str, value: Any) -> str:
    if not isinstance(value, int):
        return text_of(value)
    if name.startswith("peak_memory."):
        return f"{value / 2**20:,.0f} MiB"
    return f"{value / 2**30:.1f} GiB" if name == "memory" else text_of(value)


def code_line(session: dict[str, Any]) -> str:
    """Return one line that names the code of a session: commit and dirtiness, or the installed version."""
    code = session.get("code")
    if not isinstance(code, dict):
        installed = (session.get("versions") or {}).get("faceswap-lab")
        return f"faceswap-lab {installed}, installed" if installed else "not known: no git working tree"
    changed = f", changed (diff {str(code.get('diff_sha256'))[:10]} in run.json)" if code.get("diff_sha256") else ""
    untracked = f", {code['untracked_count']} untracked files" if code.get("untracked_count") else ""
    return f"commit {str(code.get('commit'))[:12]}{changed}{untracked}"


def _session_table(sessions: list[dict[str, Any]]) -> Table:
    table = Table("start", "end", "steps", "ended", title=f"Sessions: {len(sessions)}", title_justify="left")
    for session in sessions:
        last = session.get("last_step")
        steps = f"{text_of(session.get('first_step'))} → {'?' if last is None else last}"
        ended = session.get("end_state") or "no word: running, or killed"
        table.add_row(text_of(session.get("start")), text_of(session.get("end")), steps, escape(str(ended)))
    return table


def _config_table(session: dict[str, Any]) -> Table:
    table = Table("setting", "value", title="Configuration", title_justify="left")
    for name, value in flat(session.get("config") or {}).items():
        table.add_row(escape(name), escape(text_of(value)))
    return table


def _print_files(folder: RunFolder, console: Console) -> None:
    pictures = [path for path in folder.previews.glob("*.png") if not path.stem.endswith("-tiles")]  # for reports
    previews = sorted(pictures, key=lambda preview: preview.stat().st_mtime_ns)
    for file in (folder.metrics, folder.weights, folder.config, *previews[-1:]):
        if file.exists():
            console.print(escape(str(file)), style="dim", soft_wrap=True)
