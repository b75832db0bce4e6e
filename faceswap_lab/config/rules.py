"""What must hold between settings: combinations that mean nothing are refused with the reason and the remedy."""

from faceswap_lab.config.check import ConfigError
from faceswap_lab.config.schema import Config

JOINT_ORDERS = ("joint", "joint_half")
NEEDS_SLOPE = ("leaky_relu", "prelu", "elu")
WITHOUT_SLOPE = ("relu", "gelu", "silu", "tanh")


def check_rules(config: Config) -> None:
    """Raise ConfigError for the first combination of settings that means nothing or cannot work."""
    _sizes(config)
    _encoders(config)
    _activation(config)
    _update_order(config)
    _optimizer_state(config)
    _loss(config)
    _devices(config)


def _sizes(config: Config) -> None:
    model = config.model
    for key, widths, smallest in (
        ("encoder_widths", model.encoder_widths, 4),
        ("decoder_widths", model.decoder_widths, 8),
    ):
        needed = (model.resolution // smallest).bit_length() - 1
        if len(widths) != needed:
            raise ConfigError(
                f"model.{key}={list(widths)}: {model.resolution} px needs {needed} widths "
                f"({model.resolution} px to {smallest}x{smallest}, halved each time), got {len(widths)}."
            )


def _encoders(config: Config) -> None:
    count, start = config.encoders.count, config.encoders.start
    if count == 1 and start is not None:
        raise ConfigError(f"encoders.start={start}: one encoder has no partner to start equal to. Use encoders=two.")
    if count == 2 and start is None:
        raise ConfigError(
            "encoders.start=null: two encoders start independent or equal. Add encoders.start=independent."
        )


def _activation(config: Config) -> None:
    name, slope = config.encoder_activation.name, config.encoder_activation.slope
    if name in NEEDS_SLOPE and slope is None:
        raise ConfigError(f"encoder_activation.slope=null: {name} needs one, such as encoder_activation.slope=0.1.")
    if name in WITHOUT_SLOPE and slope is not None:
        raise ConfigError(f"encoder_activation.slope={slope}: {name} has no slope. Leave it null, or use leaky_relu.")


def _update_order(config: Config) -> None:
    name, block = config.update_order.name, config.update_order.block
    if name in JOINT_ORDERS and config.optimizer_state.name != "shared":
        raise ConfigError(
            f"update_order={name} with optimizer_state={config.optimizer_state.name}: a summed loss has one "
            "gradient, so one optimizer has everything. Add optimizer_state=shared, or use update_order=accumulate."
        )
    if name != "alternate" and block is not None:
        raise ConfigError(f"update_order.block={block}: only update_order=alternate has blocks. Leave it null.")
    if name != "alternate":
        return
    if block is None:
        raise ConfigError(
            "update_order.block=null: alternate needs the length of a block, such as update_order.block=10."
        )
    if config.training.max_steps % (2 * block):
        raise ConfigError(
            f"training.max_steps={config.training.max_steps} with update_order.block={block}: both sides must end with "
            f"equally many updates. Use a multiple of {2 * block} steps, or another block."
        )


def _optimizer_state(config: Config) -> None:
    if config.optimizer_state.name == "keras_2018" and config.optimizer.name != "adam":
        raise ConfigError(
            f"optimizer_state=keras_2018 with optimizer={config.optimizer.name}: it is about Adam's step counter. "
            "Add optimizer_state=per_autoencoder or optimizer_state=shared."
        )


def _loss(config: Config) -> None:
    sides = {"only_a": "a", "only_b": "b"}.get(config.update_order.name, "ab")
    if all(getattr(config.loss, f"weight_{side}") == 0 for side in sides):
        raise ConfigError(
            f"loss.weight_a={config.loss.weight_a}, loss.weight_b={config.loss.weight_b} with "
            f"update_order={config.update_order.name}: nothing would be trained. Give a trained side a weight above 0."
        )


def _devices(config: Config) -> None:
    devices, batch = config.trainer.devices, config.training.batch_size
    if devices > 1 and config.trainer.strategy != "ddp":
        raise ConfigError(
            f"trainer.devices={devices} with trainer.strategy={config.trainer.strategy}: use trainer=ddp."
        )
    portions = devices * (2 if config.update_order.name == "joint_half" else 1)
    if batch % portions:
        raise ConfigError(
            f"training.batch_size={batch}: must be a multiple of {portions} with trainer.devices={devices} and "
            f"update_order={config.update_order.name}, so that every portion is equally large."
        )
