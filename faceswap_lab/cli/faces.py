"""The faces a configuration names. Nothing here loads torch."""

from pathlib import Path

from faceswap_lab.config import Config, ConfigError, FoldersData, TwinsData
from faceswap_lab.data.faces import FaceData
from faceswap_lab.runs.atomic import StorageError

STORED = 4  # pixels kept per pixel the network sees, each way; 2018: 256 px for a network of 64 px


def faces_of(config: Config) -> FaceData:
    """Load or render the faces.

    Raises:
        ConfigError: what the configuration names is not there or cannot be used.
        StorageError: the cache cannot be written or read.
    """
    from faceswap_lab.data.cache import CacheError

    load = _twins if isinstance(config.data, TwinsData) else _folders
    try:
        return load(config, config.data)  # type: ignore[arg-type]
    except CacheError as error:
        raise StorageError(str(error), Path(config.cache_dir or "."), error.errno or 0) from error
    except ValueError as error:
        raise error if isinstance(error, ConfigError) else ConfigError(f"data: {error}") from error


def check_identities(config: Config) -> None:
    """Refuse twins that nobody can draw, or that are the same person under two names."""
    from faceswap_lab.data.twin_sets import different_people

    if not isinstance(config.data, TwinsData):
        return
    try:
        different_people(config.data.people)
    except ValueError as error:
        raise ConfigError(f"{config.data.overrides}: {error}") from error


def renderer() -> str:
    """Return what stands for the content of rendered faces, which are not looked at to know which run it is."""
    from faceswap_lab.twins import RENDERER_VERSION

    return f"twins, renderer {RENDERER_VERSION}"


def _twins(config: Config, data: TwinsData) -> FaceData:
    from faceswap_lab.data.twin_sets import load_twins

    return load_twins(
        people=data.people,
        faces=data.faces,
        held_out=data.held_out,
        size=STORED * config.model.resolution,
        seed=data.seed,
        pose=data.pose,  # type: ignore[arg-type]  # judged at the door, as are the next two
        light=data.light,  # type: ignore[arg-type]
        background=data.background,  # type: ignore[arg-type]
        cache_dir=config.cache_dir,
        progress=config.progress,
    )


def _folders(config: Config, data: FoldersData) -> FaceData:
    from faceswap_lab.data.folders import load_folders

    return load_folders(
        folders=(data.a, data.b),
        held_out=int(data.held_out) if data.held_out >= 1 else data.held_out,
        rule=data.split,  # type: ignore[arg-type]  # judged at the door
        size=STORED * config.model.resolution,
        coverage=config.augmentation.coverage,
        cache_dir=config.cache_dir,
        progress=config.progress,
    )
