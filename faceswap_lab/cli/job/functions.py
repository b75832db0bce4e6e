"""Names that must have a function: asked of the registries themselves, so torch is loaded. Only before a training."""

from importlib import import_module

from faceswap_lab.config import Config, ConfigError
from faceswap_lab.config.refusal import nearest

_REGISTRIES = {
    "encoder_activation": ("models/activations", "HIDDEN"),
    "decoder_activation": ("models/activations", "OUTPUT"),
    "initialisation": ("models/initialisation", "INITIALISATIONS"),
    "update_order": ("orders", "ORDERS"),
    "optimizer": ("training/step/optimizers", "OPTIMIZERS"),
    "optimizer_state": ("training/step/optimizers", "STATES"),
    "schedule": ("schedules", "SCHEDULES"),
    "loss": ("training/step/losses", "LOSSES"),
}


def check_functions(config: Config) -> None:
    """Refuse a name that has a YAML and no function, as when someone has written but one of the two.

    Raises:
        ConfigError: names the file that wants the function, and the names that have one.
    """
    for group, (module, registry) in _REGISTRIES.items():
        name = getattr(config, group).name
        known = getattr(import_module(f"faceswap_lab.{module.replace('/', '.')}"), registry)
        if name not in known:
            raise ConfigError(
                f"{group}={name}: no function of that name in faceswap_lab/{module}.py.{nearest(name, known)} "
                f"Known: {', '.join(known)}. Write one and name it in {registry}, or choose one of these."
            )
