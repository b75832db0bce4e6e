"""A tiny model, noise for faces, and Lightning around them: everything a training has, in milliseconds."""

from dataclasses import fields
from types import SimpleNamespace

import torch

from faceswap_lab.config.kinds import read_kind
from faceswap_lab.config.terms import KINDS, Other
from faceswap_lab.data.datamodule import FaceDataModule, StepDataset
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.events import NO_EVENTS, Event, Events
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.discriminators import code_net, patch_net
from faceswap_lab.models.initialisation import initialise
from faceswap_lab.orders import Plan
from faceswap_lab.randomness import seed_of
from faceswap_lab.training.device.compiled import compile_parts
from faceswap_lab.training.device.processes import Place
from faceswap_lab.training.fit import prepare_process, trainer_of
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.step.discriminators import Discriminators, OfCodes, OfPictures
from faceswap_lab.training.step.objective import Objective
from faceswap_lab.training.step.optimizers import Settings
from faceswap_lab.training.step.training_step import StepSettings
from tests.data.recipes import WARP_ALIGNED, noise_faces
from tests.models.tiny import tiny

BATCH, BLOCK, SEED = 4, 2, 0
STATES = ("keras_2018", "per_autoencoder", "shared")
# A large epsilon keeps an update proportional to its gradient: with a small one Adam makes full steps out of rounding.
ADAM = Settings("adam", lr=0.1, beta1=0.5, beta2=0.999, eps=1e-2)

EVENTS = Events(
    (
        Event(1, "reset", "reset", {"parts": ("encoder",)}),
        Event(1, "warp", "warp", {"strength": 0.0}),
        Event(2, "exchange", "exchange", {"parts": ("decoder_A", "decoder_B")}),
        Event(2, "slower", "learning_rate", {"factor": 0.5}),
        Event(3, "freeze", "freeze", {"parts": ("decoder_A",)}),
    )
)


def term(kind, **told):
    """A term of a loss, as a YAML tells of it."""
    return read_kind(told, kind, kind, KINDS, Other, {}, "")


def single(kind, mask_weight):
    """A loss of one term."""
    return Objective({kind: term(kind, mask_weight=mask_weight)})


def samplers():
    return {
        side: SideSampler(noise_faces(6, 64, seed=i), WARP_ALIGNED, 32, SEED, side) for i, side in enumerate(("A", "B"))
    }


FOOLING = Objective(
    {"mae": term("mae"), "faces": term("adversarial", weight=0.5), "codes": term("adversarial_code", weight=0.25)}
)


def adversaries(model, forms=("lsgan", "bce"), sides=None, lr_factor=0.1, first=(False, False)):
    """Discriminators of faces and of codes, at their start; a form of None leaves one out."""
    sides, units = sides or model.sides, model.code(torch.zeros(1, 3, 32, 32), "A").shape[1]
    nets, of_codes = {side: patch_net((4, 4)) for side in sides}, code_net(units, (6,))
    for name, net in [*nets.items(), ("codes", of_codes)]:
        initialise(net, "glorot", seed_of(SEED, "discriminator", name))
    made = [
        OfPictures(nets, "faces", forms[0], lr_factor, first[0]) if forms[0] else None,
        OfCodes(of_codes, "codes", forms[1], sides, lr_factor, first[1]) if forms[1] else None,
    ]
    return Discriminators([one for one in made if one])


def module_for(
    order="a_then_b", state="shared", *, model=None, optimizer=ADAM, architecture=None, against=None, **options
):
    """Return a module that is not yet trained; ``against``: makes the discriminators it is trained against."""
    model = model or Autoencoder(architecture or tiny(), SEED)
    if against is not None:
        options |= {"objective": FOOLING, "discriminators": against(model)}
    return FaceswapModule(model, plan_for(order, model.sides), optimizer, state, **with_settings(options))


def with_settings(options):
    """Return a module's options, those of its step as the settings of one."""
    step = {entry.name for entry in fields(StepSettings)}
    settings = StepSettings(**{name: value for name, value in options.items() if name in step})
    return {name: value for name, value in options.items() if name not in step} | {"settings": settings}


def plan_for(order, sides=("A", "B")):
    return Plan(order, sides, BATCH, BLOCK, SEED)


def samples_for(order, steps, first_step=0, workers=0, sampler="cv2", events=NO_EVENTS):
    dataset = StepDataset(samplers(), plan_for(order).portions, first_step, steps, events=events)
    return FaceDataModule(dataset, workers, sampler)


def trainer_for(callbacks=(), place=None, precision="32-true", order="a_then_b"):
    several = place is not None
    trainer = SimpleNamespace(
        threads=1,
        accelerator="cpu",
        devices=place.world if several else 1,
        gpu=None,
        strategy="ddp" if several else "auto",
    )
    config = SimpleNamespace(trainer=trainer, training=SimpleNamespace(precision=precision, deterministic=False))
    prepare_process(config)
    return trainer_of(config, place or Place(), plan_for(order).reaches_all, callbacks)


def record(module, table):
    """Have a module's rows in a table, if there is one."""
    if table is not None:
        module.write_row = lambda values, step: table.append({"step": step, **values})


def trained(
    order,
    state,
    steps=4,
    place=None,
    callbacks=(),
    table=None,
    precision="32-true",
    log_every=1,
    sampler="cv2",
    backend=None,
    events=NO_EVENTS,
    **options,
):
    """Return the module after ``steps`` real training steps; ``backend``: its parts compiled with it."""
    module = module_for(order, state, log_every=log_every, last_step=steps, events=events, **options)
    record(module, table)
    compile_parts(module.autoencoder, "default" if backend else "none", backend)
    samples = samples_for(order, steps, sampler=sampler, events=events)
    trainer_for(callbacks, place, precision, order).fit(module, samples)
    return module
