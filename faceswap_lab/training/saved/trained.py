"""A trained model in a person's hands: faces in as they have them, faces out in the same kind.

A run was trained on the centre of square, aligned face pictures (``augmentation.coverage`` of their side, 5/8 in
2018), at the network's resolution. A picture given here is cut and resized in the same way, and what cannot be such a
picture is refused: one that is framed otherwise swaps worse than copying it, and nothing would show why.
"""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from faceswap_lab.data.pictures import decode_square, opened
from faceswap_lab.data.sampler import centre, least_side
from faceswap_lab.evaluation.held_out import to_tensor
from faceswap_lab.plugins import PluginError
from faceswap_lab.plugins.used import bring_back
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import read_result, weights_are_intact
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.training.saved.weights import load_weights

Picture = str | PathLike[str] | Image.Image | NDArray[Any]
"""A file, a PIL image, or an array: (S, S, 3) or (N, S, S, 3) RGB, uint8 or floats in [0, 1]."""

_CHUNK = 64  # faces in one pass
_STORED = 4  # pixels of a decoded file per pixel the network sees, each way: as the lab stores what it trains on


class TrainedModel:
    """The model of a finished run.

    Args:
        folder: the run's folder, ``runs/<label>-s<seed>-<hash>``.

    Attributes:
        folder: the same.
        label: the run's label.
        seed: the run's seed.
        metrics: what the run was judged by, by name.
        config: the run's configuration in plain dicts and lists.
        autoencoder: the network: (N, 3, r, r) float32 tensors in [0, 1].
        resolution: r, the side of the pictures that the network sees, in pixels.
        coverage: the fraction of a picture's side that the network sees.
        sides: the names of the people it knows.

    Raises:
        ValueError: there is no finished run in the folder, its weights are damaged, or a plugin that the model is made
            with is not here.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        run = RunFolder(Path(folder))
        result, sessions = (read_result(run), read_sessions(run)) if run.path.is_dir() else (None, [])
        if result is None:
            raise ValueError(
                f"{run.path} holds no finished run: there is no result.json in it. Runs lie in runs/, each in a folder "
                "of its own."
            )
        if not sessions:
            raise ValueError(f"{run.path}: its run.json, which says how the model is made, is missing or damaged.")
        if not weights_are_intact(run, result):
            raise ValueError(
                f"{run.weights} is missing, or not what the run wrote: its checksum differs. Take it from a copy, or "
                "train again beside it with force=true."
            )
        try:
            bring_back(sessions[-1].get("plugins"))
        except PluginError as error:
            raise PluginError(f"{run.path}: this model is made with the {error}") from error
        self.folder, self.label, self.seed, self.metrics = run.path, result.label, result.seed, result.metrics
        self.config: dict[str, Any] = sessions[-1]["config"]
        self.autoencoder = load_weights(run.weights).eval().requires_grad_(False)
        self.resolution: int = self.autoencoder.architecture.resolution
        self.coverage: float = self.config["augmentation"]["coverage"]
        self.sides = self.autoencoder.sides

    def swap(
        self, picture: Picture, source: str = "A", target: str = "B", *, path: str | None = None, cropped: bool = False
    ) -> Any:
        """Return the target's face in the state of the face in the picture.

        Args:
            picture: of ``source``: square, aligned, framed as the pictures that the run was trained on.
            source: whose face it is.
            target: who it becomes.
            path: which way through the network, where there are several; None: the primary one.
            cropped: the picture is already what the network sees: nothing is cut off.

        Returns:
            What was given: an array for an array (of its dtype, one face or N), a PIL image for an image or a file.
            It shows what the network sees, the centre, at r pixels a side.

        Raises:
            ValueError: an unknown side, or a picture of a wrong shape, dtype or range; the message says what is right.
        """
        self._check(source, target)
        further = () if path is None else (path,)
        return self._drawn(picture, cropped, lambda x: self.autoencoder.swap(x, source, target, *further))

    def reconstruct(self, picture: Picture, side: str = "A", *, cropped: bool = False) -> Any:
        """Return the face drawn again as the same person; arguments, returns and errors as in ``swap``."""
        self._check(side)
        return self._drawn(picture, cropped, lambda x: self.autoencoder.reconstruct(side, x))

    def code(self, picture: Picture, side: str = "A", *, cropped: bool = False) -> NDArray[np.float32]:
        """Return what the encoder makes of a face: (units,) float32, or (N, units) for N; arguments as in ``swap``."""
        self._check(side)
        faces, one, _ = self._seen(picture, cropped)
        codes = self._in_chunks(faces, lambda x: self.autoencoder.code(x, side)).numpy()
        return np.asarray(codes[0] if one else codes)

    def cropped(self, picture: Picture) -> Any:
        """Return what the network sees of a picture: its centre, at r pixels a side; the same kind as was given."""
        return self._drawn(picture, False, lambda x: x)

    def __repr__(self) -> str:
        return f"TrainedModel({str(self.folder)!r}): {' and '.join(self.sides)} at {self.resolution} px"

    def _check(self, *sides: str) -> None:
        for side in sides:
            if side not in self.sides:
                raise ValueError(f"side {side!r}: this run knows {', '.join(self.sides)}.")

    def _drawn(self, picture: Picture, cropped: bool, draw: Callable[[Tensor], Tensor]) -> Any:
        faces, one, back = self._seen(picture, cropped)
        drawn = self._in_chunks(faces, draw).clamp(0, 1).permute(0, 2, 3, 1).numpy()
        return back(drawn[0] if one else drawn)

    @torch.inference_mode()
    def _in_chunks(self, faces: NDArray[np.uint8], what: Callable[[Tensor], Tensor]) -> Tensor:
        firsts = range(0, len(faces), _CHUNK)
        return torch.cat([what(to_tensor(faces[first : first + _CHUNK])) for first in firsts])

    def _seen(
        self, picture: Picture, cropped: bool
    ) -> tuple[NDArray[np.uint8], bool, Callable[[NDArray[np.float32]], Any]]:
        """Return what the network sees, whether it is one face, and what turns a drawn face into the given kind."""
        coverage = 1.0 if cropped else self.coverage
        pixels: NDArray[np.uint8]
        back: Callable[[NDArray[np.float32]], Any]
        if isinstance(picture, Image.Image):
            pixels, one, back = _pixels_of(picture)[None], True, _as_image
        elif isinstance(picture, str | PathLike):
            pixels, one, back = self._read(Path(picture), coverage)[None], True, _as_image
        else:
            pixels, one, back = _checked_array(picture)
        self._check_size(pixels.shape[1], pixels.shape[2], coverage)
        return centre(pixels, self.resolution, coverage), one, back

    def _read(self, path: Path, coverage: float) -> NDArray[np.uint8]:
        try:
            data = path.read_bytes()
            self._check_size(*opened(data, smallest=1).size[::-1], coverage)
            size = max(_STORED * self.resolution, least_side(self.resolution, coverage))
            return decode_square(data, size, smallest=1).pixels
        except FileNotFoundError:
            raise ValueError(f"{path}: there is no such file.") from None
        except (ValueError, OSError) as error:  # UnusablePicture is one of the first
            raise ValueError(f"{path}: {error}") from None

    def _check_size(self, height: int, width: int, coverage: float) -> None:
        if height != width:
            raise ValueError(
                f"the picture is {width}×{height}, not square. Cut the aligned face out first, framed as in training."
            )
        needed = least_side(self.resolution, coverage)
        if width < needed:
            raise ValueError(
                f"the picture has {width} px a side, and the network sees {self.resolution} px of the central "
                f"{coverage:.1%}: give {needed} px or more"
                + ("." if coverage == 1 else ", or say cropped=True if it is that centre already.")
            )


def _pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode not in ("RGB", "L"):
        raise ValueError(f"the image is of mode {image.mode}. Give RGB: image.convert('RGB').")
    return np.asarray(image.convert("RGB"))


def _as_image(face: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(_bytes(face))


def _bytes(faces: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    return np.rint(faces * 255).astype(np.uint8)


def _checked_array(given: Any) -> tuple[NDArray[np.uint8], bool, Callable[[NDArray[np.float32]], Any]]:
    array = np.asarray(given)
    if array.ndim not in (3, 4) or array.shape[-1] != 3 or not array.size:
        raise ValueError(f"an array of shape {array.shape}. Give (S, S, 3) or (N, S, S, 3), RGB, the channels last.")
    pixels, one = array if array.ndim == 4 else array[None], array.ndim == 3
    if array.dtype == np.uint8:
        return pixels, one, _bytes
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"an array of {array.dtype}. Give uint8, or floats in [0, 1].")
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(f"floats from {array.min():.3g} to {array.max():.3g}. Give floats in [0, 1], or uint8.")
    return _bytes(pixels), one, lambda face: face.astype(array.dtype)
