"""Who is it, and what does the face do? Small networks that read any rendered person, known to them or not.

One looks at grey pictures of even brightness, so it tells people by their features alone, and reads the state from the
same features; another looks at the colours too. They were trained once, on 2,000 rendered people in random states, of
whom none is in any run (``scripts/train_reader.py`` makes the file again), and are the same for every run and arm: a
training cannot adapt to them. How well they read people they never saw, and what damage does to them: docs/judging.md.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

STATE_READ: dict[str, tuple[str, ...]] = {
    "yaw": ("yaw",),
    "pitch": ("pitch",),
    "mouth": ("mouth_open",),
    "smile": ("smile",),
    "light": ("light_azimuth",),
    "light_height": ("light_elevation",),
}
"""What is read of a state, by name: the mean of these fields of the renderer's state."""

CROWD = 20
"""People among whom someone is looked for: source, target, and strangers. By chance 1 in 20 is taken for the target."""

SHAPE_SIZES, COLOUR_SIZE = (32, 64), 32
"""Side lengths in pixels that the networks look at; colours need no detail."""

WEIGHTS = Path(__file__).with_name("reader.npz")
WHO = 48  # numbers that say who someone is
_WIDTHS = (16, 32, 64, 64)
_GREY = (0.299, 0.587, 0.114)
_CHUNK = 128  # pictures read at once


class Network(nn.Module):
    """From a prepared picture to who it is and what it does.

    Four convolutions with ReLU bring 32 or 64 px down to 4; one linear map reads who, another the state.

    Args:
        channels: 1 for grey, 3 for colours.
        size: r, 32 or 64.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        first = nn.Conv2d(channels, _WIDTHS[0], 3, 1, 1) if size == 32 else nn.Conv2d(channels, _WIDTHS[0], 5, 2, 2)
        rest = [nn.Conv2d(i, o, 3, 2, 1) for i, o in itertools.pairwise(_WIDTHS)]
        self.layers = nn.ModuleList([first, *rest])
        self.who = nn.Linear(_WIDTHS[-1] * 4 * 4, WHO, bias=False)
        self.state = nn.Linear(_WIDTHS[-1] * 4 * 4, len(STATE_READ))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, r, r) -> who, (N, WHO) of length 1, and the state, (N, len(STATE_READ)) standardised."""
        for layer in self.layers:
            x = torch.relu(layer(x))
        x = x.flatten(1)
        return normalize(self.who(x)), self.state(x)


@dataclass(frozen=True)
class Reading:
    """What has been read off N pictures; a picture that is not finite reads as NaN.

    Attributes:
        who: (N, WHO) unit vectors, blind to colour and brightness; near each other for pictures of one person.
        who_in_colour: (N, WHO) unit vectors, likewise, with colours.
        state: (N, len(STATE_READ)) in standard deviations of the renderer's states.
    """

    who: Tensor
    who_in_colour: Tensor
    state: Tensor


def read(images: Tensor) -> Reading:
    """Read (N, 3, r, r) pictures in [0, 1]; pictures of other sizes than the networks' are brought to theirs.

    Where faces mostly lie counts, under a window that is the same for all pictures: a picture's own mask would tell who
    it should be.
    """
    size = shape_size(images)
    shape, colour = _network("shape", size), _network("colour", COLOUR_SIZE)
    shape_window, colour_window = stored()[f"window_{size}"], stored()[f"window_{COLOUR_SIZE}"]
    parts = [
        (*shape(prepared(some, "shape", shape_window)), colour(prepared(some, "colour", colour_window))[0])
        for some in images.split(_CHUNK)
    ]
    who, state, who_in_colour = (torch.cat(part) for part in zip(*parts))
    return Reading(who, who_in_colour, state)


def shape_size(images: Tensor) -> int:
    """Return the size at which a picture's features are read: the largest of the networks' that it fills."""
    return max((size for size in SHAPE_SIZES if size <= images.shape[-1]), default=SHAPE_SIZES[0])


def strangers(kind: str, size: int) -> Tensor:
    """Return what some hundred rendered people look like to a network, (M, WHO) unit vectors; none is in any run."""
    return stored()[f"{kind}_{size}_crowd"]


def taken_for(who: Tensor, target: Tensor, source: Tensor, others: Tensor) -> Tensor:
    """Return for each picture the chance that it is taken for the target among ``CROWD`` people.

    The people are the target, the source, and strangers drawn at random from ``others``; a picture is taken for the
    one whose vector is nearest (largest inner product). With m of the M others nearer than the target, and the source
    not nearer, the chance is that of drawing CROWD - 2 of the M - m who are not: C(M - m, k) / C(M, k), in closed form.

    Args:
        who: (N, WHO), the pictures'.
        target: (WHO,).
        source: (WHO,).
        others: (M, WHO), M >= CROWD - 2.

    Returns:
        (N,) in [0, 1]; NaN for pictures that are not finite.
    """
    own = who @ target
    nearer = (who @ others.T >= own[:, None]).sum(1).double()
    drawn = torch.arange(CROWD - 2, dtype=torch.float64)
    missed = ((len(others) - nearer[:, None] - drawn).clamp(min=0) / (len(others) - drawn)).prod(1)
    chance = torch.where(who @ source >= own, 0.0, missed)
    return torch.where(own.isfinite(), chance, torch.nan)


def prepared(images: Tensor, kind: str, window: Tensor) -> Tensor:
    """Return what a network looks at: (N, C, q, q) from (N, 3, r, r) in [0, 1] and a window (q, q) in [0, 1]."""
    x = images if images.shape[-2:] == window.shape else _resized(images, len(window))
    if kind == "colour":
        return (4 * x - 1.8) * window.sqrt()
    return standardised((x * x.new_tensor(_GREY)[:, None, None]).sum(1, keepdim=True), window)


def standardised(x: Tensor, window: Tensor) -> Tensor:
    """Return pictures (N, C, q, q) with mean 0 and spread 1 under a window (q, q), times its root; see ``prepared``."""
    share = window / window.sum()
    x = x - (x * share).sum((2, 3), keepdim=True)
    return x / ((x * x * share).sum((2, 3), keepdim=True).sqrt() + 1e-3) * window.sqrt()


def _resized(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] < size:
        return interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    return interpolate(images, size=(size, size), mode="area")


@cache
def stored() -> Mapping[str, Tensor]:
    """Return everything in the shipped file by name: networks, windows and strangers, float32."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}


def forget() -> None:
    """Read the shipped file again when it is next needed: it has been written anew."""
    stored.cache_clear()
    _network.cache_clear()


@cache
def _network(kind: str, size: int) -> Network:
    network = Network(1 if kind == "shape" else 3, size)
    prefix = f"{kind}_{size}_"
    own = {name.removeprefix(prefix): tensor for name, tensor in stored().items() if name.startswith(prefix)}
    network.load_state_dict({name: tensor for name, tensor in own.items() if name != "crowd"})
    return network.eval().requires_grad_(False)
