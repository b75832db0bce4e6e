"""What a run can be told: one frozen dataclass per configuration group, one line per field.

Every field states its meaning and unit, its bounds, and whether it can change the result of a run (``identity``).
The values themselves live in ``conf/``: there is no default here, so there is one place to look one up.
"""

from dataclasses import dataclass
from typing import Any

from faceswap_lab.config.data import Augmentation, ColourMatch, FoldersData, PeopleData, TwinsData
from faceswap_lab.config.fields import label, setting
from faceswap_lab.config.model import (
    Bottleneck,
    DecoderActivation,
    EncoderActivation,
    Encoders,
    Initialisation,
    Model,
    Norm,
    Padding,
    Topology,
    Upsampler,
    ValueRange,
)  # fmt: skip
from faceswap_lab.config.shrink import Peer, Shrink


@dataclass(frozen=True, kw_only=True)
class UpdateOrder:
    """The order of the updates inside one training step."""

    name: str = setting("name in faceswap_lab.orders.ORDERS")
    block: int | None = setting(
        "alternate: training steps in a row for one side; null: half of them all (a_then_b_alone)",
        low=1,
        high=1_000_000,
    )


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The arithmetic of one update."""

    name: str = setting("name in faceswap_lab.training.step.optimizers.OPTIMIZERS")
    lr: float = setting("learning rate", above=0.0, high=10.0)
    beta1: float = setting(
        "decay of the mean of gradients, its share in the step (lion), momentum (sgd, rmsprop)", low=0.0, high=0.9999
    )
    beta2: float | None = setting("decay of the mean of squared gradients; null: has none", low=0.0, high=0.999999)
    eps: float | None = setting(
        "small number beside the root of the squared gradients; null: has none", above=0.0, high=1.0
    )
    weight_decay: float | None = setting(
        "share of a weight that lr times this takes off it in every update; null: has none",
        low=0.0,
        high=10.0,
        later=None,
    )


@dataclass(frozen=True, kw_only=True)
class OptimizerState:
    """Whose moments and whose step counter an update uses."""

    name: str = setting("name in faceswap_lab.training.step.optimizers.STATES")
    optimizer: str | None = label("the one optimizer it works with; null: any", None)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate goes over a training."""

    name: str = setting("name in faceswap_lab.schedules.SCHEDULES", absent="constant")
    length: int | None = setting(
        "training steps of the rise (warm_up), between two drops (drops), of a wave (waves); null: has none",
        low=1,
        high=1_000_000_000,
        absent=None,
    )
    factor: float | None = setting(
        "what a drop multiplies the rate by (drops); null: has none", low=0.0, high=1.0, absent=None
    )


@dataclass(frozen=True, kw_only=True)
class Events:
    """What changes at a step of the training; ``config.events`` judges what it says."""

    name: str = label("the option's name")
    planned: dict[str, Any] = setting(
        "name: {kind, step, …}; step: training steps made before it, or below 1 a share of them all; empty: nothing",
        later={},
    )


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The distance between output and target; ``config.terms`` judges its terms."""

    name: str = setting("name in faceswap_lab.training.step.losses.LOSSES, or of the sum that terms say")
    mask_weight: float = setting("0: the whole picture counts alike; 1: only the face counts", low=0.0, high=1.0)
    terms: dict[str, Any] = setting(
        "the loss as a sum, name: {weight, mask_weight, …}; empty: the one distance that name says", later={}
    )
    weight_a: float = setting("factor of loss_A", low=0.0, high=1e6)
    weight_b: float = setting("factor of loss_B", low=0.0, high=1e6)
    weight_mask: float = setting(
        "factor of the mask head's squared error to the face's mask, in its side's loss", low=0.0, high=1e6, later=1.0
    )
    weights: tuple[float, ...] = setting(
        "factors of the losses of the sides from C on; those that are not given are 1", low=0.0, high=1e6, later=()
    )


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The bundle of sizes the run was started from; its values are in model, training, optimizer and data."""

    name: str = label("the option's name")
    lr: float = setting("learning rate at this size", above=0.0, high=10.0, identity=False)
    batch_size: int | None = setting(
        "faces per side and step at this size; null: as training.batch_size says",
        low=1,
        high=65536,
        identity=False,
        default=None,
    )
    faces: int = setting("training faces per side", low=2, identity=False)
    held_out: int = setting("held-out states", low=20, identity=False)
    evaluate_every: int | None = setting("training steps between evaluations", low=1, identity=False)
    preview_every: int | None = setting("training steps between previews", low=1, identity=False)
    threads: int | None = setting("threads of torch that pay at this size", low=1, identity=False)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, and in which portions."""

    max_steps: int = setting("training steps; in one step both sides are trained once", low=1, high=1_000_000_000)
    batch_size: int = setting("faces per side and step, over all devices", low=1, high=65536)
    gradient_clip: float | None = setting("largest norm of the gradient of one update; null: no clipping", above=0.0)
    lr_dropout: float | None = setting(
        "learning rate dropout: the probability with which a weight makes its step, drawn in every update; null: every "
        "weight does",
        above=0.0,
        high=1.0,
        later=None,
    )
    ema: float | None = setting(
        "decay, per training step, of a moving average of the weights that is judged beside the weights; null: none",
        low=0.0,
        high=0.999999,
        later=None,
    )
    precision: str = setting("arithmetic of the forward pass", choices=("32", "bf16-mixed"))
    deterministic: bool = setting("operations that give the same twice; a warning of each that cannot")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """When a run is judged and shown."""

    every_steps: int | None = setting(
        "training steps between evaluations; null: only at the end", low=1, identity=False
    )
    preview_every_steps: int | None = setting(
        "training steps between previews; null: only at the end", low=1, identity=False
    )
    preview_faces: int = setting("held-out faces in a preview", low=1, high=64, identity=False)
    metrics: tuple[str, ...] = setting("metrics of plugins, beside the lab's own", later=())
    real_judges: bool = setting(
        "what networks see in swaps of real people is measured of rendered ones too, beside the truth", later=False
    )


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How much time a killed run may lose."""

    every_seconds: float | None = setting(
        "seconds between checkpoints; null: none by the clock", above=0.0, identity=False
    )
    every_steps: int | None = setting("training steps between checkpoints; null: none by steps", low=1, identity=False)


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The machine a run is trained on."""

    name: str = label("the option's name")
    accelerator: str = setting("Lightning's accelerator", choices=("auto", "cpu", "gpu"), identity=False)
    devices: int = setting("devices of one machine", low=1, high=1024, identity=False)
    gpu: int | None = setting(
        "which GPU, counted from 0; null: the first, or a sweep's next free one", low=0, high=1023, identity=False
    )
    strategy: str = setting("Lightning's strategy", choices=("auto", "ddp"), identity=False)
    compile: str = setting(
        "torch.compile of encoders and decoders; cudagraphs: replayed as CUDA graphs too, for small models",
        choices=("none", "default", "cudagraphs"),
        identity=False,
    )
    channels_last: bool = setting("pictures and kernels lie channels last in memory", identity=False)
    workers: int = setting("processes that make samples; 0: the training process does", low=0, high=256, identity=False)
    threads: int | None = setting(
        "threads of torch on a CPU; null: torch's own choice", low=1, high=1024, identity=False
    )


@dataclass(frozen=True, kw_only=True)
class Logger:
    """Where else metrics go; metrics.csv in the run folder is always written."""

    name: str = label("the option's name")
    kinds: tuple[str, ...] = setting("loggers beside metrics.csv", choices=("tensorboard", "wandb"), identity=False)
    every_steps: int = setting("training steps averaged into one row", low=1, identity=False)
    project: str | None = label("W&B: the project; null: WANDB_PROJECT, or faceswap_lab")
    entity: str | None = label("W&B: the account or team; null: the one that W&B takes by itself")
    mode: str | None = setting(
        "W&B: online uploads, offline needs no account; null: WANDB_MODE, or offline",
        choices=("offline", "online", "disabled"),
        identity=False,
    )
    group: str | None = label("W&B: the group; null: WANDB_RUN_GROUP, or the study, or the sweep")
    tags: tuple[str, ...] = label("W&B: tags beside the lab's own and WANDB_TAGS")
    notes: str | None = label("W&B: what you want to remember of the run; null: WANDB_NOTES")
    artifact: bool = label("W&B: keep weights, configuration and pictures there as an artifact")


@dataclass(frozen=True, kw_only=True)
class Study:
    """The question that a run is a cell of, declared before any of its runs. Arms and seeds are Hydra's sweep."""

    name: str = label("the option's name")
    title: str = label("a few words")
    question: str = label("the question in words")
    baseline: str = label("the arm that all others are compared with, by the name of its experiment")
    metric: str = label("the metric that decides, as it is called in result.json")
    smallest_difference: float | None = setting(
        "the smallest difference in it that matters in practice; null: none was declared", above=0.0, identity=False
    )
    secondary: tuple[str, ...] = label("metrics with verdicts of their own")
    notes: tuple[str, ...] = label("what to know before reading the answer")
    group_seeds: int | None = setting(
        "of one arm alone: so many seeds together are taken for an arm of their own (A/A)", low=2, identity=False
    )
    companion: str | None = setting(
        "a further measurement shown in the report", choices=("order_effect",), identity=False
    )
    tuning: dict[str, Any] = label(
        "setting: its candidates, of which every arm takes its best on the development population", {}
    )
    tuning_seeds: tuple[int, ...] = label("the seeds that every candidate is tried with", ())


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole run."""

    name: str | None = label("label of the run; null: made from what differs from the baseline")
    seed: int = setting("seed of everything random in the run", low=0)
    runs_dir: str = label("folder of the run folders")
    experiments_dir: str = label("folder of the studies' reports")
    cache_dir: str | None = label("folder of rendered faces; null: $XDG_CACHE_HOME/faceswap_lab")
    cache_gib: float | None = setting(
        "what rendered faces may take there, in GiB; those unused for longest make room; null: no bound",
        above=0.0,
        identity=False,
    )
    force: bool = label("train again beside a finished run instead of returning its result")
    progress: bool = label("show progress bars")
    optimized_metric: tuple[str, ...] = label("metrics of a run that a sweeper which searches is told; one or several")
    peer: Peer | None = label("the program of the field whose recipe this is; null: none", None)
    model: Model
    shrink: Shrink
    shrunk: str | None = label("what shrink came to, in a line; null: nothing was shrunk", None)
    topology: Topology
    encoders: Encoders
    encoder_activation: EncoderActivation
    decoder_activation: DecoderActivation
    upsampler: Upsampler
    norm: Norm
    padding: Padding
    bottleneck: Bottleneck
    value_range: ValueRange
    initialisation: Initialisation
    update_order: UpdateOrder
    optimizer: Optimizer
    optimizer_state: OptimizerState
    schedule: Schedule
    loss: Loss
    events: Events
    augmentation: Augmentation
    colour_match: ColourMatch
    data: TwinsData | PeopleData | FoldersData
    scale: Scale
    training: Training
    evaluation: Evaluation
    checkpoint: Checkpoint
    trainer: Trainer
    logger: Logger
    study: Study | None = label("the study this run is a cell of; null: none")
