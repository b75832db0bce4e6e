"""Perfect swaps, damaged in known ways and by known amounts; and swaps that are wrong in a known way from the start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from faceswap_lab.data.faces import FaceData
from faceswap_lab.data.sampler import centre
from faceswap_lab.data.twin_sets import load_twins
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from, to_tensor
from faceswap_lab.evaluation.metrics import mean_colour
from faceswap_lab.evaluation.nulls import null_swaps
from faceswap_lab.randomness import stream
from faceswap_lab.twins import Identity, State, identity, render
from faceswap_lab.twins.head import Head

COVERAGE = 0.625
JUDGED = 64
STRANGERS = ("random-21", "random-22")

NULLS = {"mean": "mean face of B", "nearest": "nearest in pose", "nearest_lit": "nearest in pose and light"}

Levels = list[tuple[str, Tensor]]


@dataclass(frozen=True)
class Scene:
    """Two people at one size.

    Attributes:
        a: who gives the state.
        b: who gives the face.
        size: r, what the network sees, in pixels.
    """

    a: str
    b: str
    size: int
    cache: Path

    def data(self) -> FaceData:
        """The very faces that the runs of ``models.py`` are trained and judged on."""
        faces, held_out = (512, 96) if self.size == 32 else (400, 64)
        return load_twins(
            people=(self.a, self.b), faces=faces, held_out=held_out, size=4 * self.size, seed=0,
            cache_dir=self.cache,
        )  # fmt: skip

    def held_out(self, data: FaceData) -> HeldOut:
        few = {side: faces[:JUDGED] for side, faces in data.held_out.items()}
        return held_out_from(replace(data, held_out=few), self.size, COVERAGE)

    def drawn(self, who: Identity, states: Sequence[State], name: str) -> Tensor:
        """Render someone in these states as a network would see them, or read them from the cache."""
        path = self.cache / "damages" / f"{self.a}-{self.b}-{self.size}-{name}.npy".replace(" ", "_")
        if not path.exists():
            head = Head(who)
            pictures = centre(np.stack([render(head, s, 4 * self.size).image for s in states]), self.size, COVERAGE)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, pictures)
        return to_tensor(np.load(path))


def damages(scene: Scene, data: FaceData, held_out: HeldOut) -> Iterator[tuple[str, Levels]]:
    """Yield each kind of damage with its levels, the mildest first; (N, 3, r, r) pictures in place of the swap A→B."""
    truth, copied = held_out.images["B"], held_out.images["A"]
    who = {side: identity(name) for side, name in (("A", scene.a), ("B", scene.b))}
    states = [_state(row) for row in held_out.states]
    scale = scene.size / 32

    def changed(name: str, **by: float) -> Tensor:
        return scene.drawn(who["B"], [_moved(state, by) for state in states], name)

    yield "nothing", [("truth", truth)]
    yield "blur", [(f"σ {s:g} px", _blurred(truth, s * scale)) for s in (0.5, 1, 1.5, 2)]
    yield "noise", [(f"σ {round(255 * s)}/255", _noisy(truth, s)) for s in (0.02, 0.04, 0.08)]
    yield "shift", [(f"{d} px", torch.roll(truth, d, 3)) for d in (1, 2)]
    yield "light turned", [(f"{d}°", changed(f"light {d}", light_azimuth=np.deg2rad(d))) for d in (20, 40, 80)]
    yield "mouth", [(f"{d:+.1f}", changed(f"mouth {d}", mouth_open=d)) for d in (0.3, 0.6)]
    yield "head turned", [(f"{d}°", changed(f"yaw {d}", yaw=np.deg2rad(d))) for d in (5, 10, 20)]
    between = [scene.drawn(morph(who["B"], who["A"], t / 10), states, f"morph {t}") for t in range(1, 11)]
    yield "morph to A", [(f"{10 * t} %", faces) for t, faces in enumerate(between, 1)]
    yield "cross-fade to A", [(f"{10 * t} %", torch.lerp(truth, copied, t / 10)) for t in range(1, 11)]
    yield "another person", [(name, scene.drawn(identity(name), states, name)) for name in STRANGERS]
    yield "colour of A", [(f"{s} %", _recoloured(truth, copied, held_out, s / 100)) for s in (25, 50, 100)]
    kinds = null_swaps(data.train, held_out, COVERAGE)
    mean = kinds["mean"]["B"]
    yield "mixed with the mean face", [(f"{s} %", torch.lerp(truth, mean, s / 100)) for s in (25, 50, 75)]
    yield "nulls", [("copy of A", copied), *((NULLS[kind], of["B"]) for kind, of in kinds.items())]


def morph(first: Identity, second: Identity, share: float) -> Identity:
    """Return someone between two people: all measures and colours on the way, what is a matter of kind from the nearer.

    Args:
        first: at share 0.
        second: at share 1.
        share: in [0, 1].
    """
    shapes = [dict(one.shape) for one in (first, second)]
    names = list(dict.fromkeys([*shapes[0], *shapes[1]]))
    near = first if share < 0.5 else second
    numbers = ("hair_thickness", "hair_low", "hair_length", "hair_parting", "brow_width", "brow_arch", "brow_y",
               "brow_density", "beard", "stubble", "freckles", "blush", "eyeliner")  # fmt: skip
    colours = ("skin", "lips", "iris", "hair")

    def between(a: float, b: float) -> float:
        return (1 - share) * a + share * b

    def mixed(name: str) -> tuple[int, ...]:
        return tuple(round(between(a, b)) for a, b in zip(getattr(first, name), getattr(second, name)))

    return replace(
        near,
        shape=tuple((name, between(shapes[0].get(name, 0.0), shapes[1].get(name, 0.0))) for name in names),
        brow=tuple(round(between(a, b)) for a, b in zip(first.brow or first.hair, second.brow or second.hair)),
        **{name: mixed(name) for name in colours},
        **{name: between(getattr(first, name), getattr(second, name)) for name in numbers},
    )


def _state(row: np.ndarray) -> State:
    state = State(*row.tolist())
    return replace(state, background=int(state.background))


def _moved(state: State, by: dict[str, float]) -> State:
    """Add to fields of the state, towards the middle where that is further: nobody turns out of the picture."""
    moved = {}
    for field, amount in by.items():
        now = getattr(state, field)
        if field == "mouth_open":
            moved[field] = now + amount if now + amount <= 1 else now - amount
        else:
            moved[field] = now - amount if now > 0 else now + amount
    return replace(state, **moved)


def _blurred(pictures: Tensor, sigma: float) -> Tensor:
    blurred = [cv2.GaussianBlur(picture.permute(1, 2, 0).numpy(), None, sigma) for picture in pictures]
    return torch.from_numpy(np.stack(blurred)).permute(0, 3, 1, 2)


def _noisy(pictures: Tensor, sigma: float) -> Tensor:
    drawn = stream(0, "judging", "noise").standard_normal(tuple(pictures.shape), np.float32)
    return (pictures + sigma * torch.from_numpy(drawn)).clamp(0, 1)


def _recoloured(truth: Tensor, copied: Tensor, held_out: HeldOut, share: float) -> Tensor:
    """Move the mean colour of each face towards A's in the same state."""
    towards = mean_colour(copied, held_out.masks["A"]) - mean_colour(truth, held_out.masks["B"])
    return (truth + share * towards[..., None, None]).clamp(0, 1)
