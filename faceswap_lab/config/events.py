"""The events of a run as its configuration plans them, judged without torch: when each comes, and to what.

``faceswap_lab.events`` has the function of every kind under the same name. To add one: a class here that says what the
kind is told, and a function there.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from inspect import signature
from typing import Any

from faceswap_lab.config.derived import side_weights_of, topology_of
from faceswap_lab.config.fields import setting
from faceswap_lab.config.kinds import read_kind
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import compares, terms_of
from faceswap_lab.events import EVENTS, Event, Events
from faceswap_lab.orders import ORDERS
from faceswap_lab.refusal import ConfigError, nearest


@dataclass(frozen=True, kw_only=True)
class Planned(ABC):
    """What all events are told."""

    kind: str = setting("which event it is; left out: the event's own name")
    step: float = setting(
        "training steps made before it, or below 1 a share of training.max_steps", above=0.0, high=1_000_000_000
    )

    @abstractmethod
    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """Return the arguments of the event's function.

        Raises:
            ConfigError: they mean nothing in this configuration.
        """


@dataclass(frozen=True, kw_only=True)
class Warp(Planned):
    """The warp has another strength."""

    strength: float = setting(
        "factor of augmentation.jitter, or of all that landmarks are moved by; 0: no warp", low=0.0, high=100.0
    )
    every: int = setting("only in every n-th step; 1: in all", low=1, high=1_000_000, later=1)

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """A factor of what there is."""
        if not config.augmentation.jitter and config.augmentation.nodes != "landmarks":
            raise ConfigError(
                f"{where} with augmentation.jitter=0: there is no warp to change. Choose an augmentation with a warp."
            )
        return {"strength": self.strength} | ({"every": self.every} if self.every > 1 else {})


@dataclass(frozen=True, kw_only=True)
class LearningRate(Planned):
    """The learning rate is another."""

    factor: float = setting("factor of the schedule's learning rate", low=0.0, high=1e6)

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """A factor."""
        return {"factor": self.factor}


@dataclass(frozen=True, kw_only=True)
class LossWeight(Planned):
    """A term of the loss has another weight."""

    term: str = setting("the term's name in loss.terms; where there are none, the loss's")
    weight: float = setting("its weight from then on", low=0.0, high=1e6)

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """A term that is there."""
        terms = terms_of(config.loss, config.model.resolution)
        if self.term not in terms:
            raise ConfigError(
                f"{where}.term={self.term}: the loss has no such term.{nearest(self.term, terms)} "
                f"It has: {', '.join(terms)}."
            )
        return {"term": self.term, "weight": self.weight}


@dataclass(frozen=True, kw_only=True)
class OfParts(Planned):
    """It is about parts."""

    parts: tuple[str, ...] = setting("names of parts, or patterns of them such as inter_*")

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """Parts that have weights, in the topology's order."""
        topology = topology_of(config)
        there = [name for name, part in topology.parts.items() if part.spec.weighs]
        if not self.parts:
            raise ConfigError(f"{where}.parts=[]: no part is named. There are: {', '.join(there)}.")
        for pattern in self.parts:
            if not any(fnmatchcase(name, pattern) for name in there):
                raise ConfigError(
                    f"{where}.parts={pattern}: topology={config.topology.name} has no such part with weights."
                    f"{nearest(pattern, there)} It has: {', '.join(there)}."
                )
        return {"parts": tuple(name for name in there if any(fnmatchcase(name, p) for p in self.parts))}


@dataclass(frozen=True, kw_only=True)
class Exchange(OfParts):
    """Two parts are exchanged."""

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """Two parts whose weights have the same shapes."""
        found, topology = super().settings(config, where), topology_of(config)
        told, names = f"{where}.parts={list(self.parts)}", ", ".join(found["parts"])
        if len(found["parts"]) != 2:
            raise ConfigError(f"{told}: two parts can be exchanged, and these are {names}. Name two.")
        one, other = ((topology.parts[name].spec, topology.shapes[name]) for name in found["parts"])
        if one != other:
            raise ConfigError(f"{told}: {names} are of different sizes, so neither fits the other. Name two alike.")
        return found


@dataclass(frozen=True, kw_only=True)
class Other(Planned):
    """An event that is not ours: whatever else it is told is its function's."""

    others: dict[str, Any] = setting("its own settings")

    def settings(self, config: Config, where: str) -> dict[str, Any]:
        """As they are, if the function takes them."""
        choice = EVENTS[self.kind]
        function, given = (choice.holds, 1) if choice.holds else (choice.once, 2)
        assert function is not None
        try:
            signature(function).bind(*[None] * given, **self.others)
        except TypeError as error:
            raise ConfigError(f"{where}: {self.kind} does not take this: {error}.") from error
        return self.others


KINDS: dict[str, type[Planned]] = {
    "warp": Warp,
    "learning_rate": LearningRate,
    "freeze": OfParts,
    "loss_weight": LossWeight,
    "reset": OfParts,
    "exchange": Exchange,
}


def events_of(config: Config) -> Events:
    """Return the events of a run.

    Raises:
        ConfigError: one means nothing, never comes, or leaves nothing that would be trained.
    """
    events = Events(tuple(_events(config)))
    if events:
        _check_what_is_left(config, events)
    return events


def _events(config: Config) -> Iterator[Event]:
    for name, told in config.events.planned.items():
        where = f"events.planned.{name}"
        planned = read_kind(told, name, where, KINDS, Other, {}, "step=0.8")
        if planned.kind not in EVENTS:
            raise ConfigError(
                f"{where}.kind={planned.kind}: no such event.{nearest(planned.kind, EVENTS)} "
                f"Known: {', '.join(EVENTS)}."
            )
        yield Event(_step(config, where, planned.step), name, planned.kind, planned.settings(config, where))


def _step(config: Config, where: str, told: float) -> int:
    """Return how many training steps come before an event."""
    last = config.training.max_steps
    step = round(told * last if told < 1 else told)
    if told >= 1 and step != told:
        raise ConfigError(
            f"{where}.step={told:g}: a whole number of training steps, or below 1 a share of training.max_steps."
        )
    if not 1 <= step < last:
        raise ConfigError(
            f"{where}.step={told:g} with training.max_steps={last}: an event comes between two steps, so it never "
            f"would. Give a number from 1 to {last - 1}, or a share of the steps such as 0.8."
            if last > 1
            else f"{where} with training.max_steps={last}: an event comes between two steps. Give more steps."
        )
    return step


def _check_what_is_left(config: Config, events: Events) -> None:
    """Refuse events after which no weight would move, or none towards a target."""
    terms = terms_of(config.loss, config.model.resolution)
    turns = list(_turns(config))
    for event in events.planned:
        now = events.at(event.step)
        for trained, last in turns:
            if event.step < last and trained <= now.frozen:
                until = f" until step {last}" if last < config.training.max_steps else ""
                raise ConfigError(
                    f"events.planned.{event.name}: after step {event.step} every part that would be trained{until} is "
                    "frozen, so nothing is. Leave a part out."
                )
        left = [term for name, term in terms.items() if now.weights.get(name, term.weight)]
        if not any(map(compares, left)):
            what = "compares a picture with its target" if left else "has a weight, so nothing would be trained"
            raise ConfigError(
                f"events.planned.{event.name}: after step {event.step} no term of the loss {what}. Give one of them a "
                "weight above 0."
            )


def _turns(config: Config) -> Iterator[tuple[set[str], int]]:
    """Yield the parts that are trained together, and the last step at which they are."""
    topology, order, last = topology_of(config), ORDERS.get(config.update_order.name), config.training.max_steps
    sides = [side for side, weight in side_weights_of(config).items() if weight and not (order and order.idle(side))]

    def moving(names: Iterable[str]) -> set[str]:
        return {name for name in names if topology.parts[name].trained and topology.parts[name].spec.weighs}

    if order and order.decoders:
        block = config.update_order.block or last // len(topology.sides)
        for turn, side in enumerate(topology.sides):
            route = topology.routes[side]
            if side in sides:
                yield moving(route.names[-1] if turn else route.parts), (turn + 1) * block
    else:
        yield moving(name for side in sides for name in topology.routes[side].parts), last
