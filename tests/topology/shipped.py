"""The shipped topologies, at the sizes of the smallest models."""

from omegaconf import OmegaConf

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.topology import Declared, Encoders, Sizes, expand

SIZES = Sizes(32, (4, 4, 4), 8, 4, (4, 4))
SHIPPED = sorted(path.stem for path in (conf_dir() / "topology").glob("*.yaml"))


MOST_SIDES = {"liae": 2, "liae_faceswap": 2}  # their third side would go the way of another


def declared(name, **changes):
    """Return what conf/topology/<name>.yaml declares, with changes such as ``split=1``."""
    config = OmegaConf.merge(
        {"topology": OmegaConf.load(conf_dir() / "topology" / f"{name}.yaml")}, {"topology": changes}
    )
    plain = OmegaConf.to_container(config, resolve=True)["topology"]
    return Declared(*(plain[key] for key in ("parts", "route", "swaps", "code", "tie")))


def shipped(name, sides=("A", "B"), sizes=SIZES, **changes):
    """Return a shipped topology for these sides; ``tied`` has two encoders, or it would mean nothing."""
    return expand(declared(name, **changes), sides, sizes, Encoders(2 if name == "tied" else 1))


def architecture(name, sides=("A", "B"), **changes):
    """Return the smallest model of a shipped topology."""
    return Architecture(32, shipped(name, sides, **changes))
