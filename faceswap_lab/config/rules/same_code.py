"""What must hold for a term of a loss that asks for the same code of the same state."""

from faceswap_lab.config.data import RenderedData
from faceswap_lab.config.derived import topology_of
from faceswap_lab.config.rules.codes import any_trained, of_one_size
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import same_codes, terms_of
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.refusal import ConfigError


def check_same_code(config: Config) -> None:
    """Raise ConfigError if there is such a term and it cannot work."""
    names = same_codes(terms_of(config.loss, config.model.resolution))
    if names:
        where = f"loss.terms.{names[0]}"
        _pairs(config, where)
        _codes(config, where)


def _pairs(config: Config, where: str) -> None:
    """All sides must show the same state at the same place of their batches."""
    if not isinstance(config.data, RenderedData):
        raise ConfigError(
            f"{where} with data=folders: which pictures of two real people show the same state nobody knows. "
            "Use data=twins or data=people with data.states=shared, or leave the term out."
        )
    if config.data.states != "shared":
        raise ConfigError(
            f"{where} with data.states={config.data.states}: no two faces show the same state. Add data.states=shared."
        )
    if config.augmentation.flips:
        raise ConfigError(
            f"{where} with augmentation.flips={list(config.augmentation.flips)}: where one side is mirrored and the "
            "other is not, they do not show the same state. Use augmentation.flip and augmentation.flips=[]."
        )


def _codes(config: Config, where: str) -> None:
    """Codes must be of one size, move, and be of all sides in one update."""
    topology, order = topology_of(config), config.update_order.name
    if order in ORDERS and not Plan(order, topology.sides, 2).reaches_all:
        raise ConfigError(
            f"{where} with update_order={order}: codes can be compared only where all sides are in one update. "
            "Use update_order=joint optimizer_state=shared."
        )
    if not of_one_size(topology):
        raise ConfigError(
            f"{where}: the codes of {' and '.join(dict.fromkeys(topology.code.values()))} are of different sizes, so "
            "no unit of one is a unit of the other. Give them the same, or leave the term out."
        )
    made_by = [part for side in topology.sides for part in topology.up_to_code(side)]
    if not any_trained(topology, made_by):
        raise ConfigError(
            f"{where}: nothing of what makes the codes ({', '.join(dict.fromkeys(made_by))}) is trained, so they stay "
            "as they are. Use encoders=one, or leave the term out."
        )
