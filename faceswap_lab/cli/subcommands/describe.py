"""``describe``: the parts of a model, its routes and swap paths, and who trains whom, as a table and a picture."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.cli.compose import composed
from faceswap_lab.cli.job.judge import check_functions
from faceswap_lab.cli.messages import listed
from faceswap_lab.config import Config, ConfigError, events_of
from faceswap_lab.runs.atomic import make_folder, write_bytes

if TYPE_CHECKING:
    from faceswap_lab.models.costs import PartCost
    from faceswap_lab.topology import Part
    from faceswap_lab.training.description import Description

_PICTURE = "picture="


def describe(words: Sequence[str], folders: Sequence[Path]) -> int:
    """Print what a configuration would train, draw it into ``picture=FILE`` if that is asked for; return the exit code.

    Raises:
        ConfigError: the words mean nothing, or the picture's ending does.
        faceswap_lab.runs.atomic.StorageError: the picture cannot be written.
    """
    from rich.console import Console

    pictures = [word.removeprefix(_PICTURE) for word in words if word.startswith(_PICTURE)]
    settings = [word for word in words if not word.startswith(_PICTURE)]
    picture = Path(os.path.expanduser(pictures[-1])) if pictures else None
    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise ConfigError(f"picture={picture}: an SVG or PNG file, such as picture=liae.svg.")
    config, title = composed(settings, folders), " ".join(settings) or "baseline"
    from faceswap_lab.training.description import describe as described

    check_functions(config)
    found, console = described(config), Console()
    console.print(_table(found, title))
    shrunk = [f"{'shrunk':<12}{config.shrunk}"] if config.shrunk else []
    lines = [*shrunk, *_routes(found), *_swaps(found), *_step(found, config)]
    lines += listed("events", events_of(config).in_order())
    if picture is not None:
        _draw(found, title, picture)
    lines.append(f"{'picture':<12}{picture or 'picture=topology.svg (or .png) draws it into that file'}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _table(found: "Description", title: str) -> "object":
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("part", "kind", "channels × px, in → out"):
        table.add_column(column, no_wrap=True)
    for column in ("weights", "MFLOP"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("trained by")
    for name, cost in found.costs.items():
        part = found.topology.parts[name]
        table.add_row(name, part.kind, *_cost(cost, part.spec.masks), _trained_by(found, name, part))
    total = sum(cost.parameters for cost in found.costs.values())
    table.add_row("all", "", "", f"{total:,}", "", "")
    for name, cost in found.discriminators.items():
        table.add_row(name, "", *_cost(cost), "itself 1×")
    return table


def _cost(cost: "PartCost", masks: int = 0) -> tuple[str, str, str]:
    """Return shapes, weights and MFLOP as the table has them; ``masks`` of the channels that come out are masks."""
    (sees, seen), (gives, given) = cost.sees, cost.gives
    shapes = f"{sees}×{seen}² → {gives - masks}×{given}²{' + mask' if masks else ''}"
    return shapes, f"{cost.parameters:,}", f"{cost.flops / 1e6:.1f}"


def _trained_by(found: "Description", name: str, part: "Part") -> str:
    """Return the sides whose losses move a part, each with its updates per training step."""
    if not found.costs[name].parameters:
        return "no weights"
    start = f"from {part.load}" if part.load else "random" if not part.trained else ""
    if not part.trained:
        return f"frozen, {start}"
    sides = [f"{side} {float(times):g}×" for side, times in found.updates[name].items()]
    return ", ".join(filter(None, [*(sides or ["nobody"]), start]))


def _routes(found: "Description") -> list[str]:
    routes = found.topology.routes.items()
    said = [f"{side}: {route.text}   ({found.forward[side] / 1e6:.1f} MFLOP)" for side, route in routes]
    return listed("route", said)


def _swaps(found: "Description") -> list[str]:
    """Name every path, for A→B; the others are made alike."""
    source, target = found.topology.sides[:2]
    ways = {path: by_pair[source, target].text for path, by_pair in found.topology.swaps.items()}
    said = [f"{source}→{target}{f' (path {path})' if len(ways) > 1 else ''}: {way}" for path, way in ways.items()]
    return listed("swap", said)


def _step(found: "Description", config: Config) -> list[str]:
    code = ", ".join(dict.fromkeys(found.topology.code.values()))
    beside = ", ".join(found.discriminators)
    return [
        f"{'code':<12}{code}",
        f"{'step':<12}update_order={config.update_order.name}, optimizer_state={config.optimizer_state.name}; "
        f"{config.training.batch_size} faces per side: {found.flops / 1e9:,.2f} GFLOP",
        f"{'':<12}MFLOP: one face, forward. trained by: updates per training step, by whose loss they follow",
        *([f"{'beside':<12}{beside}: discriminators; all, GFLOP and shrink do not count them"] if beside else []),
    ]


def _draw(found: "Description", title: str, picture: Path) -> None:
    from faceswap_lab.topology.picture import svg

    captions = {name: f"{cost.parameters:,} weights" for name, cost in found.costs.items()}
    drawn = svg(found.topology, captions, title)
    if picture.suffix == ".png":
        import vl_convert

        content = vl_convert.svg_to_png(drawn, scale=2)
    else:
        content = drawn.encode()
    make_folder(picture.parent, of=picture)
    write_bytes(picture, content)
