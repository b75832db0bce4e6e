"""Configurations as the command line composes them, and faces that need no rendering."""

from collections.abc import Sequence

import cv2
import numpy as np

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.config import Config, load
from faceswap_lab.data.faces import SIDES, FaceData, Faces
from faceswap_lab.options import Options


def config_of(*overrides: str) -> Config:
    """Return the configuration of ``python -m faceswap_lab`` with these overrides."""
    from hydra import compose
    from omegaconf import OmegaConf

    folders = [conf_dir()]
    with composing(folders):
        composed = compose("config", list(overrides))
    return load(OmegaConf.to_container(composed, resolve=True), Options(folders))


def smooth_pictures(count: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return blurred noise, which costs a sampler what faces cost it, (N, S, S, 3), and its masks, (N, S, S)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    images = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_CUBIC) for face in coarse])
    masks = np.zeros((count, size, size), np.uint8)
    masks[:, size // 6 : -size // 6, size // 4 : -size // 4] = 255
    return images, masks


def smooth_data(count: int, size: int, sides: Sequence[str] = SIDES) -> FaceData:
    """Return all sides' faces to train on, and a few held out."""
    train = {side: Faces.joined(*smooth_pictures(count, size, seed)) for seed, side in enumerate(sides)}
    return FaceData(train, {side: faces[:2] for side, faces in train.items()}, paired=False, fingerprint="smooth")
