"""Trained weights as safetensors: plain tensors that run no code, with the architecture in the file's metadata."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor

from faceswap_lab.models.architecture import Architecture, from_plain, original, to_plain
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.renamed import renamed
from faceswap_lab.runs.atomic import write_bytes

_FORMAT, _BEFORE_TOPOLOGIES = 2, 1
_KEY = "faceswap_lab"  # one key, because safetensors writes several in an order that changes


class BadWeights(ValueError):
    """A file that holds no weights, or not those that are wanted; the message names it."""


def save_weights(path: Path, autoencoder: Autoencoder) -> None:
    """Write the weights whole or not at all; ``load_weights`` needs nothing else to rebuild the model.

    The same weights give the same bytes.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in autoencoder.state_dict().items()}
    described = {"format": _FORMAT, "architecture": to_plain(autoencoder.architecture)}
    write_bytes(path, serialise(tensors, {_KEY: json.dumps(described)}))


def load_weights(path: Path) -> Autoencoder:
    """Rebuild a trained model from its file. Nothing in the file is executed, and no more memory taken than it fills.

    Raises:
        BadWeights: the file is no such file, or is damaged.
    """
    try:
        architecture, tensors = _read(path)
        with torch.device("meta"):  # a file may claim any size
            autoencoder = Autoencoder(architecture)
        _check_shapes(autoencoder, tensors)
        autoencoder.to_empty(device="cpu").load_state_dict(tensors)
    except Exception as error:  # a stranger's file can be wrong in every way there is
        raise BadWeights(f"{path} holds no weights of faceswap_lab: {error or type(error).__name__}") from error
    return autoencoder


def load_part(path: Path, part: str) -> tuple[dict[str, Tensor], Architecture]:
    """Return the weights of one part of a trained model, by their names inside the part, and what model it was.

    Raises:
        BadWeights: the file is no such file, or has no such part.
    """
    autoencoder = load_weights(path)
    if part not in autoencoder.parts:
        raise BadWeights(f"{path} has no part {part}. It has {', '.join(autoencoder.parts)}.")
    return dict(autoencoder.parts[part].state_dict()), autoencoder.architecture


def _read(path: Path) -> tuple[Architecture, dict[str, Tensor]]:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if _KEY not in metadata:
            raise ValueError(f"its metadata has no '{_KEY}'")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    described = json.loads(metadata[_KEY])
    if described["format"] == _BEFORE_TOPOLOGIES:
        return original(**_tuples(described["architecture"])), renamed(tensors)
    if described["format"] != _FORMAT:
        raise ValueError(f"it is of format {described['format']}, and this version reads {_FORMAT}")
    return from_plain(described["architecture"]), tensors


def _tuples(described: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in described.items()}


def _check_shapes(autoencoder: Autoencoder, tensors: dict[str, Tensor]) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in autoencoder.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in expected.keys() | found.keys():
        if expected.get(name) != found.get(name):
            raise ValueError(f"{name} is {found.get(name, 'missing')}, where {expected.get(name, 'nothing')} belongs")
