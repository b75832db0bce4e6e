"""The faceswap autoencoder: encoders, one decoder per side, and the wiring between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from faceswap_lab.models.activations import HIDDEN, OUTPUT, ValueRange
from faceswap_lab.models.initialisation import INITIALISATIONS, initialise
from faceswap_lab.models.parts import Decoder, Encoder
from faceswap_lab.randomness import seed_of

SIDES = ("A", "B")
SwapPath = Literal["own", "target"]


@dataclass(frozen=True)
class Architecture:
    """A model's whole interface. The defaults are the 2018 original: 82,062,470 parameters."""

    resolution: int = 64
    encoder_widths: tuple[int, ...] = (128, 256, 512, 1024)
    code_size: int = 1024
    bridge_width: int = 512
    decoder_widths: tuple[int, ...] = (256, 128, 64)
    encoders: int = 1
    encoder_start: Literal["independent", "equal"] | None = None
    encoder_activation: str = "leaky_relu"
    encoder_slope: float | None = 0.1
    decoder_activation: str = "sigmoid"
    value_range: ValueRange = "unit"
    initialisation: str = "glorot"
    sides: tuple[str, ...] = SIDES


class Autoencoder(nn.Module):
    """Encoders and decoders by name, and who uses which.

    Every picture that enters or leaves is RGB float32 in [0, 1], shape (N, 3, r, r); ``value_range`` is what the
    network works in, inside only. An output may leave [0, 1] where its activation is unbounded (linear), and under any
    activation where the side's ``colour_shift`` is not zero.

    Each component starts from its own stream ``(seed, "init", name)``, so decoder_B's initial weights do not depend on
    how many encoders there are. With two encoders, encoder_A starts as the one shared encoder would.

    Args:
        architecture: sizes, activations, wiring.
        seed: of the initial weights.
    """

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = a = architecture
        _check_names(a)
        hidden = partial(HIDDEN[a.encoder_activation], a.encoder_slope)
        self.output = OUTPUT[a.decoder_activation]
        names = ("shared",) if a.encoders == 1 else a.sides
        sizes = (a.resolution, a.encoder_widths, a.code_size, a.bridge_width)
        self.encoders = nn.ModuleDict({name: Encoder(*sizes, hidden) for name in names})
        self.decoders = nn.ModuleDict({side: Decoder(a.bridge_width, a.decoder_widths, hidden) for side in a.sides})
        self.register_buffer("colour_shift", torch.zeros(len(a.sides), 3, 1, 1))
        self._initialise(seed)

    def _initialise(self, seed: int) -> None:
        a = self.architecture
        for name, encoder in self.encoders.items():
            first = name in ("shared", a.sides[0]) or a.encoder_start == "equal"
            initialise(encoder, a.initialisation, seed_of(seed, "init", "encoder" if first else f"encoder_{name}"))
        for side, decoder in self.decoders.items():
            initialise(decoder, a.initialisation, seed_of(seed, "init", f"decoder_{side}"))

    def encoder_of(self, side: str) -> Encoder:
        """Return the encoder that ``side`` is trained with."""
        encoder = self.encoders["shared" if "shared" in self.encoders else side]
        assert isinstance(encoder, Encoder)
        return encoder

    def parameters_of(self, side: str) -> Iterator[nn.Parameter]:
        """Yield the parameters of the side's autoencoder: its encoder (shared or its own) and its decoder."""
        yield from self.encoder_of(side).parameters()
        yield from self.decoders[side].parameters()

    def reconstruct(self, side: str, x: Tensor) -> Tensor:
        """Return decoder_side(encoder_side(x)): what training asks for. (N, 3, r, r) -> (N, 3, r, r)."""
        return self.swap(x, side, side)

    def reconstruct_all(self, faces: Sequence[tuple[str, Tensor]], train_encoders: bool = True) -> list[Tensor]:
        """Return ``reconstruct(side, x)`` for each (side, x): an encoder that several share is run once, on one batch.

        The same mathematics, because nothing in the network looks across a batch; only the rounding differs.

        Args:
            faces: (side, (N, 3, r, r) in [0, 1]) pairs.
            train_encoders: False: no gradient reaches the encoders.
        """
        shared: dict[Encoder, list[int]] = {}
        for i, (side, _) in enumerate(faces):
            shared.setdefault(self.encoder_of(side), []).append(i)
        codes: dict[int, Tensor] = {}
        for encoder, which in shared.items():
            entered = [self._enter(faces[i][1], faces[i][0]) for i in which]
            with torch.set_grad_enabled(train_encoders and torch.is_grad_enabled()):
                code = encoder(torch.cat(entered))
            codes |= zip(which, code.split([len(x) for x in entered]))
        return [self._leave(self.decoders[side](codes[i]), side) for i, (side, _) in enumerate(faces)]

    @property
    def swap_paths(self) -> tuple[str, ...]:
        """The ways to swap, the primary one first."""
        return ("own",) if "shared" in self.encoders else ("own", "target")

    def swap(self, x: Tensor, source: str, target: str, path: str | None = None) -> Tensor:
        """Return the target's face in the state of the source's face ``x``.

        Args:
            x: faces of ``source``, (N, 3, r, r) in [0, 1].
            source: whose faces they are.
            target: who they become.
            path: with an encoder per side: ``own`` goes through the source's encoder, which was trained on such
                faces; ``target`` through the target's, which the decoder was trained with. The same with one encoder.
        """
        code = self.encoder_of(target if path == "target" else source)(self._enter(x, source))
        return self._leave(self.decoders[target](code), target)

    def code(self, x: Tensor, side: str) -> Tensor:
        """Return the code's units for faces ``x`` through the side's encoder: (N, code_size)."""
        return self.encoder_of(side).bottleneck(self._enter(x, side))

    def forward(self, x: Tensor, side: str) -> Tensor:
        """The same as ``reconstruct(side, x)``."""
        return self.reconstruct(side, x)

    def _enter(self, x: Tensor, side: str) -> Tensor:
        x = x + self._shift_of(side)
        return x if self.architecture.value_range == "unit" else 2 * x - 1

    def _leave(self, z: Tensor, side: str) -> Tensor:
        z = z.float()  # under bf16 autocast: 8 bits of precision are too few for a picture
        y = self.output(z, self.architecture.value_range)
        return (y if self.architecture.value_range == "unit" else (y + 1) / 2) - self._shift_of(side)

    def _shift_of(self, side: str) -> Tensor:
        return self.get_buffer("colour_shift")[self.architecture.sides.index(side)]


def parameter_counts(model: Autoencoder) -> dict[str, int]:
    """Return the number of parameters of each component and in all."""
    counts = {f"encoder_{n}" if n != "shared" else "encoder": _count(m) for n, m in model.encoders.items()}
    counts |= {f"decoder_{n}": _count(m) for n, m in model.decoders.items()}
    return counts | {"total": sum(counts.values())}


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _check_names(a: Architecture) -> None:
    """Raise ValueError where a name has no function: a YAML alone does not make an activation."""
    for what, name, registry in (
        ("encoder_activation", a.encoder_activation, HIDDEN),
        ("decoder_activation", a.decoder_activation, OUTPUT),
        ("initialisation", a.initialisation, INITIALISATIONS),
    ):
        if name not in registry:
            raise ValueError(f"{what}={name}: no function of that name. Known: {', '.join(registry)}.")
    if a.value_range not in ("unit", "signed"):
        raise ValueError(f"value_range={a.value_range}: must be unit or signed.")
