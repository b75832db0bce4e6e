"""The last lines on the terminal: what came out, against the two swaps that anybody can make, and where it lies."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result

_ROWS = (
    ("SSIM, under the mask", "ssim", "higher", 3),
    ("MAE after colour fit", "fitted_mae", "lower", 4),
    ("MAE, under the mask", "mae", "lower", 4),
    ("true twin in nearest 5", "recall5", "higher", 2),
    ("follows yaw (r)", "yaw", "higher", 2),
    ("follows mouth (r)", "mouth", "higher", 2),
    ("follows light (r)", "light", "higher", 2),
)


def print_summary(folder: RunFolder, result: Result, console: Console | None = None) -> None:
    """Print the table of a finished run and the paths of what it left."""
    console = console or Console()
    m = result.metrics
    if "swap_ssim_AB" in m:
        console.print(_swap_table(m))
        console.print(_in_words(m))
    console.print(
        _side_line("loss", m, "loss_{}", 4) + "   " + _side_line("reconstruction SSIM", m, "recon_ssim_{}", 3)
    )
    console.print(
        f"[dim]{result.steps} steps, {result.details.get('parameters', {}).get('total', 0):,} parameters, "
        f"{result.seconds:.0f} s of training; one seed: no error bar[/dim]"
    )
    console.print(f"preview     {folder.previews / 'final.png'}", soft_wrap=True, highlight=False)
    console.print(f"run folder  {folder.path}", soft_wrap=True, highlight=False)


def print_line(folder: RunFolder, result: Result) -> None:
    """Print one line of a finished run, for a sweep: the primary metric in both directions beside both baselines."""
    m, said = result.metrics, []
    for direction in ("AB", "BA"):
        if f"swap_ssim_{direction}" in m:
            swap, copy, mean = (m[f"{kind}_ssim_{direction}"] for kind in ("swap", "copy", "mean"))
            arrow = f"{direction[0]}→{direction[1]}"
            said.append(f"{arrow} {swap:.3f} (copy {copy:.3f}, mean {mean:.3f})")
    swap_part = f"swap SSIM {', '.join(said)}; " if said else ""
    print(
        f"{result.label}, seed {result.seed}: {swap_part}{_side_line('loss', m, 'loss_{}', 4)}   {folder.path}",
        flush=True,
    )


def _swap_table(m: Mapping[str, float]) -> Table:
    table = Table(title="the swap against the truth, on held-out faces", title_justify="left", title_style="bold")
    table.add_column("")
    two_paths = "swap_ssim_AB_target_path" in m
    for direction in ("AB", "BA"):
        source, target = direction
        table.add_column(f"{source}→{target}", justify="right", style="bold")
        if two_paths:
            table.add_column("via enc. " + target, justify="right")
        table.add_column(f"copy {source}", justify="right", style="dim")
        table.add_column(f"mean {target}", justify="right", style="dim")
    for caption, key, better, digits in _ROWS:
        keys = []
        for direction in ("AB", "BA"):
            keys.append(f"swap_{key}_{direction}")
            keys += [f"swap_{key}_{direction}_target_path"] if two_paths else []
            keys += [f"copy_{key}_{direction}", f"mean_{key}_{direction}"]
        cells = [f"{m[k]:.{digits}f}" if k in m else "" for k in keys]
        table.add_row(f"{caption} {'↑' if better == 'higher' else '↓'}", *cells)
    return table


def _in_words(m: Mapping[str, float]) -> str:
    """Say for each direction whether the swap is nearer to the truth than both baselines, by the primary metric."""
    said = []
    for direction in ("AB", "BA"):
        swap, copy, mean = (m[f"{kind}_ssim_{direction}"] for kind in ("swap", "copy", "mean"))
        verdict = "beats both baselines" if swap > max(copy, mean) else "does not beat both baselines"
        said.append(f"{direction[0]}→{direction[1]} {verdict}")
    return "swap SSIM: " + ", ".join(said)


def _side_line(caption: str, m: Mapping[str, float], key: str, digits: int) -> str:
    values = [f"{side} {m[key.format(side)]:.{digits}f}" for side in "AB" if key.format(side) in m]
    return f"{caption}: {', '.join(values)}" if values else ""
