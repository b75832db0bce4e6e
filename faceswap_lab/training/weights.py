"""Trained weights as safetensors: plain tensors that run no code, with the architecture in the file's metadata."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise

from faceswap_lab.models.autoencoder import Architecture, Autoencoder
from faceswap_lab.runs.atomic import write_bytes


def save_weights(path: Path, autoencoder: Autoencoder) -> None:
    """Write the weights whole or not at all; ``load_weights`` needs nothing else to rebuild the model."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in autoencoder.state_dict().items()}
    metadata = {"format": "faceswap_lab/1", "architecture": json.dumps(asdict(autoencoder.architecture))}
    write_bytes(path, serialise(tensors, metadata))


def load_weights(path: Path) -> Autoencoder:
    """Rebuild a trained model from its file. Nothing in the file is executed.

    Raises:
        ValueError: the file is no such file, or is damaged; the message names it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads(file.metadata()["architecture"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        arguments: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in described.items()}
        autoencoder = Autoencoder(Architecture(**arguments))
        autoencoder.load_state_dict(tensors)
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} holds no weights of faceswap_lab: {error}") from error
    return autoencoder
