"""``swap``: a finished run's model on aligned face pictures, written as pictures that say what they are."""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np

from faceswap_lab.cli.messages import say
from faceswap_lab.config import ConfigError
from faceswap_lab.data.picture_files import find_pictures, printable
from faceswap_lab.refusal import nearest
from faceswap_lab.runs.atomic import make_folder

_LONGEST = 180  # bytes of a picture's name; file systems take 255, and the writer adds to it for a moment
_SETTINGS = {"source": "A", "target": "B", "out": "swaps", "cropped": "false"}


def swap(words: Sequence[str]) -> int:
    """Write the swap of each picture as ``<out>/<name>-A-to-B.png``, and return the exit code: 1 if one was refused.

    Raises:
        ConfigError: the words mean nothing, there is no finished run, or nothing to swap.
        faceswap_lab.runs.atomic.StorageError: the swaps cannot be written.
    """
    settings, paths = _read(words)
    if len(paths) < 2:
        raise ConfigError("swap: expected a run folder and pictures. Usage: swap RUN_FOLDER PICTURE ... [out=FOLDER]")
    from faceswap_lab.evaluation.png import write_png
    from faceswap_lab.training.saved.trained import TrainedModel

    source, target, out = settings["source"], settings["target"], Path(os.path.expanduser(settings["out"]))
    try:
        model = TrainedModel(paths[0])
    except ValueError as error:
        raise ConfigError(f"swap: {error}") from error
    for side in (source, target):
        if side not in model.sides:
            raise ConfigError(f"swap: side {side!r}: {model.folder.name} knows {', '.join(model.sides)}.")
    for path in paths[1:]:
        if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
            raise ConfigError(f"swap: out={out} lies in {path}: its swaps would be taken for pictures. Name another.")
    files = [file for path in paths[1:] for file in (find_pictures(path).pictures if path.is_dir() else [path])]
    if not files:
        raise ConfigError(f"swap: no pictures in {', '.join(map(str, paths[1:]))}.")
    make_folder(out)
    refused, taken, cropped = 0, set[Path](), settings["cropped"] == "true"
    for file in files:
        try:
            face = np.asarray(model.swap(file, source, target, cropped=cropped))
        except ValueError as error:
            say(f"swap: {error}")
            refused += 1
            continue
        about = _about(model.folder.name, file, source, target, cropped)
        written = _place(out, printable(file.stem), f"-{source}-to-{target}.png", about, taken)
        taken.add(written)
        write_png(written, face, about, "trainedAlgorithmicMedia")
        print(written)
    return int(bool(refused))


def _read(words: Sequence[str]) -> tuple[dict[str, str], list[Path]]:
    settings, paths = dict(_SETTINGS), []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in settings:
            settings[name] = value
        elif equals and not Path(word).exists():
            raise ConfigError(
                f"swap: there is no setting '{name}'.{nearest(name, settings)} Known: {', '.join(settings)}."
            )
        else:
            paths.append(Path(word))
    if settings["cropped"] not in ("true", "false"):
        raise ConfigError(f"swap: cropped={settings['cropped']}: true or false.")
    return settings, paths


def _place(out: Path, stem: str, ending: str, about: Mapping[str, str], taken: Collection[Path]) -> Path:
    """Return where a swap goes: pictures of several folders or kinds may share a stem, and so do those of two runs.

    Only the same swap is written anew, which is one that says the same about itself.
    """
    stem = stem.encode()[:_LONGEST].decode(errors="ignore")
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    places = (out / f"{name}{ending}" for name in names)
    return next(
        place
        for place in places
        if place not in taken and (not place.exists() or _description_of(place) == about["Description"])
    )


def _description_of(path: Path) -> str:
    """Return what a picture says about itself; nothing where it is none."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return str(picture.info.get("Description", ""))
    except (OSError, ValueError):
        return ""


def _about(run: str, file: Path, source: str, target: str, cropped: bool) -> dict[str, str]:
    """Return what a swap says about itself: names recur (000001.png of every film), so its picture's digest is told."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    described = (
        f"Synthetic: this face was made by a model, {run}, as {target} in the state of {source} in "
        f"{printable(file.name)} (SHA-256 {digest}{', cropped' if cropped else ''})"
    )
    return {"Software": "faceswap_lab", "Title": f"{source} swapped to {target}", "Description": described}
