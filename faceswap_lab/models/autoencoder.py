"""The faceswap autoencoder: parts by name, and the routes of faces through them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from faceswap_lab.models.activations import HIDDEN, OUTPUT
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.initialisation import initialise
from faceswap_lab.models.part import Drawing, Part
from faceswap_lab.models.parts import MODULES
from faceswap_lab.randomness import seed_of, uniforms
from faceswap_lab.topology.kind import Staged


class Samples(NamedTuple):
    """Faces of a side that are to be drawn again.

    Attributes:
        side: whose they are.
        faces: (N, 3, r, r) in [0, 1].
        first: the index of the first of them among the side's training samples; None: not in training.
    """

    side: str
    faces: Tensor
    first: int | None = None


class Drawn(NamedTuple):
    """What came out.

    Attributes:
        faces: (N, 3, r, r), in [0, 1] but where an output is unbounded.
        code: (N, units), if it was asked for.
        mask: (N, 1, r, r) in [0, 1], where the decoder has a mask head.
    """

    faces: Tensor
    code: Tensor | None
    mask: Tensor | None = None


class _Trip(NamedTuple):
    """Faces on their way.

    Attributes:
        steps: the parts they go through.
        target: who is drawn.
        first: as in ``Samples``.
        code_at: the part whose code is asked for.
    """

    steps: tuple[tuple[str, ...], ...]
    target: str
    first: int | None = None
    code_at: str | None = None


class Autoencoder(nn.Module):
    """Parts by name, wired by a topology.

    Every picture that enters or leaves is RGB float32 in [0, 1], shape (N, 3, r, r); ``value_range`` is what the
    network works in, inside only. Where the topology begins with smaller pictures, they are means over whole pixels. An
    output may leave [0, 1] where its activation is unbounded (linear), and under any activation where the side's
    ``colour_shift`` is not zero.

    Each part starts from its own stream ``(seed, "init", start)``, so decoder_B's initial weights do not depend on
    what else there is.

    Args:
        architecture: topology, sizes, activations.
        seed: of the initial weights, and of what parts draw while training.
    """

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture, self.seed = architecture, seed
        self.topology = architecture.topology
        self.sides, self.swap_paths = self.topology.sides, tuple(self.topology.swaps)
        self.output = OUTPUT[architecture.decoder_activation]
        self.parts = nn.ModuleDict({name: self.started(name, "init") for name in self.topology.parts})
        first = self.topology.routes[self.sides[0]].parts[0]
        self.averaged = architecture.resolution // self.topology.shapes[first][1]  # pixels a side that become one
        self.register_buffer("colour_shift", torch.zeros(len(self.sides), 3, 1, 1))

    def started(self, name: str, *stream: str) -> Part:
        """Return a new module of a part, filled from the stream (seed, ``stream``, the part's start)."""
        described, shape = self.topology.parts[name], self.topology.shapes[name]
        hidden = partial(HIDDEN[self.architecture.encoder_activation], self.architecture.encoder_slope)
        part = MODULES[described.kind](described.spec, shape, hidden)
        initialise(part, self.architecture.initialisation, seed_of(self.seed, *stream, described.start))
        if isinstance(described.spec, Staged):  # the whole was filled, so a slice starts as it does in the whole
            part.keep(*described.spec.used(len(described.spec.whole(shape)) - 1))
        return part.requires_grad_(described.trained)

    def parameters_of(self, side: str) -> Iterator[nn.Parameter]:
        """Yield the parameters on the side's route, part by part."""
        for name in self.topology.routes[side].parts:
            yield from self.parts[name].parameters()

    def reconstruct(self, side: str, x: Tensor) -> Tensor:
        """Return the side's faces drawn again, by its own route: what training asks for. (N, 3, r, r), both."""
        return self.reconstruct_all([Samples(side, x)])[0].faces

    def reconstruct_all(
        self, samples: Sequence[Samples], only_last: bool = False, with_codes: bool = False
    ) -> list[Drawn]:
        """Return the sides' faces drawn again; a part that several of them go through is run once, on one batch.

        The same mathematics, because no part looks across a batch; only the rounding differs.

        Args:
            samples: faces and whose they are.
            only_last: no gradient reaches the parts before a route's last.
            with_codes: return the codes too.
        """
        trips = [
            _Trip(
                self.topology.routes[s.side].names, s.side, s.first, self.topology.code[s.side] if with_codes else None
            )
            for s in samples
        ]
        drawn, codes = self._travel([self._enter(s.faces, s.side) for s in samples], trips, only_last)
        return [Drawn(self.picture(z, s.side), codes.get(i), _mask(z)) for i, (z, s) in enumerate(zip(drawn, samples))]

    def swap(self, x: Tensor, source: str, target: str, path: str | None = None) -> Tensor:
        """Return the target's face in the state of the source's face ``x``.

        Args:
            x: faces of ``source``, (N, 3, r, r) in [0, 1].
            source: whose faces they are.
            target: who they become.
            path: one of ``swap_paths``; None: the first. With an encoder per side there are ``own``, through the
                source's encoder, which was trained on such faces, and ``target``, through the target's, which the
                decoder was trained with.
        """
        if source == target:
            return self.reconstruct(source, x)
        path = path or self.swap_paths[0]
        if path not in self.swap_paths or not {source, target} <= set(self.sides):
            raise ValueError(
                f"no swap {source} to {target} on path {path}: sides {', '.join(self.sides)}, paths "
                f"{', '.join(self.swap_paths)}."
            )
        route = self.topology.swaps[path][source, target]
        (z,), _ = self._travel([self._enter(x, source)], [_Trip(route.names, target)])
        return self.picture(z, target)

    def code(self, x: Tensor, side: str) -> Tensor:
        """Return the code's units for faces ``x`` on the side's own route: (N, units)."""
        at, steps = self.topology.code[side], self.topology.routes[side].names
        before = steps[: next(i for i, step in enumerate(steps) if at in step)]
        (seen,), _ = self._travel([self._enter(x, side)], [_Trip(before, side)])
        return self._part(at).to_code(seen).flatten(1)

    def pre_activation(self, side: str, x: Tensor) -> Tensor:
        """Return what the output activation gets when the side's faces are drawn again: (N, 3, r, r), unbounded."""
        (z,), _ = self._travel([self._enter(x, side)], [_Trip(self.topology.routes[side].names, side)])
        return _face(z).float()

    def forward(self, x: Tensor, side: str) -> Tensor:
        """The same as ``reconstruct(side, x)``."""
        return self.reconstruct(side, x)

    def _travel(
        self, faces: Sequence[Tensor], trips: Sequence[_Trip], only_last: bool = False
    ) -> tuple[list[Tensor], dict[int, Tensor]]:
        """Lead faces along their trips, step by step; return what comes out of each, and the codes asked for."""
        x, codes = list(faces), dict[int, Tensor]()
        for depth in range(max(len(trip.steps) for trip in trips)):
            out: dict[tuple[int, str], Tensor] = {}
            for (name, is_last, _), who in self._groups(trips, depth).items():
                sizes = [len(x[i]) for i in who]
                batch = x[who[0]] if len(who) == 1 else torch.cat([x[i] for i in who])
                with torch.set_grad_enabled(torch.is_grad_enabled() and (is_last or not only_last)):
                    y, code = self._through(name, batch, [trips[i] for i in who], sizes)
                out |= {(i, name): part for i, part in zip(who, y.split(sizes) if len(who) > 1 else [y])}
                if code is not None:  # perhaps of some: a part may make one side's code and stand on another's way
                    of = zip(who, code.flatten(1).split(sizes))
                    codes |= {i: part for i, part in of if trips[i].code_at == name}
            for i, trip in enumerate(trips):
                if depth < len(trip.steps):
                    joined = [out[i, name] for name in trip.steps[depth]]
                    x[i] = joined[0] if len(joined) == 1 else torch.cat(joined, dim=1)
        return x, codes

    def _groups(self, trips: Sequence[_Trip], depth: int) -> dict[tuple[str, bool, int], list[int]]:
        """Return which faces go through which part now, and whether it is their last: each a batch of its own.

        A part that computes across the batch sees each side alone, whether sides are updated together or in turn.
        """
        groups: dict[tuple[str, bool, int], list[int]] = {}
        for i, trip in enumerate(trips):
            for name in dict.fromkeys(trip.steps[depth]) if depth < len(trip.steps) else ():
                alone = i if self.topology.parts[name].spec.across_batch else -1
                groups.setdefault((name, depth == len(trip.steps) - 1, alone), []).append(i)
        return groups

    def _through(
        self, name: str, x: Tensor, trips: Sequence[_Trip], sizes: Sequence[int]
    ) -> tuple[Tensor, Tensor | None]:
        """Run a part on the faces of some trips; return what comes out, and the code if it is asked for here."""
        part, kind = self._part(name), self.topology.parts[name].spec
        if any(trip.code_at == name for trip in trips):
            code = part.to_code(x)
            return part.from_code(code), code
        if kind.told:
            who = [torch.full((n,), self.sides.index(trip.target), device=x.device) for trip, n in zip(trips, sizes)]
            return part(x, torch.cat(who)), None
        if isinstance(part, Drawing) and all(trip.first is not None for trip in trips):
            drawn = [self._drawn(name, part, trip, n) for trip, n in zip(trips, sizes)]
            return part(x, torch.cat(drawn).to(x.device)), None
        return part(x), None

    def _drawn(self, name: str, part: Drawing, trip: _Trip, count: int) -> Tensor:
        """Return what a part draws for training samples: a matter of each sample's index alone."""
        assert trip.first is not None
        stream = (self.topology.parts[name].kind, name, trip.target)
        return part.drawn(uniforms(self.seed, *stream, first=trip.first, count=count, width=part.channels))

    def _part(self, name: str) -> Part:
        part = self.parts[name]
        assert isinstance(part, Part)
        return part

    def _enter(self, x: Tensor, side: str) -> Tensor:
        x = (x if self.averaged == 1 else functional.avg_pool2d(x, self.averaged)) + self._shift_of(side)
        return x if self.architecture.value_range == "unit" else 2 * x - 1

    def picture(self, z: Tensor, side: str) -> Tensor:
        """Return the faces of a side that a pre-activation (N, 3 or more, r, r) becomes."""
        z = _face(z).float()  # under bf16 autocast: 8 bits of precision are too few for a picture
        y = self.output(z, self.architecture.value_range)
        return (y if self.architecture.value_range == "unit" else (y + 1) / 2) - self._shift_of(side)

    def _shift_of(self, side: str) -> Tensor:
        return self.get_buffer("colour_shift")[self.sides.index(side)]


def _face(z: Tensor) -> Tensor:
    """Return a picture's three channels; what has no others is not sliced, which would cost in the backward pass."""
    return z if z.shape[1] == 3 else z[:, :3]


def _mask(z: Tensor) -> Tensor | None:
    """Return the mask that lies behind a picture's three channels, if one does."""
    return z[:, 3:].float().sigmoid() if z.shape[1] > 3 else None


def parameter_counts(model: Autoencoder) -> dict[str, int]:
    """Return the number of parameters of each part and in all."""
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in model.parts.items()}
    return counts | {"total": sum(counts.values())}
