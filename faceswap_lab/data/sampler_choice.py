"""Which sampler a run uses (``data.sampler``): decided where the device, and what is free on it, are known."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch

from faceswap_lab.data.faces import Side
from faceswap_lab.data.resident import ResidentFaces
from faceswap_lab.data.sampler import SideSampler

Sampler = Literal["cv2", "device"]
Resident = dict[Side, ResidentFaces]

SHARE = 0.5  # of what is free on a GPU before training: the most that faces take unasked; the rest is the model's
_GIB = 2**30


class SamplerRefused(ValueError):
    """``data.sampler=device`` cannot be done on this device; the message names what is missing and the remedy."""


def resident_faces(
    asked: str, samplers: Mapping[Side, SideSampler], device: torch.device, least: Callable[[int], int] = int
) -> Resident | None:
    """Put the faces of all sides on the training device, or return None: the cv2 sampler is to be used.

    ``least`` is the smallest of a number over all devices of the run, so that all of them decide alike.

    Raises:
        SamplerRefused: ``device`` was asked for and cannot be.
    """
    suffice = all(sampler.places_suffice for sampler in samplers.values())
    needed = sum(sampler.faces.pixels.nbytes for sampler in samplers.values())
    free = free_bytes(device)
    if chosen(asked, device.type, suffice, needed, None if free is None else least(free)) == "cv2":
        return None
    return {
        side: ResidentFaces(sampler.faces, device, sampler.resolution, sampler.recipe.share)
        for side, sampler in samplers.items()
    }


def chosen(asked: str, device: str, suffice: bool, needed: int, free: int | None) -> Sampler:
    """Return the sampler to use.

    Args:
        asked: auto, cv2 or device. ``auto`` takes the device if it is a CUDA GPU and the faces need at most ``SHARE``
            of what is free on it; ``device`` may take all of it.
        device: torch's type of the training device.
        suffice: whether places describe the samples; if not, they exist on the cv2 path only.
        needed: bytes of all sides' faces on the device.
        free: bytes free there; None: not known, and no bound.

    Raises:
        SamplerRefused: ``device`` was asked for and cannot be.
    """
    room = float("inf") if free is None else free
    if asked == "auto":
        return "device" if device == "cuda" and suffice and needed <= SHARE * room else "cv2"
    if asked == "cv2":
        return "cv2"
    if not suffice:
        raise SamplerRefused(
            "data.sampler=device: augmentation.photometric, augmentation.photometric_input, augmentation.two_stage and "
            "the transfers of colour_match are made on the CPU only. "
            "Use data.sampler=cv2."
        )
    if device not in ("cuda", "cpu"):
        raise SamplerRefused(f"data.sampler=device: not for devices of type {device}. Use data.sampler=cv2.")
    if needed > room:
        raise SamplerRefused(
            f"data.sampler=device: the faces of all sides need {needed:,} bytes ({needed / _GIB:.1f} GiB) on the "
            f"training device, and {free:,} ({room / _GIB:.1f} GiB) are free there. Use data.sampler=cv2."
        )
    return "device"


def free_bytes(device: torch.device) -> int | None:
    """Return what a CUDA device has free, with what this process's torch holds there unused; None: not known."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
