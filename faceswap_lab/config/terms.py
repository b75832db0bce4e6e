"""The terms of a loss, as far as they can be judged without torch: their settings and what size of picture they need.

``training.step.losses`` has the function of every kind under the same name, with the same settings as arguments. To add
one: a class here where it has settings or needs a size of picture, and a function there.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from faceswap_lab.config.fields import setting
from faceswap_lab.config.kinds import read_kind
from faceswap_lab.config.schema import Loss
from faceswap_lab.refusal import ConfigError

MASKINGS = ("distance", "whole", "pictures")
HALVINGS = 3  # of a discriminator, unless it is told otherwise
REGIONS = ("face", "eyes", "mouth", "eyes_and_mouth")


@dataclass(frozen=True, kw_only=True)
class Term:
    """What all terms are told.

    Attributes:
        maskings: those that it can bear; the first two need a number for every pixel.
    """

    maskings: ClassVar[tuple[str, ...]] = MASKINGS
    kind: str = setting("which distance it is; left out: the term's own name")
    weight: float = setting("factor of the term in its side's loss", low=0.0, high=1e6, default=1.0)
    mask_weight: float | None = setting(
        "0: the whole picture counts alike; 1: only the face counts; left out: loss.mask_weight",
        low=0.0,
        high=1.0,
        default=None,
    )
    masking: str = setting(
        "distance: the mean under the mask; whole: the mean over the whole picture of the distance times the mask; "
        "pictures: the same of pictures times the mask",
        choices=MASKINGS,
        default="distance",
    )
    region: str = setting("the part of the face that the mask shows", choices=REGIONS, default="face")
    mask_blur: float = setting(
        "standard deviation of the mask's blur, as a share of the picture's side; 0: none",
        low=0.0,
        high=0.5,
        default=0.0,
    )

    @classmethod
    def own(cls) -> list[str]:
        """Return the names of the settings of its kind."""
        common = {field.name for field in dataclasses.fields(Term)}
        return [field.name for field in dataclasses.fields(cls) if field.name not in common]

    @property
    def settings(self) -> dict[str, Any]:
        """Those of its kind."""
        return {name: getattr(self, name) for name in self.own()}

    def smallest(self, side: int) -> tuple[str, int]:
        """Return what the term needs of pictures of ``side`` pixels, in words, and the smallest side that has it."""
        return "", 1


@dataclass(frozen=True, kw_only=True)
class Huber(Term):
    """Squared up to delta, absolute beyond."""

    delta: float = setting("where the square ends, in [0, 1] pictures", above=0.0, high=1e3, default=0.1)


@dataclass(frozen=True, kw_only=True)
class Dssim(Term):
    """Structural dissimilarity under a Gaussian window."""

    window: float = setting(
        "side of the window: pixels, or below 1 a share of the picture's side", above=0.0, high=1024, default=11
    )
    sigma: float = setting("standard deviation of the window, in pixels", above=0.0, high=1024, default=1.5)
    padding: str = setting(
        "valid: only where the window lies within the picture; reflect: at every pixel",
        choices=("valid", "reflect"),
        default="reflect",
    )

    def smallest(self, side: int) -> tuple[str, int]:
        """A window that lies within the picture."""
        window = window_of(self.window, side)
        return f"a window of {window} px", window


@dataclass(frozen=True, kw_only=True)
class MsSsim(Term):
    """Structural dissimilarity over several scales."""

    maskings: ClassVar[tuple[str, ...]] = ("pictures",)
    scales: int = setting("how often the picture is looked at, each time at half the size", low=1, high=5, default=2)
    window: float = setting(
        "side of the window: pixels, or below 1 a share of the picture's side", above=0.0, high=1024, default=11
    )
    sigma: float = setting("standard deviation of the window, in pixels", above=0.0, high=1024, default=1.5)

    def smallest(self, side: int) -> tuple[str, int]:
        """A window that lies within the smallest scale."""
        window = window_of(self.window, side)
        return f"a window of {window} px at {self.scales} scales", window << (self.scales - 1)


@dataclass(frozen=True, kw_only=True)
class Laplacian(Term):
    """Absolute error of the bands of a Laplacian pyramid."""

    maskings: ClassVar[tuple[str, ...]] = ("pictures",)
    levels: int = setting("how many bands, each of half the size of the one before", low=1, high=10, default=3)
    decay: float = setting("weight of a band relative to the next finer one", above=0.0, high=16.0, default=1.0)

    def smallest(self, side: int) -> tuple[str, int]:
        """A pixel that is left at the end."""
        return f"a pyramid of {self.levels} levels", 1 << self.levels


@dataclass(frozen=True, kw_only=True)
class FocalFrequency(Term):
    """Squared error of the spectrum, the worst frequencies weighing most."""

    maskings: ClassVar[tuple[str, ...]] = ("pictures",)
    alpha: float = setting("how much the worst frequencies weigh more", low=0.0, high=8.0, default=1.0)


@dataclass(frozen=True, kw_only=True)
class Beside(Term):
    """What is no distance of a picture from its target, but stands beside one."""

    maskings: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class SameCode(Beside):
    """Squared distance of a side's codes from the other sides' codes of the same states."""


@dataclass(frozen=True, kw_only=True)
class Adversarial(Beside):
    """What a net costs that learns beside the autoencoder to tell drawn pictures from real ones."""

    form: str = setting(
        "what a verdict costs: its squared distance from the label (lsgan), or the cross-entropy of its sigmoid (bce)",
        choices=("lsgan", "bce"),
        default="lsgan",
    )
    widths: tuple[int, ...] = setting(
        "of its layers, but for the last; empty: the first three of model.encoder_widths, or of codes as many units as "
        "the code has",
        low=1,
        high=4096,
        default=(),
    )
    sides: tuple[str, ...] = setting("the sides that learn to fool it; empty: all", default=())
    lr_factor: float = setting("its learning rate, as a factor of the autoencoder's", above=0.0, high=1e3, default=1.0)
    first: bool = setting(
        "true: it learns before the autoencoder's updates of a training step, from what is drawn once more; "
        "false: after them, from what was drawn for them",
        default=False,
    )

    def smallest(self, side: int) -> tuple[str, int]:
        """A patch that is left at the end."""
        halvings = len(self.widths) or HALVINGS
        return f"a discriminator of {halvings} halvings", 1 << halvings


@dataclass(frozen=True, kw_only=True)
class AdversarialCode(Adversarial):
    """What a net costs that learns beside the autoencoder to tell A's codes from the others'."""

    form: str = setting("as of adversarial", choices=("lsgan", "bce"), default="bce")

    def smallest(self, side: int) -> tuple[str, int]:
        """It sees no picture."""
        return "", 1


@dataclass(frozen=True, kw_only=True)
class Other(Term):
    """A kind that is not ours: whatever else it is told is its function's, which is asked before a training."""

    others: dict[str, Any] = setting("its own settings")

    @property
    def settings(self) -> dict[str, Any]:
        """Those of its kind."""
        return self.others


ADVERSARIAL: dict[str, type[Adversarial]] = {"adversarial": Adversarial, "adversarial_code": AdversarialCode}
"""Those for which ``training.build`` makes discriminators."""

BESIDE: dict[str, type[Term]] = {**ADVERSARIAL, "same_code": SameCode}
"""Those that are no function of two pictures: discriminators say what they cost, or ``training.step.losses``."""

KINDS: dict[str, type[Term]] = {
    "mae": Term,
    "mse": Term,
    "huber": Huber,
    "log_cosh": Term,
    "dssim": Dssim,
    "ms_ssim": MsSsim,
    "gradient": Term,
    "laplacian": Laplacian,
    "focal_frequency": FocalFrequency,
    "total_variation": Term,
} | BESIDE


def window_of(window: float, side: int) -> int:
    """Return the side of a window in whole pixels; below 1 it is a share of the picture's side."""
    return max(1, int(window * side if window < 1 else window))


def terms_of(loss: Loss, side: int) -> dict[str, Term]:
    """Return the terms of a side's loss by name, for pictures of ``side`` pixels.

    Without ``terms`` there is one: the distance that the group is named after. They come in the order of their names,
    so that the order in which they are written cannot change the rounding of their sum.

    Raises:
        ConfigError: a term means nothing, or pictures are too small for it.
    """
    if loss.terms and loss.name in KINDS and loss.name not in loss.terms:
        added = next(iter(loss.terms))
        raise ConfigError(
            f"loss.terms.{added} with loss={loss.name}: with terms given, the terms alone are the loss. "
            f"Add +loss.terms.{loss.name}.weight=1 if {loss.name} is to be one of them, or choose another loss."
        )
    told = loss.terms or {loss.name: {}}
    terms = {name: _term(loss, name, told[name], side) for name in sorted(told)}
    if not any(term.weight for term in terms.values()):
        raise ConfigError(
            "loss.terms: every weight is 0, so nothing would be trained. Give one of them a weight above 0."
        )
    if not any(term.weight and compares(term) for term in terms.values()):
        raise ConfigError(
            "loss.terms: none of them compares a picture with its target, and to the others any face would do. "
            "Add +loss.terms.mae.weight=1."
        )
    return terms


def compares(term: Term) -> bool:
    """Tell whether a term is a distance of a picture from its target."""
    return not isinstance(term, Beside) and term.kind != "total_variation"


def same_codes(terms: Mapping[str, Term]) -> tuple[str, ...]:
    """Return the names of those that ask for the same code of the same state."""
    return tuple(name for name, term in terms.items() if isinstance(term, SameCode))


def _term(loss: Loss, name: str, told: Any, side: int) -> Term:
    where = f"loss.terms.{name}" if loss.terms else f"loss={name}"
    kind = str(told.get("kind", name) if isinstance(told, Mapping) else name)
    usual = {"mask_weight": 0.0 if kind in BESIDE else loss.mask_weight}
    term = read_kind(told, name, where, KINDS, Other, usual, "weight=1")
    if term.region != "face" and not term.mask_weight:
        raise ConfigError(
            f"{where}.region={term.region} with {where}.mask_weight=0: a region counts where the mask does. "
            "Give it mask_weight: 1, or leave the region out."
        )
    needs, smallest = term.smallest(side)
    if smallest > side:
        raise ConfigError(
            f"{where} with model.resolution={side}: {needs} needs pictures of at least {smallest} px. "
            "Use a smaller one, or a larger model.resolution."
        )
    if term.mask_weight and term.masking not in term.maskings:
        masked = "masking: pictures, or " if term.maskings else ""
        raise ConfigError(
            f"{where}.mask_weight={term.mask_weight:g}: {term.kind} is no number for each pixel that a mask could "
            f"weigh. Give it {masked}mask_weight: 0."
        )
    return term
