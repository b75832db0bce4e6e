"""Random pictures and drawn faces for the tests of this room."""

import numpy as np
import torch

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.evaluation.followers import FOLLOWED
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.twins import STATE_FIELDS


def noise(seed, n, r, channels=3):
    return torch.rand(n, channels, r, r, generator=torch.Generator().manual_seed(seed))


def soft_masks(seed, n, r):
    """Random weights with some exact zeros."""
    return (noise(seed, n, r, channels=1) * 1.5 - 0.5).clamp(0, 1)


def drawn_faces(seed, n, size, skin):
    """Draw n discs that turn (move sideways), open a mouth and are lit from a side; states as a renderer's."""
    rng = np.random.default_rng(seed)
    states = np.zeros((n, len(STATE_FIELDS)), np.float32)
    yaw, mouth, light = (STATE_FIELDS.index(field) for field in FOLLOWED.values())
    states[:, yaw], states[:, mouth], states[:, light] = rng.uniform([-1, 0, -1], 1, (n, 3)).T
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    images, masks = [], []
    for state in states:
        dx = x - 0.08 * state[yaw]
        disc = np.clip((0.55 - np.hypot(dx, y * 0.8)) * size / 4, 0, 1)
        lips = np.clip((1 - np.hypot(dx / 0.2, (y - 0.25) / (0.08 + 0.16 * state[mouth]))) * 3, 0, 1)
        shade = 0.7 + 0.6 * state[light] * dx
        face = shade[..., None] * (np.array(skin) * (1 - lips[..., None]) + np.array([0.9, 0, 0]) * lips[..., None])
        back = rng.uniform(0.3, 0.7, 3)
        image = face * disc[..., None] + back * (1 - disc[..., None]) + rng.normal(0, 0.005, (size, size, 3))
        images.append(np.rint(np.clip(image, 0, 1) * 255))
        masks.append(np.rint(disc * 255))
    return Faces.joined(np.array(images, np.uint8), np.array(masks, np.uint8), states)


SKINS = {"A": (0.9, 0.7, 0.6), "B": (0.45, 0.3, 0.25)}


THIRD = {"C": (0.6, 0.45, 0.35)}


def drawn_data(n=60, held_out=40, size=40, skins=SKINS):
    return FaceData(
        train={side: drawn_faces(i, n, size, skin) for i, (side, skin) in enumerate(skins.items())},
        held_out={side: drawn_faces(9, held_out, size, skin) for side, skin in skins.items()},
        paired=True,
        fingerprint="drawn",
    )


def random_held_out(n=12, r=16, paired=True):
    return HeldOut(
        images={"A": noise(1, n, r), "B": noise(2, n, r)},
        masks={"A": soft_masks(3, n, r), "B": soft_masks(4, n, r)},
        states=None,
        paired=paired,
    )


class Oracle:
    """Knows the truth: swaps perfectly, looking each face up; on any path but the primary one it paints grey."""

    def __init__(self, held_out, swap_paths=("own",)):
        self.held_out, self.swap_paths = held_out, swap_paths

    def reconstruct(self, side, x):
        return x

    def swap(self, x, source, target, path=None):
        if path not in (None, self.swap_paths[0]):
            return torch.full_like(x, 0.5)
        known = self.held_out.images[source].flatten(1)
        return self.held_out.images[target][torch.cdist(x.flatten(1), known).argmin(1)]
