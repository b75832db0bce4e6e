"""A model's whole interface: a topology, and what stands in its parts. Plain numbers, to and from JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from faceswap_lab.models.activations import HIDDEN, OUTPUT, ValueRange
from faceswap_lab.models.initialisation import INITIALISATIONS
from faceswap_lab.topology import KINDS, ORIGINAL, Encoders, Part, Sizes, Topology, expand, parse


@dataclass(frozen=True)
class Architecture:
    """What a model is made from. ``original()`` is that of 2018."""

    resolution: int
    topology: Topology
    encoder_activation: str = "leaky_relu"
    encoder_slope: float | None = 0.1
    decoder_activation: str = "sigmoid"
    value_range: ValueRange = "unit"
    initialisation: str = "glorot"

    def __post_init__(self) -> None:
        for what, name, registry in (
            ("encoder_activation", self.encoder_activation, HIDDEN),
            ("decoder_activation", self.decoder_activation, OUTPUT),
            ("initialisation", self.initialisation, INITIALISATIONS),
        ):
            if name not in registry:
                raise ValueError(f"{what}={name}: no function of that name. Known: {', '.join(registry)}.")
        if self.value_range not in ("unit", "signed"):
            raise ValueError(f"value_range={self.value_range}: must be unit or signed.")

    @property
    def sides(self) -> tuple[str, ...]:
        """A, B, C, …"""
        return self.topology.sides


def original(
    resolution: int = 64,
    encoder_widths: tuple[int, ...] = (128, 256, 512, 1024),
    code_size: int = 1024,
    bridge_width: int = 512,
    decoder_widths: tuple[int, ...] = (256, 128, 64),
    *,
    encoders: int = 1,
    encoder_start: str | None = None,
    sides: tuple[str, ...] = ("A", "B"),
    **others: Any,
) -> Architecture:
    """Return the architecture of 2018, by default at its own size: 82,062,470 parameters.

    Args:
        encoders: 1, or 2 for one per side.
        encoder_start: "equal": those of all sides begin as copies of A's.
        sides: whose decoders there are.
        others: further fields of ``Architecture``.
    """
    sizes = Sizes(resolution, encoder_widths, code_size, bridge_width, decoder_widths)
    topology = expand(ORIGINAL, sides, sizes, Encoders(encoders, equal=encoder_start == "equal"))
    return Architecture(resolution, topology, **others)


def to_plain(architecture: Architecture) -> dict[str, Any]:
    """Return an architecture in JSON's types."""
    t = architecture.topology
    others = {name: value for name, value in vars(architecture).items() if name != "topology"}
    return others | {
        "sides": list(t.sides),
        "parts": {name: asdict(part) for name, part in t.parts.items()},
        "routes": {side: route.text for side, route in t.routes.items()},
        "swaps": {path: [[*pair, route.text] for pair, route in by.items()] for path, by in t.swaps.items()},
        "code": dict(t.code),
        "shapes": {part: list(shape) for part, shape in t.shapes.items()},
        "tie": t.tie,
    }


def from_plain(plain: dict[str, Any]) -> Architecture:
    """Return the architecture that ``to_plain`` described; whatever is wrong with it raises some error."""
    p = dict(plain)
    parts = {name: _part(**described) for name, described in p.pop("parts").items()}
    topology = Topology(
        sides=tuple(p.pop("sides")),
        parts=parts,
        routes={side: parse(text, side, parts) for side, text in p.pop("routes").items()},
        swaps={
            path: {(source, target): parse(text, path, parts) for source, target, text in by}
            for path, by in p.pop("swaps").items()
        },
        code=p.pop("code"),
        shapes={part: (shape[0], shape[1]) for part, shape in p.pop("shapes").items()},
        tie=p.pop("tie"),
    )
    return Architecture(topology=topology, **p)


def _part(kind: str, spec: dict[str, Any], **others: Any) -> Part:
    others.pop("frozen_from", None)  # of weights that were written before there were events
    sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in spec.items()}
    return Part(kind=kind, spec=KINDS[kind](**sizes), **others)
