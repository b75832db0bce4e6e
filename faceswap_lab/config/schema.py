"""What a run can be told: one frozen dataclass per configuration group, one line per field.

Every field states its meaning and unit, its bounds, and whether it can change the result of a run (``identity``).
The values themselves live in ``conf/``: there is no default here, so there is one place to look one up.
"""

from dataclasses import dataclass, field
from typing import Any

from faceswap_lab.topology import ORIGINAL
from faceswap_lab.topology.blocks import MOST_RESIDUALS, RESIDUAL_STARTS

_GRIDS = (2, 3, 4, 6, 8, 12, 16)  # what a resolution can be halved to

ALWAYS_THERE = object()
"""Of a field that has existed since the first run was hashed."""


def _field(
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    above: float | None = None,
    identity: bool = True,
    absent: Any = ALWAYS_THERE,
    default: Any = ALWAYS_THERE,
) -> Any:
    """Describe a field: its meaning, its bounds (inclusive ``low``, ``high``; exclusive ``above``), its effect.

    Args:
        absent: for a field that came later, the value that stands for what the program did before it existed: a run
            with that value keeps the hash it had then (see ``runs.identity``).
        default: the value where a YAML gives none; only for what somebody's own YAML may well leave out.
    """
    told = {"doc": doc, "identity": identity, "low": low, "high": high, "above": above, "choices": choices}
    given = {"absent": absent, "default": default}
    return field(metadata=told | {name: value for name, value in given.items() if value is not ALWAYS_THERE})


def _label(doc: str, default: Any = ALWAYS_THERE) -> Any:
    """Describe a field that names or places a run without changing what comes out of it."""
    return _field(doc, identity=False, default=default)


def _sampler() -> Any:
    """Describe the field that all data have. Its choices make the same pixels but for a rounding here and there."""
    return _field(
        "where samples are interpolated: cv2: the CPU; device: the training device, where the faces then live; auto: "
        "device on a CUDA GPU where both sides' faces need at most half of the free memory, else cv2",
        choices=("auto", "cv2", "device"),
        identity=False,
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """Sizes of the autoencoder. 2018: 64 px, widths 128-1024, code 1024, bridge 512, decoder 256-64."""

    resolution: int = _field("side of the square pictures the network sees, in pixels", choices=(32, 64, 96, 128))
    encoder_widths: tuple[int, ...] = _field(
        "channels of the stride-2 convolutions, down to a 4x4 grid", low=1, high=4096
    )
    code_size: int = _field("units of the code (the bottleneck)", low=1, high=65536)
    bridge_width: int = _field("channels of the encoder's last upscale, at 8x8; 0: there is none", low=0, high=4096)
    decoder_widths: tuple[int, ...] = _field("channels of the decoder's upscales, from 16x16 on", low=1, high=4096)
    grid: int = _field(
        "side that the encoder's convolutions come down to, in pixels", choices=_GRIDS, absent=4, default=4
    )
    dense_width: int | None = _field(
        "channels of the map that comes out of the bottleneck; null: as many as the encoder's last",
        low=1,
        high=4096,
        absent=None,
        default=None,
    )
    dense_side: int | None = _field(
        "side of that map, in pixels; null: as model.grid", choices=_GRIDS, absent=None, default=None
    )
    residuals: tuple[int, ...] = _field(
        "residual blocks after each upscale of a decoder: [1]: one after every one; [1,1,0]: by upscale; []: none",
        low=0,
        high=MOST_RESIDUALS,
        absent=(),
        default=(),
    )
    residual_start: str = _field(
        "scaled: the second convolution of a residual block starts small; usual: as all others",
        choices=RESIDUAL_STARTS,
        absent="scaled",
        default="scaled",
    )
    out_kernel: int = _field(
        "side of the kernel of the decoder's last convolution, in pixels", choices=(1, 3, 5, 7, 9), absent=5, default=5
    )
    depth_to_space: bool = _field(
        "true: the decoder ends in four convolutions, laid side by side, and has an upscale less",
        absent=False,
        default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Encoders:
    """How many encoders there are, how a second one starts, and whether they learn."""

    name: str = _label("the option's name")
    count: int = _field("1: one encoder shared by both sides; 2: each side has its own", choices=(1, 2))
    start: str | None = _field("initial weights of two encoders", choices=("independent", "equal"))
    trained: bool = _field("false: the encoders keep their initial weights, and only the decoders are trained")


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Which parts there are, and the way of a face through them; ``faceswap_lab.topology`` judges what it says."""

    name: str = _label("the option's name")
    parts: dict[str, Any] = _field(  # noqa: RUF009  # it returns a field
        "name: {kind, sizes, start, trained, frozen_from, load}; {side} in a name makes one for each side",
        absent=ORIGINAL.parts,
    )
    route: str | dict[str, Any] = _field(  # noqa: RUF009  # it returns a field
        "the way of a side's faces, such as encoder > inter_{side} + inter_both > decoder; or {A: …, default: …}",
        absent=ORIGINAL.route,
    )
    swaps: dict[str, Any] = _field(  # noqa: RUF009  # it returns a field
        "named ways from {source} to {target}, the primary one first; empty: the target's own route",
        absent=ORIGINAL.swaps,
        default={},
    )
    code: str = _field("the part whose output is compared between sides", absent=ORIGINAL.code)
    tie: float = _field(
        "weight of the loss that ties the sides' codes (means and covariances); 0: none",
        low=0.0,
        high=1e6,
        absent=ORIGINAL.tie,
        default=0.0,
    )
    split: int | None = _label("after how many stages a part is split, where the YAML's parts refer to it", None)
    share: float | None = _label("of a part's widths, where the YAML's parts refer to it", None)
    load: str | None = _label("weights.safetensors of the run whose parts the parts with load: start from", None)


@dataclass(frozen=True, kw_only=True)
class EncoderActivation:
    """The nonlinearity after every convolution of the encoder and of the upscales."""

    name: str = _field("name in faceswap_lab.models.activations.HIDDEN")
    slope: float | None = _field("negative slope (leaky_relu), its start (prelu), or alpha (elu)", low=0.0, high=10.0)


@dataclass(frozen=True, kw_only=True)
class DecoderActivation:
    """The function at the decoder's end."""

    name: str = _field("name in faceswap_lab.models.activations.OUTPUT")


@dataclass(frozen=True, kw_only=True)
class Upsampler:
    """How a part makes a map twice as large."""

    name: str = _field("name in faceswap_lab.models.upsamplers.UPSAMPLERS", absent="pixel_shuffle")
    icnr: bool | None = _field(
        "true: what is shuffled to neighbouring pixels starts equal; null: nothing is shuffled", absent=False
    )


@dataclass(frozen=True, kw_only=True)
class Norm:
    """What stands between a convolution and its activation."""

    name: str = _field("name in faceswap_lab.models.norms.NORMS", absent="none")


@dataclass(frozen=True, kw_only=True)
class Padding:
    """What convolutions see beyond a picture's edge."""

    name: str = _field("name in faceswap_lab.models.blocks.PADDINGS", absent="same")


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """What lies around the code."""

    name: str = _field("name in faceswap_lab.models.bottlenecks.BOTTLENECKS", absent="two_dense")
    pixel_norm: bool = _field(
        "true: what comes in is divided by its root mean square, face by face", absent=False, default=False
    )


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """The range of values inside the network; every interface outside is [0, 1]."""

    name: str = _field("unit: [0, 1]; signed: [-1, 1]", choices=("unit", "signed"))


@dataclass(frozen=True, kw_only=True)
class Initialisation:
    """How weights start."""

    name: str = _field("name in faceswap_lab.models.initialisation.INITIALISATIONS")


@dataclass(frozen=True, kw_only=True)
class UpdateOrder:
    """The order of the updates inside one training step."""

    name: str = _field("name in faceswap_lab.training.orders.ORDERS")
    block: int | None = _field(
        "alternate: training steps in a row for one side; null: half of them all (a_then_b_alone)",
        low=1,
        high=1_000_000,
    )


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The arithmetic of one update."""

    name: str = _field("name in faceswap_lab.training.step.optimizers.OPTIMIZERS")
    lr: float = _field("learning rate", above=0.0, high=10.0)
    beta1: float = _field(
        "decay of the mean of gradients, its share in the step (lion), momentum (sgd, rmsprop)", low=0.0, high=0.9999
    )
    beta2: float | None = _field("decay of the mean of squared gradients; null: has none", low=0.0, high=0.999999)
    eps: float | None = _field(
        "small number beside the root of the squared gradients; null: has none", above=0.0, high=1.0
    )
    weight_decay: float | None = _field(
        "share of a weight that lr times this takes off it in every update; null: has none",
        low=0.0,
        high=10.0,
        absent=None,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class OptimizerState:
    """Whose moments and whose step counter an update uses."""

    name: str = _field("name in faceswap_lab.training.step.optimizers.STATES")
    optimizer: str | None = _label("the one optimizer it works with; null: any", None)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate goes over a training."""

    name: str = _field("name in faceswap_lab.schedules.SCHEDULES", absent="constant")
    length: int | None = _field(
        "training steps of the rise (warm_up), between two drops (drops), of a wave (waves); null: has none",
        low=1,
        high=1_000_000_000,
        absent=None,
    )
    factor: float | None = _field(
        "what a drop multiplies the rate by (drops); null: has none", low=0.0, high=1.0, absent=None
    )


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The distance between output and target."""

    name: str = _field("name in faceswap_lab.training.step.losses.LOSSES")
    mask_weight: float = _field("0: the whole picture counts alike; 1: only the face counts", low=0.0, high=1.0)
    weight_a: float = _field("factor of loss_A", low=0.0, high=1e6)
    weight_b: float = _field("factor of loss_B", low=0.0, high=1e6)
    weights: tuple[float, ...] = _field(
        "factors of the losses of the sides from C on; those that are not given are 1",
        low=0.0,
        high=1e6,
        absent=(),
        default=(),
    )


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is drawn anew for every training sample. Lengths are in pixels of a 256 px face, as in 2018."""

    name: str = _label("the option's name")
    rotation: float = _field("largest rotation, in degrees", low=0.0, high=180.0)
    zoom: float = _field("largest zoom, as a fraction of the size", low=0.0, high=0.9)
    shift: float = _field("largest shift, as a fraction of the side", low=0.0, high=0.5)
    flip: float = _field("probability of a mirror image", low=0.0, high=1.0)
    jitter: float = _field(
        "standard deviation of the 5x5 grid's points, in pixels of a 256 px face", low=0.0, high=64.0
    )
    coverage: float = _field("side of the warped square as a fraction of the face picture", low=0.1, high=1.0)
    misaligned: bool = _field("keep the half output pixel by which 2018 set input and target apart")
    two_stage: bool = _field("interpolate twice, as 2018 did; costs time and sharpness")
    photometric: tuple[dict[str, Any], ...] = _field("albumentations pixel transforms: [{name: …, p: …}]")


@dataclass(frozen=True, kw_only=True)
class ColourMatch:
    """Whether A's colours are moved towards B's before training."""

    name: str = _field(
        "none, or mean_a_to_b: A's mean colour moved to B's (the 2017 scripts)", choices=("none", "mean_a_to_b")
    )


@dataclass(frozen=True, kw_only=True)
class RenderedData:
    """What all rendered faces are told: the true swap is known."""

    faces: int = _field("training faces per side", low=2, high=10_000_000)
    held_out: int = _field(
        "held-out states, rendered for all sides: the truth; R@5 is 5 in so many by chance", low=20, high=2_048
    )
    pose: str = _field("whether both sides are trained on the same range of poses", choices=("equal", "disjoint"))
    light: str = _field("whether both sides are trained under the same range of light", choices=("equal", "disjoint"))
    background: str = _field("what stands behind a face", choices=("varied", "per_person", "plain"))
    sampler: str = _sampler()


@dataclass(frozen=True, kw_only=True)
class TwinsData(RenderedData):
    """Rendered people by name."""

    name: str = _field("twins")
    identity_a: str = _field("who A is: a preset's name, person-<n> or random-<seed>")
    identity_b: str = _field("who B is: a preset's name, person-<n> or random-<seed>")
    identities: tuple[str, ...] = _field(
        "who A, B, C, … are, 2 to 26 people, in place of identity_a and identity_b; empty: these two", absent=()
    )
    seed: int = _field(
        "seed of the states that are drawn; apart from the run's seed, so that runs share the pictures", low=0
    )

    @property
    def people(self) -> tuple[str, ...]:
        """Who A, B, C, … are."""
        return self.identities or (self.identity_a, self.identity_b)

    @property
    def overrides(self) -> str:
        """How a command line says who they are."""
        if self.identities:
            return f"data.identities=[{','.join(self.identities)}]"
        return f"data.identity_a={self.identity_a} data.identity_b={self.identity_b}"


@dataclass(frozen=True, kw_only=True)
class PeopleData(RenderedData):
    """Rendered people drawn by the run's seed, and so are the states they are shown in: what holds for people."""

    name: str = _field("people")
    population: str = _field(
        "whom people are drawn from: development, on which recipes may be tuned; confirmation, for evidence alone",
        choices=("development", "confirmation"),
    )
    sides: int = _field("how many people: A, B, C, …", low=2, high=26)
    group: int | None = _field("which people; null: those of the run's seed; a number: these, whatever the seed", low=0)
    glasses: str = _field("who wears glasses", choices=("any", "none", "all"))
    beard: str = _field("who has a beard", choices=("any", "none", "all"))
    hair: str = _field("the hair of all", choices=("any", "none", "short", "long"))
    skin: str = _field(
        "the skin of all: light, dark; or of two people: alike, different",
        choices=("any", "light", "dark", "alike", "different"),
    )
    likeness: str = _field("the shape of two people's faces", choices=("any", "alike", "unlike"))


@dataclass(frozen=True, kw_only=True)
class FoldersData:
    """A person's own aligned face pictures; no true swap is known."""

    name: str = _field("folders")
    a: str = _label("folder with aligned face pictures of A")
    b: str = _label("folder with aligned face pictures of B")
    more: tuple[str, ...] = _label("folders of C, D, …, where more than two people are trained", ())
    held_out: float = _field(
        "share of a side's pictures that is never trained on, up to 0.9, or their number, such as 40; 2,048 a side are "
        "judged at most",
        above=0.0,
        high=10_000_000,
    )
    split: str = _field(
        "which pictures are held out: leak_free: films by blocks of time, and nothing trained on looks like them; "
        "pictures: by chance, whatever they look like",
        choices=("leak_free", "pictures"),
        absent="pictures",
    )
    sampler: str = _sampler()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of A, B, C, …"""
        return (self.a, self.b, *self.more)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The bundle of sizes the run was started from; its values are in model, training, optimizer and data."""

    name: str = _label("the option's name")
    lr: float = _field("learning rate at this size", above=0.0, high=10.0, identity=False)
    faces: int = _field("training faces per side", low=2, identity=False)
    held_out: int = _field("held-out states", low=20, identity=False)
    evaluate_every: int | None = _field("training steps between evaluations", low=1, identity=False)
    preview_every: int | None = _field("training steps between previews", low=1, identity=False)
    threads: int | None = _field("threads of torch that pay at this size", low=1, identity=False)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, and in which portions."""

    max_steps: int = _field("training steps; in one step both sides are trained once", low=1, high=1_000_000_000)
    batch_size: int = _field("faces per side and step, over all devices", low=1, high=65536)
    gradient_clip: float | None = _field("largest norm of the gradient of one update; null: no clipping", above=0.0)
    lr_dropout: float | None = _field(
        "learning rate dropout: the probability with which a weight makes its step, drawn in every update; null: every "
        "weight does",
        above=0.0,
        high=1.0,
        absent=None,
        default=None,
    )
    ema: float | None = _field(
        "decay, per training step, of a moving average of the weights that is judged beside the weights; null: none",
        low=0.0,
        high=0.999999,
        absent=None,
        default=None,
    )
    precision: str = _field("arithmetic of the forward pass", choices=("32", "bf16-mixed"))
    deterministic: bool = _field("operations that give the same twice; a warning of each that cannot")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """When a run is judged and shown."""

    every_steps: int | None = _field("training steps between evaluations; null: only at the end", low=1, identity=False)
    preview_every_steps: int | None = _field(
        "training steps between previews; null: only at the end", low=1, identity=False
    )
    preview_faces: int = _field("held-out faces in a preview", low=1, high=64, identity=False)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How much time a killed run may lose."""

    every_seconds: float | None = _field(
        "seconds between checkpoints; null: none by the clock", above=0.0, identity=False
    )
    every_steps: int | None = _field("training steps between checkpoints; null: none by steps", low=1, identity=False)


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The machine a run is trained on."""

    name: str = _label("the option's name")
    accelerator: str = _field("Lightning's accelerator", choices=("auto", "cpu", "gpu"), identity=False)
    devices: int = _field("devices of one machine", low=1, high=1024, identity=False)
    gpu: int | None = _field(
        "which GPU, counted from 0; null: the first, or a sweep's next free one", low=0, high=1023, identity=False
    )
    strategy: str = _field("Lightning's strategy", choices=("auto", "ddp"), identity=False)
    compile: str = _field(
        "torch.compile of encoders and decoders; cudagraphs: replayed as CUDA graphs too, for small models",
        choices=("none", "default", "cudagraphs"),
        identity=False,
    )
    channels_last: bool = _field("pictures and kernels lie channels last in memory", identity=False)
    workers: int = _field("processes that make samples; 0: the training process does", low=0, high=256, identity=False)
    threads: int | None = _field(
        "threads of torch on a CPU; null: torch's own choice", low=1, high=1024, identity=False
    )


@dataclass(frozen=True, kw_only=True)
class Logger:
    """Where else metrics go; metrics.csv in the run folder is always written."""

    name: str = _label("the option's name")
    kinds: tuple[str, ...] = _field("loggers beside metrics.csv", choices=("tensorboard", "wandb"), identity=False)
    every_steps: int = _field("training steps averaged into one row", low=1, identity=False)
    project: str | None = _label("W&B: the project; null: WANDB_PROJECT, or faceswap_lab")
    entity: str | None = _label("W&B: the account or team; null: the one that W&B takes by itself")
    mode: str | None = _field(
        "W&B: online uploads, offline needs no account; null: WANDB_MODE, or offline",
        choices=("offline", "online", "disabled"),
        identity=False,
    )
    group: str | None = _label("W&B: the group; null: WANDB_RUN_GROUP, or the study, or the sweep")
    tags: tuple[str, ...] = _label("W&B: tags beside the lab's own and WANDB_TAGS")
    notes: str | None = _label("W&B: what you want to remember of the run; null: WANDB_NOTES")
    artifact: bool = _label("W&B: keep weights, configuration and pictures there as an artifact")


@dataclass(frozen=True, kw_only=True)
class Study:
    """The question that a run is a cell of, declared before any of its runs. Arms and seeds are Hydra's sweep."""

    name: str = _label("the option's name")
    title: str = _label("a few words")
    question: str = _label("the question in words")
    baseline: str = _label("the arm that all others are compared with, by the name of its experiment")
    metric: str = _label("the metric that decides, as it is called in result.json")
    smallest_difference: float | None = _field(
        "the smallest difference in it that matters in practice; null: none was declared", above=0.0, identity=False
    )
    secondary: tuple[str, ...] = _label("metrics with verdicts of their own")
    notes: tuple[str, ...] = _label("what to know before reading the answer")
    group_seeds: int | None = _field(
        "of one arm alone: so many seeds together are taken for an arm of their own (A/A)", low=2, identity=False
    )
    companion: str | None = _field(
        "a further measurement shown in the report", choices=("order_effect",), identity=False
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole run."""

    name: str | None = _label("label of the run; null: made from what differs from the baseline")
    seed: int = _field("seed of everything random in the run", low=0)
    runs_dir: str = _label("folder of the run folders")
    experiments_dir: str = _label("folder of the studies' reports")
    cache_dir: str | None = _label("folder of rendered faces; null: $XDG_CACHE_HOME/faceswap_lab")
    cache_gib: float | None = _field(
        "what rendered faces may take there, in GiB; those unused for longest make room; null: no bound",
        above=0.0,
        identity=False,
    )
    force: bool = _label("train again beside a finished run instead of returning its result")
    progress: bool = _label("show progress bars")
    optimized_metric: tuple[str, ...] = _label("metrics of a run that a sweeper which searches is told; one or several")
    model: Model
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
    augmentation: Augmentation
    colour_match: ColourMatch
    data: TwinsData | PeopleData | FoldersData
    scale: Scale
    training: Training
    evaluation: Evaluation
    checkpoint: Checkpoint
    trainer: Trainer
    logger: Logger
    study: Study | None = _label("the study this run is a cell of; null: none")  # noqa: RUF009  # it returns a field
