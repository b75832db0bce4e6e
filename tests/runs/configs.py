"""A small configuration of the shape the lab's has: nested dataclasses whose leaves say whether they count."""

from dataclasses import dataclass, field
from typing import Any


def counts() -> Any:
    return field(metadata={"identity": True})


def label() -> Any:
    return field(metadata={"identity": False})


@dataclass(frozen=True)
class Optimizer:
    lr: float = counts()
    widths: tuple[int, ...] = counts()
    name: str = label()


@dataclass(frozen=True)
class Logger:
    kind: str = label()


@dataclass(frozen=True)
class Config:
    seed: int = counts()
    clip: float | None = counts()
    flip: bool = counts()
    photometric: tuple[dict[str, Any], ...] = counts()
    runs_dir: str = label()
    optimizer: Optimizer
    logger: Logger


def config(**changes: Any) -> Config:
    settings: dict[str, Any] = {"seed": 0, "clip": None, "flip": True, "photometric": (), "runs_dir": "runs"}
    groups: dict[str, Any] = {"optimizer": Optimizer(5e-5, (128, 256), "adam"), "logger": Logger("csv")}
    return Config(**(settings | groups | changes))
