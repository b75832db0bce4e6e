"""What must hold for the terms of a loss that discriminators judge."""

from faceswap_lab.config.derived import topology_of
from faceswap_lab.config.rules.codes import any_trained, of_one_size
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import Adversarial, AdversarialCode, terms_of
from faceswap_lab.orders import ORDERS
from faceswap_lab.refusal import ConfigError
from faceswap_lab.topology import Topology


def check_adversarial(config: Config) -> None:
    """Raise ConfigError for the first of these terms that cannot work."""
    for name, term in terms_of(config.loss, config.model.resolution).items():
        if isinstance(term, Adversarial):
            topology = topology_of(config)
            _sides(f"loss.terms.{name}", term, topology, config.update_order.name)
            if isinstance(term, AdversarialCode):
                _codes(f"loss.terms.{name}", term, topology, config.update_order.name)


def _sides(where: str, term: Adversarial, topology: Topology, order: str) -> None:
    strangers = [side for side in term.sides if side not in topology.sides]
    if strangers:
        raise ConfigError(
            f"{where}.sides={list(term.sides)}: there is no side {strangers[0]}. Name some of "
            f"{', '.join(topology.sides)}, or none for all of them."
        )
    choice = ORDERS.get(order)
    if choice and all(choice.idle(side) for side in term.sides or topology.sides):
        raise ConfigError(
            f"{where}.sides={list(term.sides)} with update_order={order}: none of them is ever trained. Name "
            f"{choice.only}, or use another order."
        )


def _codes(where: str, term: AdversarialCode, topology: Topology, order: str) -> None:
    """Codes must come from every side, be of one size, and move."""
    choice = ORDERS.get(order)
    if choice and (choice.only or choice.blocks):
        raise ConfigError(
            f"{where} with update_order={order}: codes can be told apart only where every side has some in every step. "
            "Use update_order=a_then_b, or leave the term out."
        )
    if not of_one_size(topology):
        raise ConfigError(
            f"{where}: the codes of {' and '.join(dict.fromkeys(topology.code.values()))} are of different sizes, so "
            "their origin is plain. Give them the same, or leave the term out."
        )
    for side in term.sides or topology.sides:
        made_by = topology.up_to_code(side)
        if not any_trained(topology, made_by):
            raise ConfigError(
                f"{where}: what makes the code of {side} ({', '.join(made_by)}) is not trained, so it cannot learn to "
                "fool anybody. Use encoders=one, or leave the term out."
            )
