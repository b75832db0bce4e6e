"""The last lines on the terminal: what came out, against the swaps that anybody can make, and where it lies."""

import re
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from rich.console import Console
from rich.table import Table

from faceswap_lab.cli.job.real_swaps import MOST_WAYS, identities, plain, real_swaps
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result

_COLUMNS = (
    ("score", "score", 3),
    ("who", "identity", 2),
    ("colour", "colour", 2),
    ("pose", "pose", 2),
    ("expr.", "expression", 2),
    ("light", "lighting", 2),
    ("sharp", "sharpness", 2),
    ("SSIM", "ssim", 3),
)
_NULLS = {  # kind → its row's caption, its name in a sentence; {0} is the source, {1} the target
    "copy": (" copy {0}", "a copy of {0}"),
    "mean": (" mean {1}", "{1}'s mean face"),
    "nearest": (" pose", "{1}'s faces nearest in pose"),
    "nearest_lit": (" pose+light", "{1}'s faces nearest in pose and light"),
}
_LEGEND = (
    "1 is the truth. score: all six to its right in one. who: the chance to be taken\n"
    "for the target among 20 people. sharp: above 1 is noise. copy: the input itself;\n"
    "mean, pose, pose+light: averages of the target's training faces, of all or the\n"
    "ten nearest. More: docs/judging.md and the command show."
)


def print_summary(folder: RunFolder, result: Result, console: Console | None = None) -> None:
    """Print the table of a finished run and the paths of what it left."""
    console = console or Console(force_jupyter=False)  # plain text in a notebook too, for whoever keeps it quiet
    m = result.metrics
    if "swap_ssim_AB" in m:
        console.print(_swap_table(m))
        if "swap_score_AB" in m:
            console.print(f"[dim]{_LEGEND}[/dim]", highlight=False)
        console.print(_in_words(m))
    if "ema_swap_score_AB" in m:
        console.print(_side_line("score with averaged weights", m, "ema_swap_score_{}", 3, ("AB", "BA")))
    for line in real_swaps(m, folder):
        console.print(line, highlight=False, soft_wrap=True)
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
    console.print(f"preview     {folder.previews / 'final.png'}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"run folder  {folder.path}", soft_wrap=True, highlight=False, markup=False)


def print_line(folder: RunFolder, result: Result) -> None:
    """Print one line of a finished run, for a sweep: the primary metric of the declared pair beside the best null."""
    m, said, metric = result.metrics, [], _primary(result.metrics)
    for way in [way for way in ("AB", "BA") if f"swap_{metric}_{way}" in m]:
        null, kind = _best_null(m, metric, way)
        name = _NULLS[kind][0].strip().format(*way)
        said.append(f"{way[0]}→{way[1]} {m[f'swap_{metric}_{way}']:.3f} (best null {null:.3f}: {name})")
    said += [
        f"{way[0]}→{way[1]} identity {identities(plain(m), way)}" for way in ("AB", "BA") if f"face_found_{way}" in m
    ]
    named = f"swap {_NAMES[metric]}" if "swap_ssim_AB" in m else "swap"
    swap_part = f"{named} {', '.join(said)}; " if said else ""
    print(
        f"{result.label}, seed {result.seed}: {swap_part}{_side_line('loss', m, 'loss_{}', 4)}   {folder.path}",
        flush=True,
    )


_NAMES = {"score": "score", "ssim": "SSIM"}


def _primary(m: Mapping[str, float]) -> str:
    """Return what judges this run: the score, or SSIM for one from before there was a score."""
    return "score" if "swap_score_AB" in m else "ssim"


def _ways(m: Mapping[str, float]) -> list[str]:
    """Return the swaps to show: AB, BA, and further ones of three people."""
    found = [key[-2:] for key in m if re.fullmatch("swap_ssim_[A-Z]{2}", key)]
    return sorted(found) if len(found) <= MOST_WAYS else ["AB", "BA"]


def _best_null(m: Mapping[str, float], metric: str, way: str) -> tuple[float, str]:
    """Return the highest value that a swap without a network reaches, and its kind."""
    return max((m[f"{kind}_{metric}_{way}"], kind) for kind in _NULLS if f"{kind}_{metric}_{way}" in m)


def _swap_table(m: Mapping[str, float]) -> Table:
    """One block per swap: through each of its paths, and the nulls."""
    table = Table(title="the swap against the truth, on held-out faces", title_justify="left", title_style="bold")
    columns = [column for column in _COLUMNS if f"swap_{column[1]}_AB" in m]
    table.add_column("", no_wrap=True)
    for caption, _, _ in columns:
        table.add_column(caption, justify="right", no_wrap=True)
    for way in _ways(m):
        for caption, key, style in _rows(m, way):
            table.add_row(caption, *(f"{m[key.format(name)]:.{digits}f}" for _, name, digits in columns), style=style)
        table.add_section()
    return table


def _rows(m: Mapping[str, float], way: str) -> Iterator[tuple[str, str, str]]:
    """Yield each row of a block: its caption, its keys with {} for the metric, its style."""
    source, target = way[0], way[1]
    yield f"{source}→{target}", f"swap_{{}}_{way}", "bold"
    stem = f"swap_ssim_{way}_"
    for path in (key.removeprefix(stem).removesuffix("_path") for key in m if key.startswith(stem)):
        caption = f" encoder {target}" if path == "target" else f" {path}"
        yield caption, f"swap_{{}}_{way}_{path}_path", "bold"
    for kind, (caption, _) in _NULLS.items():
        if f"{kind}_ssim_{way}" in m:
            yield caption.format(source, target), f"{kind}_{{}}_{way}", "dim"


def _in_words(m: Mapping[str, float]) -> str:
    """Say for each swap whether it works: whether it beats everything that can be had without a network."""
    metric, said = _primary(m), []
    for way in _ways(m):
        null, kind = _best_null(m, metric, way)
        verdict = "works" if m[f"swap_{metric}_{way}"] > null else "does not work"
        name = _NULLS[kind][1].format(*way)
        said.append(f"{way[0]}→{way[1]} {verdict} (the best without a network, {name}: {null:.2f})")
    return f"by the {_NAMES[metric]}: " + "; ".join(said)


def _memory(details: Mapping[str, Any]) -> str:
    """Say the peak memory of a run, or nothing of one from before it was recorded."""
    peak = details.get("peak_memory")
    said = []
    for name, of in (("resident", ""), ("gpu", " on the GPU")):
        size = peak.get(name) if isinstance(peak, dict) else None
        if isinstance(size, int | float):
            said.append(f"{size / 2**20:,.0f} MiB{of}")
    return f"peak memory {', '.join(said)}" if said else ""


def _side_line(
    caption: str, m: Mapping[str, float], key: str, digits: int, sides: Sequence[str] = ascii_uppercase
) -> str:
    values = [f"{'→'.join(side)} {m[key.format(side)]:.{digits}f}" for side in sides if key.format(side) in m]
    return f"{caption}: {', '.join(values)}" if values else ""
