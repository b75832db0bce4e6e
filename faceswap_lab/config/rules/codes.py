"""What must hold for the sides' codes where something compares them."""

from collections.abc import Iterable

from faceswap_lab.topology import Topology


def of_one_size(topology: Topology) -> bool:
    """Tell whether the sides' codes are equally large, whatever parts make them: units, or else a map."""
    sizes = {
        getattr(topology.parts[part].spec, "code_size", None) or topology.parts[part].spec.out(topology.shapes[part])
        for part in topology.code.values()
    }
    return len(sizes) == 1


def any_trained(topology: Topology, parts: Iterable[str]) -> bool:
    """Tell whether one of these parts has weights that training moves."""
    return any(topology.parts[part].trained and topology.parts[part].spec.weighs for part in parts)
