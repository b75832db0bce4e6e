"""How large everything is: as on the machine it is meant for, or small enough to try the program out on a CPU."""

from dataclasses import dataclass

TINY = (
    *("scale=smoke", "training.batch_size=4", "data.faces=16", "data.held_out=20", "evaluation.preview_faces=1"),
    *("model.encoder_widths=[4,4,4]", "model.code_size=8", "model.bridge_width=4", "model.decoder_widths=[4,4]"),
    *("evaluation.every_steps=null", "evaluation.preview_every_steps=null"),
)
FEW_FACES = ("data.faces=64", "data.held_out=20", "evaluation.preview_faces=1")


@dataclass(frozen=True)
class Scale:
    """Sizes of a whole measurement.

    Attributes:
        device: torch's name of what is measured.
        trainer: the option of the group trainer for it.
        sizes: name → (overrides, training steps, predicted milliseconds per step; see docs/scaling.md).
        processes: how many cells run at once on the device.
        cell: overrides of such a cell.
        orders: how many update orders are compared; None: all.
        topologies: how many topologies are compared, the last by name; None: all.
    """

    device: str
    trainer: str
    sizes: dict[str, tuple[tuple[str, ...], int, float | None]]
    processes: tuple[int, ...]
    cell: tuple[str, ...]
    orders: int | None
    topologies: int | None


CUDA = Scale(
    device="cuda",
    trainer="gpu",
    sizes={
        "quick": (("scale=quick", *FEW_FACES), 600, 2.6),
        "64 px (standard)": (("scale=standard", *FEW_FACES), 400, 3.1),
        "original": (("scale=original", *FEW_FACES), 120, 10.8),
    },
    processes=(1, 4, 8),
    cell=("scale=quick",),
    orders=None,
    topologies=None,
)
DRY = Scale(
    device="cpu",
    trainer="cpu",
    sizes={"tiny": (TINY, 30, None)},
    processes=(1, 2),
    cell=(*TINY, "training.max_steps=3"),
    orders=2,
    topologies=2,
)
