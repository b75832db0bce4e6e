"""A topology as a picture: parts as boxes from left to right, every side's route in its colour, the swap dashed."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from faceswap_lab.topology.routes import Route
from faceswap_lab.topology.topology import Topology

_COLOURS = ("#1f6fb4", "#d9730d", "#2e8b57", "#9b4fb0", "#b8860b", "#c0392b", "#16808a", "#6b6b6b")
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN, _HEAD = 150, 46, 70, 26, 24, 40
_SWAP = "#111111"
_MOST_SIDES = 4  # whose routes are drawn: more lines than these cannot be told apart

Place = tuple[float, float]


def svg(topology: Topology, captions: Mapping[str, str] | None = None, title: str = "") -> str:
    """Return the picture as an SVG document with a white ground.

    Args:
        topology: what is drawn.
        captions: a line below the name of a part, such as its number of parameters; the part's kind where none is
            given.
        title: above the picture.
    """
    shown = topology.sides[:_MOST_SIDES]
    parts = [name for name in topology.parts if set(topology.users(name)) & set(shown)]
    columns = _columns(topology, parts)
    tallest = max(len(shown), *(len(column) for column in columns))
    height = _HEAD + 2 * _MARGIN + tallest * (_HEIGHT + _GAP_Y)
    places = {name: (i + 1, j, len(column)) for i, column in enumerate(columns) for j, name in enumerate(column)}
    centres = {name: _centre(column, row, rows, height) for name, (column, row, rows) in places.items()}
    faces = {side: _centre(0, i, len(shown), height) for i, side in enumerate(shown)}
    drawn = {side: _centre(len(columns) + 1, i, len(shown), height) for i, side in enumerate(shown)}
    lines: list[str] = []
    for i, side in enumerate(shown):
        shift = 5 * (i - (len(shown) - 1) / 2)
        lines += _way(topology.routes[side], faces[side], drawn[side], centres, _colour(i), shift)
    path, by_pair = next(iter(topology.swaps.items()))
    lines += _way(by_pair["A", "B"], faces["A"], drawn["B"], centres, _SWAP, 5 * (len(shown) + 1) / 2, dashed=True)
    boxes = [
        _box(
            centres[name],
            name,
            (captions or {}).get(name) or topology.parts[name].kind,
            not topology.parts[name].trained,
        )
        for name in parts
    ]
    for i, side in enumerate(shown):
        mask = " + mask" if topology.parts[topology.routes[side].parts[-1]].spec.masks else ""
        boxes.append(_face(faces[side], f"face {side}", _colour(i)))
        boxes.append(_face(drawn[side], f"drawn as {side}{mask}", _colour(i)))
    width = 2 * _MARGIN + (len(columns) + 2) * _WIDTH + (len(columns) + 1) * _GAP_X
    left_out = len(topology.sides) - len(shown)
    more = f" ({left_out} more not drawn)" if left_out else ""
    legend = f"solid: training, a colour per side{more}; dashed: the swap A→B (path {path}); grey: not trained"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}" '
        'font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="100%" height="100%" fill="white"/>{_markers(len(shown))}'
        f'<text x="{_MARGIN}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>'
        f"{''.join(lines)}{''.join(boxes)}"
        f'<text x="{_MARGIN}" y="{height - 12:g}" font-size="11" fill="#444">{escape(legend)}</text></svg>\n'
    )


def _columns(topology: Topology, parts: Sequence[str]) -> list[list[str]]:
    """Put every part into the column of its latest place on any route."""
    depth: dict[str, int] = {}
    for route in topology.routes.values():
        for i, step in enumerate(route.names):
            depth |= {name: max(i, depth.get(name, 0)) for name in step}
    columns = [[name for name in parts if depth[name] == i] for i in range(max(depth.values()) + 1)]
    return [column for column in columns if column]


def _centre(column: int, row: int, rows: int, height: float) -> Place:
    x = _MARGIN + column * (_WIDTH + _GAP_X) + _WIDTH / 2
    return x, _HEAD + (height - _HEAD - _MARGIN) / 2 + (row - (rows - 1) / 2) * (_HEIGHT + _GAP_Y)


def _way(
    route: Route,
    start: Place,
    end: Place,
    centres: Mapping[str, Place],
    colour: str,
    shift: float,
    dashed: bool = False,
) -> list[str]:
    """Draw a route: from every place of a step to every place of the next."""
    stops = [[start], *([centres[name] for name in dict.fromkeys(step)] for step in route.names), [end]]
    pairs = [(a, b) for here, there in pairwise(stops) for a in here for b in there]
    return [_arrow(a, b, colour, shift, dashed) for a, b in pairs]


def _arrow(a: Place, b: Place, colour: str, shift: float, dashed: bool) -> str:
    x0, y0, x1, y1 = a[0] + _WIDTH / 2, a[1] + shift, b[0] - _WIDTH / 2 - 4, b[1] + shift
    bend = max(24.0, (x1 - x0) / 2)
    over = _HEIGHT + _GAP_Y if x1 - x0 > _GAP_X + _WIDTH / 2 else 0  # past a column: above its boxes, not behind them
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<path d="M{x0:g} {y0:g} C{x0 + bend:g} {y0 - over:g} {x1 - bend:g} {y1 - over:g} {x1:g} {y1:g}" fill="none" '
        f'stroke="{colour}" stroke-width="2"{dashes} marker-end="url(#{_marker(colour)})"/>'
    )


def _box(at: Place, name: str, caption: str, frozen: bool) -> str:
    x, y = at[0] - _WIDTH / 2, at[1] - _HEIGHT / 2
    ground = "#e3e3e3" if frozen else "#f7f4ea"
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{ground}" stroke="#333"/>'
        f'<text x="{at[0]:g}" y="{at[1] - 3:g}" font-size="13" text-anchor="middle">{escape(name)}</text>'
        f'<text x="{at[0]:g}" y="{at[1] + 14:g}" font-size="11" fill="#555" text-anchor="middle">'
        f"{escape(caption)}</text>"
    )


def _face(at: Place, name: str, colour: str) -> str:
    x, y = at[0] - _WIDTH / 2, at[1] - 14
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="28" rx="14" fill="white" stroke="{colour}" '
        'stroke-width="2"/>'
        f'<text x="{at[0]:g}" y="{at[1] + 4:g}" font-size="12" fill="{colour}" text-anchor="middle">'
        f"{escape(name)}</text>"
    )


def _colour(i: int) -> str:
    return _COLOURS[i % len(_COLOURS)]


def _marker(colour: str) -> str:
    return f"to{colour.lstrip('#')}"


def _markers(sides: int) -> str:
    tips = "".join(
        f'<marker id="{_marker(colour)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
        'orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        for colour in (*map(_colour, range(sides)), _SWAP)
    )
    return f"<defs>{tips}</defs>"
