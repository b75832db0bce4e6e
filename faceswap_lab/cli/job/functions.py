"""Names that must have a function: asked of the registries themselves, so torch is loaded. Only before a training."""

from importlib import import_module

from faceswap_lab.config import Config, ConfigError, topology_of
from faceswap_lab.config.refusal import nearest

_REGISTRIES = {
    "encoder_activation": ("models/activations", "HIDDEN"),
    "decoder_activation": ("models/activations", "OUTPUT"),
    "upsampler": ("models/upsamplers", "UPSAMPLERS"),
    "norm": ("models/norms", "NORMS"),
    "padding": ("models/blocks", "PADDINGS"),
    "bottleneck": ("models/bottlenecks", "BOTTLENECKS"),
    "initialisation": ("models/initialisation", "INITIALISATIONS"),
    "update_order": ("orders", "ORDERS"),
    "optimizer": ("training/step/optimizers", "OPTIMIZERS"),
    "optimizer_state": ("training/step/optimizers", "STATES"),
    "schedule": ("schedules", "SCHEDULES"),
    "loss": ("training/step/losses", "LOSSES"),
}


_OF_PARTS = ("upsampler", "norm", "padding", "bottleneck")  # a part may name its own


def check_functions(config: Config) -> None:
    """Refuse a name that has a YAML and no function, as when someone has written but one of the two.

    Raises:
        ConfigError: names the file that wants the function, and the names that have one.
    """
    for group, (module, registry) in _REGISTRIES.items():
        named = {group: getattr(config, group).name}
        if group in _OF_PARTS:
            parts = topology_of(config).parts
            named |= {f"topology.parts.{part}.{group}": getattr(parts[part].spec, group, None) for part in parts}
        known = getattr(import_module(f"faceswap_lab.{module.replace('/', '.')}"), registry)
        for key, name in named.items():
            if name is not None and name not in known:
                raise ConfigError(
                    f"{key}={name}: no function of that name in faceswap_lab/{module}.py.{nearest(name, known)} "
                    f"Known: {', '.join(known)}. Write one and name it in {registry}, or choose one of these."
                )
