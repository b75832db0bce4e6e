"""How parts are wired: kinds of parts, routes, swap paths. Nothing here imports torch, so a bad route costs no wait."""

from faceswap_lab.topology.blocks import Blocks, Bottleneck, Residuals, Shape
from faceswap_lab.topology.expand import ORIGINAL, Declared, Encoders, expand
from faceswap_lab.topology.kind import Kind, Sizes
from faceswap_lab.topology.kinds import KINDS
from faceswap_lab.topology.routes import Route, TopologyError, Word, parse
from faceswap_lab.topology.topology import Part, Topology

__all__ = [
    "KINDS", "ORIGINAL", "Blocks", "Bottleneck", "Declared", "Encoders", "Kind", "Part", "Residuals", "Route", "Shape",
    "Sizes", "Topology", "TopologyError", "Word", "expand", "parse",
]  # fmt: skip
