"""From a topology as it is declared in YAML to one for given sides: names spelled out, sizes filled in, all judged."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Any

from faceswap_lab.refusal import nearest
from faceswap_lab.topology.blocks import Shape
from faceswap_lab.topology.kind import Kind, Sizes, shape_text
from faceswap_lab.topology.kinds import KINDS, Encoder
from faceswap_lab.topology.routes import Route, TopologyError, Word, parse
from faceswap_lab.topology.topology import Part, Topology

SIDE = "{side}"
BY_GROUP = "encoder_{side}"  # the part that the group ``encoders`` makes one or one for each side
DEFAULT = "default"
_SETTINGS = ("kind", "start", "trained", "load")
_FULL = ("widths", "mask_head", "width", "channels", "code_size", "up_factor", "people")  # sizes that are never 0
_STAGES = ("first", "last")
_HOLE = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Declared:
    """A topology as its YAML has it. In names, ``{side}`` stands for every side, ``{source}``/``{target}`` in swaps.

    Attributes:
        parts: name → {kind: …, sizes, start, trained, load}.
        route: one for all sides, or {A: …, default: …}.
        swaps: name → route, the primary one first; empty: the target's own route.
        code: the part whose output is the code.
        tie: weight of the loss that ties the sides' codes.
    """

    parts: Mapping[str, Mapping[str, Any]]
    route: str | Mapping[str, str]
    swaps: Mapping[str, str] = field(default_factory=dict)
    code: str = "encoder"
    tie: float = 0.0


ORIGINAL = Declared(
    parts={BY_GROUP: {"kind": "encoder"}, "decoder_{side}": {"kind": "decoder"}},
    route="encoder_{side} > decoder_{side}",
    swaps={"own": "encoder_{source} > decoder_{target}", "target": "encoder_{target} > decoder_{target}"},
    code=BY_GROUP,
)
"""The 2018 original, and what a run was before there were topologies; conf/topology/original.yaml says the same."""


@dataclass(frozen=True)
class Encoders:
    """The group ``encoders``.

    Attributes:
        count: 1 makes ``encoder_{side}`` one part for all sides, 2 one for each.
        equal: whether those of several sides start equal.
        trained: False: encoders keep their start, in every topology.
    """

    count: int = 1
    equal: bool = False
    trained: bool = True


def expand(
    declared: Declared, sides: Sequence[str], sizes: Sizes | None = None, encoders: Encoders | None = None
) -> Topology:
    """Return the topology for these sides.

    Args:
        declared: as the YAML has it.
        sides: two or more names.
        sizes: the numbers that a part takes where it names none.
        encoders: what the group of that name asks for.

    Raises:
        TopologyError: it cannot be built; the text shows where, and what there is.
    """
    sizes, encoders, sides = sizes or Sizes(), encoders or Encoders(), tuple(sides)
    names = _Names(sides, shared_encoder=BY_GROUP in declared.parts and encoders.count == 1)
    if encoders.count > 1 and BY_GROUP not in declared.parts:
        raise TopologyError(
            f"encoders=two: this topology has no part {BY_GROUP}, which alone can be one for each side. "
            "Use encoders=one, or topology=original."
        )
    parts = _parts(declared, names, sizes, encoders)
    routes = {side: _route(declared.route, side, names, parts) for side in sides}
    swaps = _swaps(declared.swaps, routes, names, parts)
    parts, shapes = _shaped(parts, [*routes.values(), *(r for by in swaps.values() for r in by.values())], sizes)
    used = {part for route in routes.values() for part in route.parts}
    idle = [part for part in parts if part not in used]
    if idle:
        raise TopologyError(f"topology.parts: {', '.join(idle)}: used by no side's route, so nothing trains it.")
    for side, route in routes.items():
        if not any(parts[name].trained and parts[name].spec.weighs for name in route.parts):
            raise TopologyError(f"topology.parts: on the route of {side} ({route.text}) every part is frozen.")
    _refuse_mistaken(routes, parts)
    code = _code(declared.code, names, routes, parts)
    if declared.tie and len(set(code.values())) == 1:
        raise TopologyError(
            f"topology.tie={declared.tie:g}: the sides share {code[sides[0]]}, so their codes need no tie. "
            "Use encoders=two, or topology.tie=0."
        )
    return Topology(sides, parts, routes, swaps, code, shapes, declared.tie)


def _refuse_mistaken(routes: Mapping[str, Route], parts: Mapping[str, Part]) -> None:
    """Refuse sides that nothing tells apart where others are: the model would draw a mixture of them."""
    alike = [(a, b) for a, b in combinations(routes, 2) if routes[a].names == routes[b].names]
    told = any(part.spec.told for part in parts.values())
    if alike and not told and len(alike) < len(routes) * (len(routes) - 1) // 2:
        one, other = alike[0]
        raise TopologyError(
            f"topology.route: {one} and {other} go through the same parts ({routes[one].text}), so nothing tells the "
            "model which of them to draw. Use fewer people, or a topology with parts of every side's own, such as "
            "topology=iae."
        )


@dataclass(frozen=True)
class _Names:
    """What stands for what in the names of parts."""

    sides: tuple[str, ...]
    shared_encoder: bool

    def fill(self, text: str, **sides: str) -> str:
        """Fill the holes in a name or a route; ``encoder_{side}`` is ``encoder`` where there is one for all."""
        if self.shared_encoder:
            text = re.sub(r"\bencoder_\{\w*\}", "encoder", text)
        for hole in _HOLE.finditer(text):
            if hole[1] not in sides:
                known = ", ".join(f"{{{name}}}" for name in sides)
                raise TopologyError(f"topology: {hole[0]} in '{text}' stands for nothing here. Known: {known}.")
        return text.format(**sides)


def _parts(declared: Declared, names: _Names, sizes: Sizes, encoders: Encoders) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for pattern, settings in declared.parts.items():
        for side in names.sides if SIDE in pattern else names.sides[:1]:
            name = names.fill(pattern, side=side)
            if not re.fullmatch(r"[A-Za-z]\w*", name):
                raise TopologyError(f"topology.parts: '{name}' is no name: a letter, then letters, digits and _ only.")
            found[name] = _part(name, side, settings, names, sizes, encoders)
    if not found:
        raise TopologyError("topology.parts: there are none; a topology needs at least an encoder and a decoder.")
    return found


def _part(name: str, side: str, settings: Mapping[str, Any], names: _Names, sizes: Sizes, encoders: Encoders) -> Part:
    where = f"topology.parts.{name}"
    if not isinstance(settings, Mapping) or settings.get("kind") not in KINDS:
        kind = settings.get("kind") if isinstance(settings, Mapping) else settings
        raise TopologyError(f"{where}.kind={kind}: no such kind of part. Known: {', '.join(KINDS)}.")
    kind = KINDS[settings["kind"]]
    usual = kind.usual(sizes) | ({"people": len(names.sides)} if kind.told else {})
    arguments = usual | {key: value for key, value in settings.items() if key not in _SETTINGS}
    spec = _spec(kind, arguments, where, settings)
    start = name if settings.get("start") is None else settings["start"]
    trained, load = settings.get("trained", True), settings.get("load")
    _typed(f"{where}.start", start, str)
    _typed(f"{where}.trained", trained, bool)
    _typed(f"{where}.load", load, str | None)
    if isinstance(spec, Encoder):
        trained = trained and encoders.trained
    start = names.fill(start, side=side)
    if start == f"encoder_{names.sides[0]}" or (encoders.equal and start == f"encoder_{side}"):
        start = "encoder"  # A's own encoder starts as the one for all would, so that the arms are paired
    return Part(settings["kind"], spec, start, trained, load)


def _spec(kind: type[Kind], arguments: Mapping[str, Any], where: str, own: Mapping[str, Any]) -> Kind:
    """Build the arguments of a part, or say which one is none, and whose it is where it is not the part's ``own``."""
    hints = _types(kind)
    made: dict[str, Any] = {}
    for key, value in arguments.items():
        if key not in hints:
            known = [*_SETTINGS, *hints]
            raise TopologyError(f"{where}.{key}: no such setting.{nearest(key, known)} Known: {', '.join(known)}.")
        whose = "" if key in own else f", here model.{kind.named.get(key, key)}"
        given = tuple(value) if isinstance(value, list) else value
        made[key] = _typed(f"{where}.{key}{whose}", given, hints[key], least=int(key in _FULL), stage=key in _STAGES)
    return kind(**made)


@cache
def _types(kind: Any) -> dict[str, Any]:
    """Return the type of each argument. Reading them costs more than all else here, and they never change."""
    hints = typing.get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in dataclasses.fields(kind)}


def _typed(where: str, value: Any, hint: Any, *, least: int = 0, stage: bool = False) -> Any:
    """Return a value of the type that is asked for; sizes are whole numbers up to 65536, shares from 0 to 1.

    Args:
        where: it stands.
        value: it.
        hint: its type.
        least: the smallest size.
        stage: it counts stages, from the end if it is below 0.
    """
    if isinstance(hint, types.UnionType):
        return value if value is None else _typed(where, value, typing.get_args(hint)[0], stage=stage)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        if not isinstance(value, tuple):
            such = "[64,32]" if inner is int else "[conv]"
            raise TopologyError(f"{where}={value!r}: expected a list such as {such}.")
        return tuple(_typed(f"{where}[{place}]", item, inner, least=least) for place, item in enumerate(value))
    if hint is float and type(value) in (int, float) and 0 <= value <= 1:
        return float(value)
    if hint is int and type(value) is int and (stage or least <= value <= 65536):
        return value
    if hint in (str, bool) and type(value) is hint:
        return value
    expected = {
        float: "a number from 0 to 1",
        int: f"a whole number from {least} to 65536",
        str: "a word",
        bool: "true or false",
    }
    raise TopologyError(f"{where}={value!r}: expected {expected[hint]}.")


def _route(declared: str | Mapping[str, str], side: str, names: _Names, parts: Mapping[str, Part]) -> Route:
    by_side = {DEFAULT: declared} if isinstance(declared, str) else declared
    strangers = [name for name in by_side if name not in (*names.sides, DEFAULT)]
    if strangers:
        raise TopologyError(
            f"topology.route.{strangers[0]}: no such side. Sides here: {', '.join(names.sides)}, and {DEFAULT}."
        )
    text = by_side.get(side, by_side.get(DEFAULT))
    if not isinstance(text, str):
        raise TopologyError(f"topology.route: side {side} has none. Add '{side}: …' or '{DEFAULT}: …'.")
    return parse(names.fill(text, side=side), f"topology.route of {side}", parts)


def _swaps(
    declared: Mapping[str, str], routes: Mapping[str, Route], names: _Names, parts: Mapping[str, Part]
) -> dict[str, dict[tuple[str, str], Route]]:
    """Return the swap paths; one that is the same as an earlier one for every pair is left out."""
    pairs = [(source, target) for source in names.sides for target in names.sides if source != target]
    if not declared:
        return {"target": {(source, target): routes[target] for source, target in pairs}}
    found: dict[str, dict[tuple[str, str], Route]] = {}
    for name, text in declared.items():
        if not re.fullmatch(r"[a-z]\w*", name) or not isinstance(text, str):
            raise TopologyError(f"topology.swaps.{name}={text!r}: expected a name in lower case and a route.")
        of_pair = {}
        for source, target in pairs:
            filled = names.fill(text, source=source, target=target)
            of_pair[source, target] = parse(filled, f"topology.swaps.{name} of {source} to {target}", parts)
        if not any(
            {k: r.text for k, r in of_pair.items()} == {k: r.text for k, r in f.items()} for f in found.values()
        ):
            found[name] = of_pair
    return found


def _code(declared: str, names: _Names, routes: Mapping[str, Route], parts: Mapping[str, Part]) -> dict[str, str]:
    """Return the part of each side's code, which is asked of a part without draws, and without who is meant."""
    code = {side: names.fill(declared, side=side) for side in routes}
    for side, name in code.items():
        on_route = routes[side].parts
        able = [other for other in on_route if not parts[other].spec.draws and not parts[other].spec.told]
        if name not in able:
            why = f"is not on the route of {side} ({routes[side].text})"
            if name in on_route:
                why = "is told whom to draw" if parts[name].spec.told else "draws anew for every sample"
            raise TopologyError(f"topology.code={declared}: {name} {why}. Name one of {', '.join(able)}.")
    return code


def _shaped(
    parts: Mapping[str, Part], routes: Sequence[Route], sizes: Sizes
) -> tuple[dict[str, Part], dict[str, Shape]]:
    """Follow a face through every route; return the parts, their last sizes known, and what each of them sees."""
    seen: dict[str, Shape] = {}
    known = dict(parts)
    for route in routes:
        shape = sizes.face
        for step in route.steps:
            out = [_through(route, word, shape, known, seen) for word in step]
            for word, other in zip(step[1:], out[1:]):
                if other[1] != out[0][1]:
                    raise route.wrong(
                        word, f"{shape_text(other)} cannot be joined to {shape_text(out[0])}: the sizes differ."
                    )
            shape = (sum(channels for channels, _ in out), out[0][1])
        last = route.steps[-1]
        faces = ((3, sizes.resolution), (4, sizes.resolution))  # the second with a mask
        if shape not in faces or not all(known[word.part].spec.ends for word in last):
            raise route.wrong(
                last[-1],
                f"A route must end with a decoder that draws 3 channels of {sizes.resolution}x{sizes.resolution}; "
                f"out of this comes {shape_text(shape)}.",
            )
    return known, seen


def _through(route: Route, word: Word, shape: Shape, parts: dict[str, Part], seen: dict[str, Shape]) -> Shape:
    part = parts[word.part]
    spec = part.spec.at(shape)
    try:
        out = spec.out(shape)
    except ValueError as error:
        raise route.wrong(word, f"It does not fit: {error}.") from error
    if seen.setdefault(word.part, shape) != shape:
        raise route.wrong(word, f"It sees {shape_text(shape)} here and {shape_text(seen[word.part])} elsewhere.")
    parts[word.part] = dataclasses.replace(part, spec=spec)
    return out
