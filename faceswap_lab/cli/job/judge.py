"""A composed configuration, judged as far as that goes without torch."""

from typing import Any

from faceswap_lab.cli.job.faces import check_identities
from faceswap_lab.cli.plugins import refusing_plugins
from faceswap_lab.config import Config, ConfigError, Options, load
from faceswap_lab.plugins.used import import_needed


def judged(composed: Any, options: Options) -> Config:
    """Return the typed configuration.

    Args:
        composed: as Hydra composed it.
        options: the options of every group.

    Raises:
        ConfigError: a value means nothing (Conflict: a combination), nobody can draw a face, a transform is
            unknown, or an installed plugin cannot be imported.
        omegaconf.errors.OmegaConfBaseException: a value refers to what is not there.
    """
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(composed, resolve=True)
    with refusing_plugins():
        import_needed(plain, options.folders[0])
    config = load(plain, options)
    check_identities(config)
    for key in ("photometric", "photometric_input"):
        transforms = getattr(config.augmentation, key)
        if not transforms:
            continue
        from faceswap_lab.data.photometric import Photometric  # loads albumentations

        try:
            Photometric(transforms)
        except ValueError as error:
            raise ConfigError(f"augmentation.{key}: {error}") from error
    return config
