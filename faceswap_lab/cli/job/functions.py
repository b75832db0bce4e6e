"""Names that must have a function: asked of the registries themselves, so torch is loaded. Only before a training."""

from faceswap_lab.config import Config, ConfigError
from faceswap_lab.plugins.plugin import REGISTRIES, registry_of
from faceswap_lab.plugins.used import chosen
from faceswap_lab.refusal import nearest
from faceswap_lab.runs.identity import plain


def check_functions(config: Config) -> None:
    """Refuse a name that has a YAML and no function, as when someone has written but one of the two.

    Raises:
        ConfigError: names the file that wants the function, and the names that have one.
    """
    for what, name in chosen(plain(config)):
        known = registry_of(what)
        if name not in known:
            module, registry = REGISTRIES[what]
            raise ConfigError(
                f"{what}={name}: no function of that name in {module.replace('.', '/')}.py.{nearest(name, known)} "
                f"Known: {', '.join(known)}. Write one and name it in {registry}, name the plugin that has it "
                "(plugins=[its_module]), or choose one of these."
            )
