"""The last lines on the terminal: what came out, against the two swaps that anybody can make, and where it lies."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result

_COLUMNS = (
    ("SSIM ↑", "ssim", 3),
    ("MAE fit ↓", "fitted_mae", 4),
    ("MAE ↓", "mae", 4),
    ("R@5 ↑", "recall5", 2),
    ("yaw ↑", "yaw", 2),
    ("mouth ↑", "mouth", 2),
    ("light ↑", "light", 2),
)
_LEGEND = (
    "Under the face mask. MAE fit: after a gain and offset per channel. R@5: share\n"
    "whose true twin is among the 5 nearest. yaw, mouth, light: correlation with\n"
    "the input's. copy, mean: the input itself, the target's mean training face."
)


def print_summary(folder: RunFolder, result: Result, console: Console | None = None) -> None:
    """Print the table of a finished run and the paths of what it left."""
    console = console or Console()
    m = result.metrics
    if "swap_ssim_AB" in m:
        console.print(_swap_table(m))
        console.print(f"[dim]{_LEGEND}[/dim]", highlight=False)
        console.print(_in_words(m))
    for line in _real_swaps(m):
        console.print(line, highlight=False)
    console.print(
        _side_line("loss", m, "loss_{}", 4) + "   " + _side_line("reconstruction SSIM", m, "recon_ssim_{}", 3)
    )
    console.print(
        f"[dim]{result.steps} steps, {result.details.get('parameters', {}).get('total', 0):,} parameters, "
        f"{result.seconds:.0f} s of training; one seed: no error bar[/dim]"
    )
    memory = _memory(result.details)
    if memory:
        console.print(f"[dim]{memory}[/dim]")
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
        elif f"face_found_{direction}" in m:
            said.append(f"{direction[0]}→{direction[1]} identity {_identity(m, direction)}")
    named = "swap SSIM" if "swap_ssim_AB" in m else "swap"
    swap_part = f"{named} {', '.join(said)}; " if said else ""
    print(
        f"{result.label}, seed {result.seed}: {swap_part}{_side_line('loss', m, 'loss_{}', 4)}   {folder.path}",
        flush=True,
    )


def _real_swaps(m: Mapping[str, float]) -> list[str]:
    """Say of swaps of real people what networks see in them; see ``evaluation.real_swaps``."""
    lines = []
    for source, target in ("AB", "BA"):
        way = source + target
        if f"face_found_{way}" not in m:
            continue
        follows = ", ".join(
            f"{says} {m[f'follow_{name}_{way}']:.2f}" for name, says in (("yaw", "yaw"), ("mouth_open", "mouth"))
        )
        lines.append(
            f"{source}→{target}: a face in {m[f'face_found_{way}']:.0%} of the swaps; identity {_identity(m, way)}; "
            f"follows {follows}"
        )
    if lines:
        lines.append(
            "[dim]By networks, for there is no truth. Identity: 0 as far from the target as the source's own\n"
            "faces, 1 as near as the target's. follows: correlation with the input. A swap without a face has 0.[/dim]"
        )
    return lines


def _identity(m: Mapping[str, float], way: str) -> str:
    judges = [key.split("_")[1] for key in m if key.startswith("identity_") and key.endswith(f"_{way}")]
    return ", ".join(f"{m[f'identity_{judge}_{way}']:.2f} ({judge})" for judge in judges)


def _swap_table(m: Mapping[str, float]) -> Table:
    """One block per direction: the swap (with two encoders also through the target's), and the baselines."""
    table = Table(title="the swap against the truth, on held-out faces", title_justify="left", title_style="bold")
    table.add_column("")
    for caption, _, _ in _COLUMNS:
        table.add_column(caption, justify="right", no_wrap=True)
    for source, target in ("AB", "BA"):
        way = source + target
        rows = [
            (f"{source}→{target}", f"swap_{{}}_{way}", "bold"),
            (f" encoder {target}", f"swap_{{}}_{way}_target_path", "bold"),
            (f" copy {source}", f"copy_{{}}_{way}", "dim"),
            (f" mean {target}", f"mean_{{}}_{way}", "dim"),
        ]
        for caption, key, style in rows:
            if key.format("ssim") in m:
                table.add_row(caption, *_cells(m, key), style=style)
        table.add_section()
    return table


def _cells(m: Mapping[str, float], key: str) -> list[str]:
    return [f"{m[key.format(name)]:.{digits}f}" if key.format(name) in m else "" for _, name, digits in _COLUMNS]


def _in_words(m: Mapping[str, float]) -> str:
    """Say for each direction whether the swap is nearer to the truth than both baselines, by the primary metric."""
    said = []
    for direction in ("AB", "BA"):
        swap, copy, mean = (m[f"{kind}_ssim_{direction}"] for kind in ("swap", "copy", "mean"))
        verdict = "beats both baselines" if swap > max(copy, mean) else "does not beat both baselines"
        said.append(f"{direction[0]}→{direction[1]} {verdict}")
    return "swap SSIM: " + ", ".join(said)


def _memory(details: Mapping[str, Any]) -> str:
    """Say the peak memory of a run, or nothing of one from before it was recorded."""
    peak = details.get("peak_memory")
    said = []
    for name, of in (("resident", ""), ("gpu", " on the GPU")):
        size = peak.get(name) if isinstance(peak, dict) else None
        if isinstance(size, int | float):
            said.append(f"{size / 2**20:,.0f} MiB{of}")
    return f"peak memory {', '.join(said)}" if said else ""


def _side_line(caption: str, m: Mapping[str, float], key: str, digits: int) -> str:
    values = [f"{side} {m[key.format(side)]:.{digits}f}" for side in "AB" if key.format(side) in m]
    return f"{caption}: {', '.join(values)}" if values else ""
