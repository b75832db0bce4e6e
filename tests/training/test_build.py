"""From a configuration to a training: every number arrives where it belongs, and no other in its place."""

from dataclasses import asdict

from faceswap_lab.events import Event, Events
from faceswap_lab.orders import Plan
from faceswap_lab.schedules import Schedule
from faceswap_lab.training.build import autoencoder_of, module_of
from faceswap_lab.training.step.optimizers import Settings
from tests.training.configs import config_for, noise_data

OPTIMIZER = {"lr": 0.011, "beta1": 0.51, "beta2": 0.92, "eps": 3e-7, "weight_decay": 0.013}
PEOPLE = "data.identities=[ada,ben,cleo]"


def built(*words):
    config = config_for(*words)
    return module_of(config, autoencoder_of(config, noise_data()))


def test_the_optimizer_has_the_numbers_that_were_said():
    words = [f"optimizer.{name}={value}" for name, value in OPTIMIZER.items()]
    module = built("optimizer=adamw", "optimizer_state=per_autoencoder", *words)
    assert asdict(module.optimizer_settings) == {"name": "adamw", **OPTIMIZER}
    assert module.optimizer_state == "per_autoencoder"
    assert built("optimizer=sgd", "optimizer_state=shared").optimizer_settings == Settings("sgd", 0.1, 0.0, 0.0, 0.0)


def test_a_step_has_the_numbers_that_were_said():
    told = {"training.gradient_clip": 0.6, "training.lr_dropout": 0.4, "loss.weight_mask": 1.7}
    weights = {"loss.weight_a": 0.3, "loss.weight_b": 0.8, "loss.weights": "[0.2]"}
    event = "+events.planned.slow={kind: learning_rate, step: 3, factor: 0.25}"
    further = {"model.mask_head": "[4,4]", "trainer.channels_last": "false"}
    words = [f"{key}={value}" for key, value in (told | weights | further).items()]
    settings = built(PEOPLE, event, *words).settings
    assert (settings.gradient_clip, settings.lr_dropout, settings.mask_weight) == tuple(told.values())
    assert settings.side_weights == {"A": 0.3, "B": 0.8, "C": 0.2}
    assert settings.events == Events((Event(3, "slow", "learning_rate", {"factor": 0.25}),))
    assert not settings.channels_last
    plain = built().settings
    assert (plain.gradient_clip, plain.lr_dropout, plain.schedule) == (None, None, None)
    assert plain.channels_last


def test_schedule_and_plan_have_the_numbers_that_were_said():
    words = ["schedule=drops", "schedule.length=5", "schedule.factor=0.7", "optimizer.lr=0.02"]
    words += ["update_order=alternate", "update_order.block=3", "training.batch_size=6", "training.max_steps=18"]
    module = built(PEOPLE, "seed=4", "training.ema=0.9", "logger.every_steps=7", *words)
    assert module.settings.schedule == Schedule("drops", 0.02, 18, 5, 0.7)
    assert module.plan == Plan("alternate", ("A", "B", "C"), batch=6, block=3, seed=4)
    assert (module.log_every, module.last_step) == (7, 18)
    assert module.average is not None
