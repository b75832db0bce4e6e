"""Discriminators: nets that learn beside the autoencoder to tell two things apart, which it learns to make alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from faceswap_lab.training.step.optimizers import OptimizerStates, Settings

FORMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"lsgan": mse_loss, "bce": binary_cross_entropy_with_logits}
"""What a verdict costs beside its label, 0 or 1: its square distance (Mao et al. 2017, arXiv 1611.04076), or the
cross-entropy of its sigmoid (Goodfellow et al. 2014, arXiv 1406.2661, with the loss for the one who fools that does not
saturate)."""


class Shown(NamedTuple):
    """Samples of a side, as a discriminator sees them.

    Attributes:
        target: (N, 3, r, r) in [0, 1].
        faces: what was drawn for them, likewise.
        code: (N, units), where a discriminator of codes wants it.
    """

    target: Tensor
    faces: Tensor
    code: Tensor | None

    def detached(self) -> "Shown":
        """Return the same, with no way back to the autoencoder."""
        return Shown(self.target, self.faces.detach(), None if self.code is None else self.code.detach())

    @staticmethod
    def joined(shown: "Sequence[Shown]") -> "Shown":
        """Return the samples of several as one batch."""
        codes = [each.code for each in shown if each.code is not None]
        pictures = torch.cat([each.target for each in shown]), torch.cat([each.faces for each in shown])
        return Shown(*pictures, torch.cat(codes) if codes else None)


class Discriminator(nn.Module, ABC):
    """One of them.

    Args:
        name: of its term in the loss.
        form: a key of FORMS.
        sides: who learns to fool it.
        lr_factor: its learning rate, as a factor of the autoencoder's.
        first: whether it learns before the autoencoder's updates of a training step, or after them.
    """

    def __init__(self, name: str, form: str, sides: Sequence[str], lr_factor: float, first: bool = False) -> None:
        super().__init__()
        self.name, self.form, self.sides, self.lr_factor, self.first = name, form, sides, lr_factor, first

    @abstractmethod
    def fooling(self, side: str, shown: Shown) -> Tensor:
        """Return the loss of a side that fails to fool it, shape ()."""

    @abstractmethod
    def telling(self, side: str, shown: Shown) -> Tensor | None:
        """Return its own loss on samples of a side, shape (); None: they are none of its business."""

    @abstractmethod
    def looks(self, shown: Shown) -> Iterator[tuple[str, nn.Module, Tensor]]:
        """Yield its nets with their names, each with what it sees of samples."""

    def cost(self, verdicts: Tensor, label: float) -> Tensor:
        """Return the mean cost of verdicts that should be ``label``."""
        verdicts = verdicts.float()  # of autocast
        return FORMS[self.form](verdicts, torch.full_like(verdicts, label))


class OfPictures(Discriminator):
    """For each side, a net that tells its pictures (1) from those that were drawn for it (0), patch by patch.

    Args:
        nets: of each of ``sides``.
    """

    def __init__(
        self, nets: Mapping[str, nn.Module], name: str, form: str, lr_factor: float, first: bool = False
    ) -> None:
        super().__init__(name, form, tuple(nets), lr_factor, first)
        self.nets = nn.ModuleDict(nets)

    def fooling(self, side: str, shown: Shown) -> Tensor:
        """Return what it costs that drawn pictures are not taken for real ones."""
        return self.cost(self.nets[side](shown.faces), 1)

    def telling(self, side: str, shown: Shown) -> Tensor | None:
        """Return the mean cost of the two mistakes."""
        if side not in self.nets:
            return None
        net = self.nets[side]
        return (self.cost(net(shown.target), 1) + self.cost(net(shown.faces), 0)) / 2

    def looks(self, shown: Shown) -> Iterator[tuple[str, nn.Module, Tensor]]:
        """Yield the net of each side."""
        for side, net in self.nets.items():
            yield f"{self.name}_{side}", net, shown.faces


class OfCodes(Discriminator):
    """A net that tells A's codes (1) from all others' (0).

    DeepFaceLab's "true face power" (models/Model_SAEHD) has one, which its B (src) alone learns to fool.

    Args:
        net: (N, units) -> (N, 1).
    """

    def __init__(
        self, net: nn.Module, name: str, form: str, sides: Sequence[str], lr_factor: float, first: bool = False
    ) -> None:
        super().__init__(name, form, sides, lr_factor, first)
        self.net = net

    def fooling(self, side: str, shown: Shown) -> Tensor:
        """Return what it costs that codes are not taken for the other's."""
        return self.cost(self.net(shown.code), float(side != "A"))

    def telling(self, side: str, shown: Shown) -> Tensor | None:
        """Return what it costs that codes are not taken for what they are."""
        return self.cost(self.net(shown.code), float(side == "A"))

    def looks(self, shown: Shown) -> Iterator[tuple[str, nn.Module, Tensor]]:
        """Yield the one net."""
        assert shown.code is not None
        yield self.name, self.net, shown.code


class Discriminators(nn.Module):
    """All of them, and their optimizers: of the autoencoder's arithmetic, each with a learning rate of its own.

    Their weights want gradients in ``take_gradients`` only. So what the autoencoder learns of them leaves none there,
    and DDP, which averages the autoencoder's gradients, does not wait for theirs.
    """

    states: OptimizerStates

    def __init__(self, members: Sequence[Discriminator] = ()) -> None:
        super().__init__()
        self.members: Sequence[Discriminator] = nn.ModuleList(members)  # type: ignore[assignment]
        self.see_codes = any(isinstance(member, OfCodes) for member in members)
        self.requires_grad_(False)

    def __len__(self) -> int:
        return len(self.members)

    def make_optimizers(self, settings: Settings, skip: Tensor | None) -> None:
        """Make the optimizers, on the weights where they now lie; see ``OptimizerStates``."""
        self.states = OptimizerStates({member.name: member.parameters() for member in self.members}, settings, skip)
        self.set_learning_rate(settings.lr)

    def set_learning_rate(self, lr: float) -> None:
        """Follow the autoencoder's learning rate."""
        for member in self.members:
            for group in self.states.by_side[member.name].param_groups:
                group["lr"] = member.lr_factor * lr

    def who_learn(self, first: bool) -> list[Discriminator]:
        """Return those that learn before the autoencoder's updates of a training step, or after them."""
        return [member for member in self.members if member.first == first]

    def step(self, first: bool) -> None:
        """Use the gradients that lie on the weights of ``who_learn``."""
        self.states.step([member.name for member in self.who_learn(first)])

    def fooling(self, side: str, shown: Shown) -> dict[str, Tensor]:
        """Return, by term, the losses of a side that fails to fool them."""
        return {member.name: member.fooling(side, shown) for member in self.members if side in member.sides}

    def take_gradients(self, shown: Mapping[str, Shown], first: bool) -> dict[str, Tensor]:
        """Put the gradients of their own losses on the weights of ``who_learn``, and return the losses as logged.

        Args:
            shown: by side.
            first: which of them.
        """
        self.requires_grad_(True)
        told = {
            f"loss_{side}/{member.name}/discriminator": loss
            for side, samples in shown.items()
            for member in self.who_learn(first)
            if (loss := member.telling(side, samples)) is not None
        }
        if told:  # a step may be of sides that none of them knows
            torch.stack([*told.values()]).sum().backward()
        self.requires_grad_(False)
        return {name: loss.detach() for name, loss in told.items()}
