"""Which run a configuration is: its own hash, with what it names by a path, and its plugins, known by content."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from faceswap_lab.cli.job.faces import faces_of, renderer
from faceswap_lab.config import Config, ConfigError, RenderedData, topology_of
from faceswap_lab.plugins.used import used
from faceswap_lab.runs.identity import plain, run_hash
from faceswap_lab.runs.result import sha256_of


def digest_of(config: Config, faces: str | None = None) -> str:
    """Return the hash in the run folder's name; ``faces`` is the fingerprint of a person's pictures, where it is known.

    Raises:
        ConfigError: the weights that a part is to start from are not there, or no weights.
    """
    return hash_of(config, data_of(config, faces))


def hash_of(config: Config, data: str) -> str:
    """Return the hash of a run on the data with the fingerprint ``data``."""
    return run_hash(config, data, {plugin.module: plugin.sha256 for plugin in used(plain(config))})


def data_of(config: Config, faces: str | None = None) -> str:
    """Return the fingerprint of what the configuration names by a path, or, as rendered faces, by a recipe."""
    rendered = isinstance(config.data, RenderedData)
    fingerprint = renderer() if rendered else faces or faces_of(config).fingerprint
    weights = loaded_weights(config)
    return f"{fingerprint}, weights {sha256_of(weights)}" if weights else fingerprint


def loaded_weights(config: Config) -> Path | None:
    """Return the weights file that parts start from; None: there is no such part."""
    if all(part.load is None for part in topology_of(config).parts.values()):
        return None
    path = Path(config.topology.load or "")
    try:
        with safe_open(path, framework="numpy"):  # its header alone is read
            return path
    except (OSError, SafetensorError) as error:
        why = f"it holds no weights ({error})" if path.is_file() else "no such file"
        raise ConfigError(
            f"topology.load={path}: {why}. It is a finished run's weights, such as runs/<run>/weights.safetensors."
        ) from error
