"""The typed configuration: every field, its unit and bounds, and the only place that judges one.

Nothing here imports torch, Hydra or NumPy, so that saying no to a typing error takes a moment.
"""

from dataclasses import replace

from faceswap_lab.config.check import read
from faceswap_lab.config.data import FoldersData, PeopleData, RenderedData, TwinsData
from faceswap_lab.config.derived import draws_masks, knows_end, side_weights_of, sides_of, sizes_of, topology_of
from faceswap_lab.config.events import events_of
from faceswap_lab.config.rules import check_rules
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import terms_of
from faceswap_lab.options import Options
from faceswap_lab.refusal import ConfigError, Conflict

__all__ = [
    "Config", "ConfigError", "Conflict", "FoldersData", "Options", "PeopleData", "RenderedData", "TwinsData",
    "check_rules", "draws_masks", "events_of", "knows_end", "load", "read", "side_weights_of", "sides_of", "sizes_of",
    "terms_of", "topology_of",
]  # fmt: skip


def load(plain: object, options: Options) -> Config:
    """Return the typed configuration for a composed plain one, whose interpolations are resolved.

    Every value has the right type, lies in its bounds and makes sense with the others. The name of a group is one of
    its options, and it has the numbers that the option's YAML has.

    Raises:
        ConfigError: a value has not the right type or bounds.
        Conflict: each has, and some make no sense with the others.
    """
    config = read(Config, plain, options)
    if isinstance(config.data, TwinsData) and config.data.identities:
        config = replace(config, data=_canonical(config.data))
    try:
        check_rules(config, options)
    except ConfigError as error:
        raise Conflict(str(error)) from None
    return config


def _canonical(data: TwinsData) -> TwinsData:
    """Write the same people in the same way, so that they are the same run: A and B, and all if there are more.

    With identities given, identity_a and identity_b mean nothing of their own, and two identities are what runs knew
    before there could be more.
    """
    if len(data.identities) < 2:  # the rules refuse that
        return data
    a, b, *more = data.identities
    return replace(data, identity_a=a, identity_b=b, identities=data.identities if more else ())
