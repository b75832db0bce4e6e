"""A composed configuration, judged as far as that goes without torch; and, before a training, by its functions."""

from typing import Any

from faceswap_lab.cli.job.faces import check_identities, check_judges
from faceswap_lab.cli.job.shrinking import shrink
from faceswap_lab.cli.plugins import refusing_plugins
from faceswap_lab.config import Config, ConfigError, Options, load
from faceswap_lab.config.terms import BESIDE
from faceswap_lab.plugins.plugin import REGISTRIES, registry_of
from faceswap_lab.plugins.used import chosen, import_needed
from faceswap_lab.refusal import nearest
from faceswap_lab.runs.identity import plain


def judged(composed: Any, options: Options) -> Config:
    """Return the typed configuration of a composed one, which gets other sizes where ``shrink=`` asks for them.

    Raises:
        ConfigError: a value means nothing (Conflict: a combination), nobody can draw a face, a transform is
            unknown, or an installed plugin cannot be imported.
        omegaconf.errors.OmegaConfBaseException: a value refers to what is not there.
    """
    from omegaconf import OmegaConf

    container = OmegaConf.to_container(composed, resolve=True)
    with refusing_plugins():
        import_needed(container, options.folders[0])
    config = load(container, options)
    check_identities(config)
    check_judges(config)
    for key in ("photometric", "photometric_input"):
        transforms = getattr(config.augmentation, key)
        if not transforms:
            continue
        from faceswap_lab.data.photometric import Photometric  # loads albumentations

        try:
            Photometric(transforms)
        except ValueError as error:
            raise ConfigError(f"augmentation.{key}: {error}") from error
    return shrink(config, composed, options)


def check_functions(config: Config) -> None:
    """Refuse a name that has a YAML and no function, as when someone has written but one of the two. Loads torch.

    Raises:
        ConfigError: names the file that wants the function, and the names that have one.
    """
    for what, name in chosen(plain(config)):
        known = registry_of(what)
        if name not in known and not (what == "loss" and name in BESIDE):
            module, registry = REGISTRIES[what]
            raise ConfigError(
                f"{what}={name}: no function of that name in {module.replace('.', '/')}.py.{nearest(name, known)} "
                f"Known: {', '.join(known)}. Write one and name it in {registry}, name the plugin that has it "
                "(plugins=[its_module]), or choose one of these."
            )
