"""From a configuration to the parts of a training. Beyond this file a step takes plain arguments, a loss its terms."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from faceswap_lab.config import Config, events_of, side_weights_of, terms_of, topology_of
from faceswap_lab.config.terms import HALVINGS, Adversarial, AdversarialCode
from faceswap_lab.data.colours import TRANSFERS, ColourTransfer
from faceswap_lab.data.datamodule import FaceDataModule, StepDataset
from faceswap_lab.data.faces import FaceData
from faceswap_lab.data.landmark_warp import LandmarkWarp, training_landmarks
from faceswap_lab.data.regions import SampleRegions
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.data.sampler_choice import Resident, resident_faces
from faceswap_lab.data.warp import Recipe
from faceswap_lab.evaluation.held_out import mean_faces
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.bottlenecks import Bottleneck
from faceswap_lab.models.discriminators import code_net, patch_net
from faceswap_lab.models.initialisation import initialise
from faceswap_lab.models.norms import NORM_LAYERS
from faceswap_lab.models.upsamplers import UPSCALES
from faceswap_lab.orders import Plan
from faceswap_lab.randomness import seed_of
from faceswap_lab.schedules import Schedule
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.saved.weights import BadWeights, load_part
from faceswap_lab.training.step.discriminators import Discriminator, Discriminators, OfCodes, OfPictures
from faceswap_lab.training.step.objective import Objective
from faceswap_lab.training.step.optimizers import Settings
from faceswap_lab.training.step.training_step import StepSettings


def architecture_of(config: Config) -> Architecture:
    """Return the model's arguments."""
    return Architecture(
        config.model.resolution,
        topology_of(config),
        encoder_activation=config.encoder_activation.name,
        encoder_slope=config.encoder_activation.slope,
        decoder_activation=config.decoder_activation.name,
        value_range=config.value_range.name,  # type: ignore[arg-type]  # judged at the door
        initialisation=config.initialisation.name,
    )


def autoencoder_of(config: Config, data: FaceData) -> Autoencoder:
    """Return the model at its start, its weights in memory as the samples will lie.

    Raises:
        BadWeights: a part is to be loaded, and its file or what is in it does not fit.
    """
    autoencoder = Autoencoder(architecture_of(config), config.seed)
    for name, part in autoencoder.topology.parts.items():
        if part.load is not None:
            _load(autoencoder, name, Path(config.topology.load or ""), part.load)
    if config.trainer.channels_last:
        autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    if config.colour_match.name == "mean_a_to_b":
        means = mean_faces(data.train, config.model.resolution, config.augmentation.coverage)
        shift = (means["B"] - means["A"]).mean((1, 2))
        autoencoder.get_buffer("colour_shift")[0] = shift[:, None, None]
    return autoencoder


# what no name or shape of a weight tells
_OF_A_NET = ("encoder_activation", "encoder_slope", "value_range")
_OF_A_PART = (
    *("padding", "pixel_norm", "residual_slope", "up_slope", "linear_before", "skip_around", "downsamplers"),
    "repeated",
)
_OF_LAYERS: dict[str, tuple[type[nn.Module], ...]] = {  # of a part that has one of these; else it is but a name
    "norm": NORM_LAYERS,
    "upsampler": UPSCALES,
    "up_factor": UPSCALES,
    "bottleneck": (Bottleneck,),
}


def _load(autoencoder: Autoencoder, name: str, path: Path, source: str) -> None:
    """Let a part start from a trained model's.

    Raises:
        BadWeights: it does not fit, or was trained as part of another net than it would stand in here.
    """
    refused = f"topology.load={path}: its part {source} does not fit {name} here"
    weights, there = load_part(path, source)
    here = autoencoder.architecture
    was, now = there.topology.parts[source].spec, here.topology.parts[name].spec
    pairs = {key: (getattr(there, key), getattr(here, key)) for key in _OF_A_NET}
    layers = list(autoencoder.parts[name].modules())
    of_layers = [key for key, kinds in _OF_LAYERS.items() if any(isinstance(layer, kinds) for layer in layers)]
    pairs |= {key: (getattr(was, key, None), getattr(now, key, None)) for key in (*_OF_A_PART, *of_layers)}
    if any(name in route.names[-1] for route in here.topology.routes.values()):  # what draws faces
        pairs["decoder_activation"] = (there.decoder_activation, here.decoder_activation)
    unlike = [f"{key} was {one}, and is {other}" for key, (one, other) in pairs.items() if one != other]
    if unlike:
        raise BadWeights(f"{refused}: {', '.join(unlike)}")
    try:
        autoencoder.parts[name].load_state_dict(weights)
    except RuntimeError as error:  # torch's own, of names and shapes
        short = str(error).splitlines()[-1].strip()
        raise BadWeights(f"{refused}: {short}") from error


def plan_of(config: Config) -> Plan:
    """Return the updates of every step."""
    sides, steps = topology_of(config).sides, config.training.max_steps
    block = config.update_order.block or steps // len(sides)
    return Plan(config.update_order.name, sides, config.training.batch_size, block, config.seed)


def schedule_of(config: Config) -> Schedule | None:
    """Return the learning rate of every step, before events change it; None: it is always the same."""
    s = config.schedule
    if s.name == "constant" and not config.events.planned:
        return None
    return Schedule(s.name, config.optimizer.lr, config.training.max_steps, s.length or 1, s.factor or 0.0)


def objective_of(config: Config) -> Objective:
    """Return the loss of a side."""
    return Objective(terms_of(config.loss, config.model.resolution))


def discriminators_of(config: Config, autoencoder: Autoencoder) -> Discriminators:
    """Return what learns beside the autoencoder, at its start, on its device."""
    told = terms_of(config.loss, config.model.resolution)
    return Discriminators(
        [_discriminator(config, autoencoder, name, t) for name, t in told.items() if isinstance(t, Adversarial)]
    )


def _discriminator(config: Config, autoencoder: Autoencoder, name: str, term: Adversarial) -> Discriminator:
    sides = term.sides or autoencoder.sides
    if isinstance(term, AdversarialCode):
        face = torch.zeros(1, 3, config.model.resolution, config.model.resolution)
        with torch.no_grad():
            units = autoencoder.code(face, "A").shape[1]
        net = code_net(units, term.widths or (units,))
        _start(config, net, name)
        return OfCodes(net, name, term.form, sides, term.lr_factor, term.first)
    nets = {side: patch_net(term.widths or config.model.encoder_widths[:HALVINGS]) for side in sides}
    for side, net in nets.items():
        _start(config, net, name, side)
    return OfPictures(nets, name, term.form, term.lr_factor, term.first)


def _start(config: Config, net: nn.Module, *stream: str) -> None:
    """Fill a discriminator from the stream (seed, "discriminator", ``stream``)."""
    initialise(net, config.initialisation.name, seed_of(config.seed, "discriminator", *stream))


def module_of(config: Config, autoencoder: Autoencoder, data: FaceData | None = None) -> FaceswapModule:
    """Return the LightningModule that trains ``autoencoder``; a loss of eyes or mouth asks ``data`` where they are."""
    objective, o = objective_of(config), config.optimizer
    return FaceswapModule(
        autoencoder,
        plan_of(config),
        Settings(o.name, o.lr, o.beta1, o.beta2 or 0.0, o.eps or 0.0, o.weight_decay or 0.0),
        config.optimizer_state.name,
        StepSettings(
            objective=objective,
            side_weights=side_weights_of(config),
            mask_weight=config.loss.weight_mask,
            regions=_regions(config, data) if objective.regional and data else {},
            schedule=schedule_of(config),
            gradient_clip=config.training.gradient_clip,
            lr_dropout=config.training.lr_dropout,
            events=events_of(config),
            channels_last=config.trainer.channels_last,
        ),
        discriminators_of(config, autoencoder),
        ema=config.training.ema,
        log_every=config.logger.every_steps,
        last_step=config.training.max_steps,
        cuda_graphs=config.trainer.compile == "cudagraphs",
    )


def _colours_of(config: Config, data: FaceData, side: str) -> ColourTransfer | None:
    """Return what gives the samples of a side the colours of another's faces, if that is asked for."""
    colours, other = config.colour_match, {"A": "B", "B": "A"}
    if colours.name not in TRANSFERS or colours.moves != side:
        return None
    return ColourTransfer(colours.name, data.train[other[side]], config.seed, side)


def _landmarks_of(config: Config, data: FaceData) -> dict[str, LandmarkWarp]:
    """Return what moves each side's landmarks to the next side's, the last one's to the first's, if that is asked."""
    if config.augmentation.nodes != "landmarks":
        return {}
    points, following = training_landmarks(data), (*data.sides[1:], data.sides[0])
    return {
        side: LandmarkWarp(points[side], points[other], config.seed, side) for side, other in zip(data.sides, following)
    }


def _regions(config: Config, data: FaceData) -> dict[str, SampleRegions]:
    samplers = samplers_of(config, data)
    return {side: SampleRegions(samplers[side], name) for side, name in zip(data.sides, data.people, strict=True)}


def resident_on(device: torch.device, config: Config, data: FaceData) -> Resident | None:
    """Put the faces on a device if a run would have them there; None: its samples are made on the CPU."""
    return resident_faces(config.data.sampler, samplers_of(config, data), device)


def samplers_of(config: Config, data: FaceData) -> dict[str, SideSampler]:
    """Return what makes the samples of each side.

    Where the loss compares codes of the same state, all sides draw as A does: the same state, turned and warped alike.
    """
    a = config.augmentation
    pose = (a.rotation, a.zoom, a.shift, a.flip)
    recipe = Recipe(a.name, *pose, a.jitter, a.coverage, a.misaligned, a.two_stage, a.grid, a.fitted, a.nodes)
    paired = bool(objective_of(config).same_codes)
    flips, landmarks = dict(zip(data.train, a.flips)), _landmarks_of(config, data)
    return {
        side: SideSampler(
            faces,
            replace(recipe, flip=flips.get(side, a.flip)),
            config.model.resolution,
            config.seed,
            "A" if paired else side,
            a.photometric,
            a.photometric_input,
            _colours_of(config, data, side),
            landmarks.get(side),
        )
        for side, faces in data.train.items()
    }


def samples_of(config: Config, data: FaceData, first_step: int) -> FaceDataModule:
    """Return the samples of the training steps from ``first_step`` to the last."""
    steps = (first_step, config.training.max_steps)
    dataset = StepDataset(samplers_of(config, data), plan_of(config).portions, *steps, events=events_of(config))
    return FaceDataModule(dataset, config.trainer.workers, config.data.sampler)
