"""Rendered data: people, each in states of its own to train on, and all in the same held-out states: the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import Entry, cache_root, check_room, fetch, recipe_key
from faceswap_lab.data.cache_bound import make_room
from faceswap_lab.data.faces import FaceData, Side, sides_of
from faceswap_lab.data.npy_writer import NpyWriter
from faceswap_lab.data.progress import progress_of
from faceswap_lab.data.render_pool import RenderPool
from faceswap_lab.randomness import stream
from faceswap_lab.twins import RENDERER_VERSION, STATE_FIELDS, Identity, State, identity, sample_state

Shown = Literal["equal", "disjoint"]
Turn = Literal["any", "left", "right"]
Background = Literal["varied", "per_person", "plain"]

_TURNS: dict[Side, Turn] = {"A": "left", "B": "right"}
_ROOMS = 1 << 24  # background seeds below this are exact in float32, in which states are kept


def load_twins(
    *,
    people: Sequence[str],
    faces: int,
    held_out: int,
    size: int,
    seed: int,
    pose: Shown = "equal",
    light: Shown = "equal",
    background: Background = "varied",
    shared: bool = False,
    cache_dir: str | Path | None = None,
    cache_bytes: int | None = None,
    progress: bool = True,
    processes: int | None = None,
) -> FaceData:
    """Return rendered people to train on, and their true swaps to judge by; rendered once, then from the cache.

    A side's training states are drawn from ``stream(seed, "states", side)``: the sides are unpaired, as faces of
    real people are. The held-out states, from ``stream(seed, "states", "held_out")``, are rendered for all. The first
    n of more faces are the faces of a smaller set. A further person changes nobody else's pictures.

    Where the sides are shown differently, they take turns in the held-out states: of two sides, state i is drawn as A's
    training states are for even i and as B's for odd i. So half of the held-out pictures of A show what A was never
    seen in: taking ``i % 2`` apart tells generalisation from habit.

    Args:
        people: who is side A, B, C, …: 2 to 26 names that `faceswap_lab.twins.identity` knows, nobody twice.
        faces: training pictures per side, >= 1.
        held_out: held-out states, >= 1.
        size: side of the stored squares in pixels; two to four times what the network sees.
        seed: of the states.
        pose: "disjoint" shows A looking to the left of the picture only, B to the right only; the size of the turns
            stays. For two sides.
        light: "disjoint" lights A from the left only, B from the right only. For two sides.
        background: "varied" is a new one in each picture; "per_person" one room for all pictures of A, another for all
            of B, and so on; "plain" the same grey for all.
        shared: all sides have the same training states, from ``stream(seed, "states", "shared")``, in the same order.
        cache_dir: where rendered faces are kept, 4·size² bytes each; see `faceswap_lab.data.cache.cache_root`. A set
            is one person in some states: another partner reuses it.
        cache_bytes: what all rendered faces there may take; see `faceswap_lab.data.cache_bound`. None: no bound.
        progress: whether to say how far it is.
        processes: how many to render in; None for all cores. The pictures do not depend on it.

    Returns:
        Paired faces with masks and states. The fingerprint is a hash of the recipe: who, in which states, at what size,
        by which version of the renderer. (Between processors of different make pixels may differ by one level.)

    Raises:
        ValueError: an unknown name, the same person twice, fewer than 2 people or more than 26.
        faceswap_lab.data.cache.CacheError: the cache cannot be written.
    """
    names = dict(zip(sides_of(len(people)), people))
    known = dict(zip(names, different_people(people)))
    styles = {side: _style(seed, side, pose, light, background) for side in names}
    training = {side: _states(seed, "shared" if shared else side, [style], faces) for side, style in styles.items()}
    truth = _states(seed, "held_out", list(styles.values()), held_out)
    root = cache_root(cache_dir)
    wanted = {
        (side, purpose): _Set(names[side], known[side], states, size)
        for side in names
        for purpose, states in (("train", training[side]), ("held_out", truth))
    }
    sizes = [(one.recipe, one.bytes) for one in wanted.values()]
    if cache_bytes is not None:
        make_room(root, sizes, cache_bytes)
    check_room(root, sizes)
    with RenderPool(processes) as pool:
        sets = {which: one.fetch(root, pool, progress) for which, one in wanted.items()}
    return FaceData(
        train={side: sets[side, "train"].faces for side in names},
        held_out={side: sets[side, "held_out"].faces for side in names},
        paired=True,
        fingerprint=recipe_key({f"{side} {purpose}": entry.path.name for (side, purpose), entry in sets.items()}),
        people=tuple(people),
    )


def different_people(names: Sequence[str]) -> list[Identity]:
    """Return who the names stand for.

    Raises:
        ValueError: nobody has one of the names, or two of them are the same person's.
    """
    known: dict[str, Identity] = {}
    for name in names:
        person = identity(name)
        twin = next((other for other, found in known.items() if found == person), None)
        if twin is not None:
            both = f"both {name!r}" if twin == name else f"{twin!r} and {name!r}"
            raise ValueError(f"two of the people are {both}, the same person; a swap needs different people")
        known[name] = person
    return list(known.values())


@dataclass(frozen=True)
class _Style:
    """How the states of a side are drawn."""

    pose: Turn = "any"
    light: Turn = "any"
    room: int | None = None
    plain: bool = False

    def draw(self, rng: np.random.Generator) -> State:
        """Draw a state. The draws are the same for every style, so states differ only in what a style asks."""
        state = sample_state(
            rng, pose=self.pose, light=self.light, background="varied" if self.room is None else self.room
        )
        return replace(state, background=0, background_contrast=0.0) if self.plain else state


def _style(seed: int, side: Side, pose: Shown, light: Shown, background: Background) -> _Style:
    return _Style(
        pose=_TURNS[side] if pose == "disjoint" else "any",
        light=_TURNS[side] if light == "disjoint" else "any",
        room=int(stream(seed, "room", side).integers(_ROOMS)) if background == "per_person" else None,
        plain=background == "plain",
    )


def _states(seed: int, name: str, styles: Sequence[_Style], count: int) -> NDArray[np.float64]:
    """Draw ``count`` states from the stream called ``name``, taking the styles in turn.

    Returns:
        (count, P) in the order of ``STATE_FIELDS``: a fifth of what as many `State` take. In float64, for what tells
        two states apart would be lost in the float32 of ``state_vector``.
    """
    rng = stream(seed, "states", name)
    rows = np.empty((count, len(STATE_FIELDS)), np.float64)
    for index, row in enumerate(rows):
        row[:] = _numbers(styles[index % len(styles)].draw(rng))
    return rows


_numbers = attrgetter(*STATE_FIELDS)


@dataclass(frozen=True)
class _Set:
    """One person in some states: what the cache holds as one entry."""

    name: str
    person: Identity
    states: NDArray[np.float64]
    size: int

    @property
    def bytes(self) -> int:
        """What its pictures and masks take on the disk."""
        return 4 * len(self.states) * self.size**2

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides its pixels."""
        return {
            "source": "twins",
            "renderer": RENDERER_VERSION,
            "identity": self.person,
            "state_fields": STATE_FIELDS,
            "states": self.states,
            "size": self.size,
        }

    def fetch(self, root: Path, pool: RenderPool, shown: bool) -> Entry:
        make = partial(self._render, root=root, pool=pool, shown=shown)
        return fetch(root, self.recipe, make, expected_bytes=self.bytes)

    def _render(self, place: Path, root: Path, pool: RenderPool, shown: bool) -> dict[str, Any]:
        count, size = len(self.states), self.size
        title = f"rendering {count} faces of {self.name} at {size} px, kept in '{root}'"
        with (
            progress_of(title, count, shown=shown) as advance,
            NpyWriter(place / "faces.npy", (size, size, 4), np.uint8) as faces,
        ):
            for pictures in pool.render(self.person, self.states, size):
                faces.append(pictures)
                advance(len(pictures))
        np.save(place / "states.npy", self.states.astype(np.float32), allow_pickle=False)  # as state_vector has it
        return {"name": self.name}
