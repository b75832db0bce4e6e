"""A kind of part that computes across the batch, and a topology with it: no shipped kind does."""

from dataclasses import dataclass

from faceswap_lab.models.part import Part
from faceswap_lab.models.parts import MODULES
from faceswap_lab.topology import Declared
from faceswap_lab.topology.kind import Kind
from faceswap_lab.topology.kinds import KINDS

NORMALISED = Declared(
    {name: {"kind": name} for name in ("encoder", "normalised")} | {"decoder_{side}": {"kind": "decoder"}},
    "encoder > normalised > decoder_{side}",
    code="encoder",
)


class Normalised(Part):
    """Takes the mean over the whole batch away: what comes out for a face depends on the others."""

    def forward(self, x):
        return x - x.mean(dim=(0, 2, 3), keepdim=True)


@dataclass(frozen=True)
class NormalisedKind(Kind):
    across_batch = True
    weighs = False

    @classmethod
    def usual(cls, sizes):
        return {}

    def stages(self, seen):
        return [seen, seen]


def add_kind(monkeypatch):
    """Make the kind known."""
    monkeypatch.setitem(KINDS, "normalised", NormalisedKind)
    monkeypatch.setitem(MODULES, "normalised", lambda spec, seen, activation: Normalised())
