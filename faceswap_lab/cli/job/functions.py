"""Names that must have a function: asked of the registries themselves, so torch is loaded. Only before a training."""

from importlib import import_module

from faceswap_lab.config import Config, ConfigError, terms_of
from faceswap_lab.config.refusal import nearest

_REGISTRIES = {
    "encoder_activation": ("models/activations", "HIDDEN"),
    "decoder_activation": ("models/activations", "OUTPUT"),
    "initialisation": ("models/initialisation", "INITIALISATIONS"),
    "update_order": ("orders", "ORDERS"),
    "optimizer": ("training/step/optimizers", "OPTIMIZERS"),
    "optimizer_state": ("training/step/optimizers", "STATES"),
    "loss": ("training/step/losses", "LOSSES"),
}


def check_functions(config: Config) -> None:
    """Refuse a name that has a YAML and no function, as when someone has written but one of the two.

    Raises:
        ConfigError: names the file that wants the function, and the names that have one.
    """
    asked = {group: [getattr(config, group).name] for group in _REGISTRIES}
    asked["loss"] = [term.kind for term in terms_of(config.loss, config.model.resolution).values()]
    for group, (module, registry) in _REGISTRIES.items():
        known = getattr(import_module(f"faceswap_lab.{module.replace('/', '.')}"), registry)
        for name in [name for name in asked[group] if name not in known]:
            raise ConfigError(
                f"{group}={name}: no function of that name in faceswap_lab/{module}.py.{nearest(name, known)} "
                f"Known: {', '.join(known)}. Write one and name it in {registry}, or choose one of these."
            )
