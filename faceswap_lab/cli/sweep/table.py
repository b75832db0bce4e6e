"""The end of a sweep: the cells that need attention, what came out of the others, and how many there are of each."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faceswap_lab.cli.sweep.cells import Cell
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import sound_result

_COLUMNS = (
    *(("swap_score_AB", "score A→B", 3), ("swap_score_BA", "B→A", 3), ("swap_ssim_AB", "SSIM A→B", 3)),
    *(("loss_A", "loss A", 4), ("loss_B", "loss B", 4)),
)
_MOST = 40  # rows


def print_sweep(cells: Sequence[Cell], sweep_dir: Path, planned: int = 0) -> int:
    """List the cells of a sweep that need attention, then the results; return the sweep's exit code.

    Args:
        cells: those that have ended.
        sweep_dir: the sweep's folder.
        planned: how many there should have been; 0 where the sweeper makes them as it goes.
    """
    counts: Counter[str] = Counter(status.state for _, status in cells)
    counts["not begun"] = max(planned - len(cells), 0)
    common = set.intersection(*(set(words) for words, _ in cells)) if len(cells) > 1 else set()
    print()
    for overrides, status in cells:
        if status.code:
            print(f"{status.state:<11} {_own(overrides, common)}: {status.message}")
            if status.folder:
                print(f"{'':<11} {status.folder}")
    if sum(status.code == 0 for _, status in cells) > 1:
        _print_results(cells, common, sweep_dir)
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()) if n)
    print(f"sweep       {counts.total()} cells: {states}")
    if counts["not begun"] or any(status.code for _, status in cells):
        forced = any("force=true" in words for words, _ in cells)
        print(f"            The same command again{' without force=true' * forced} runs only what is missing.")
    found = sweep_dir / "optimization_results.yaml"  # of Optuna's sweeper
    if found.is_file():
        print("best        " + "\n            ".join(found.read_text(encoding="utf-8").strip().splitlines()))
    interrupted = [status.code for _, status in cells if status.state == "interrupted"]
    return max(interrupted or [status.code for _, status in cells], default=0)


def _print_results(cells: Sequence[Cell], common: set[str], sweep_dir: Path) -> None:
    """Print the means over the seeds of what is otherwise the same."""
    arms: dict[str, list[Mapping[str, float]]] = {}
    for overrides, status in cells:
        result = sound_result(RunFolder(Path(status.folder))) if status.code == 0 else None
        if result:
            name = _own([word for word in overrides if not word.startswith("seed=")], common) or "baseline"
            arms.setdefault(name.replace("+experiment=", ""), []).append(result.metrics)
    columns = [column for column in _COLUMNS if any(column[0] in metrics for rows in arms.values() for metrics in rows)]
    table = Table(box=None, pad_edge=False)
    table.add_column("means over seeds", overflow="fold")
    for caption in ("seeds", *(caption for _, caption, _ in columns)):
        table.add_column(caption, justify="right", no_wrap=True)
    for name, rows in list(arms.items())[:_MOST]:
        values = [[metrics[key] for metrics in rows if key in metrics] for key, _, _ in columns]
        table.add_row(
            escape(name),
            str(len(rows)),
            *(f"{fmean(v):.{digits}f}" if v else "" for v, (_, _, digits) in zip(values, columns)),
        )
    Console().print(table)
    if len(arms) > _MOST:
        print(f"            and {len(arms) - _MOST} more")
    print(f"side by side: python -m faceswap_lab report {shlex.quote(str(sweep_dir))}")


def _own(overrides: Sequence[str], common: set[str]) -> str:
    """Return the overrides that are not those of every cell."""
    return " ".join(word for word in overrides if word not in common)
