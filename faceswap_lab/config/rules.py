"""What must hold between settings: combinations that mean nothing are refused with the reason and the remedy."""

from faceswap_lab.config.check import ConfigError
from faceswap_lab.config.schema import Config, FoldersData

JOINT_ORDERS = ("joint", "joint_half")
NEEDS_SLOPE = ("leaky_relu", "prelu", "elu")
WITHOUT_SLOPE = ("relu", "gelu", "silu", "tanh")
NEEDS_SQUARES = {"adam": {"beta2": 0.999, "eps": 1e-8}, "rmsprop": {"beta2": 0.9, "eps": 1e-8}}
WITHOUT_SQUARES = ("sgd",)
ONE_SIDED = {"only_a": "b", "only_b": "a"}  # and the side that is never trained
ORDERS_OF_A_SEED = {  # and what decides over each seed's next update
    "random": "each seed has its own coin",
    "worse_first": "each seed's losses decide",
}
SCALES = {32: ", or scale=quick", 64: ", or scale=standard"}


def check_rules(config: Config) -> None:
    """Raise ConfigError for the first combination of settings that means nothing or cannot work."""
    _sizes(config)
    _encoders(config)
    _activation(config)
    _update_order(config)
    _optimizer(config)
    _optimizer_state(config)
    _loss(config)
    _devices(config)
    _sampler(config)
    _held_out(config)
    _seeds_at_once(config)
    _compile(config)


def _sizes(config: Config) -> None:
    model, size = config.model, config.model.resolution
    wrong, right = [], []
    for key, widths, smallest in (
        ("encoder_widths", model.encoder_widths, 4),
        ("decoder_widths", model.decoder_widths[::-1], 8),
    ):
        needed = (size // smallest).bit_length() - 1
        if len(widths) != needed:
            fitting = _of_length(widths, needed)
            wrong.append(
                f"model.{key}={list(getattr(model, key))}: {size} px needs {needed} widths "
                f"({size} px to {smallest}x{smallest}, halved each time), got {len(widths)}. "
            )
            shown = fitting if key == "encoder_widths" else fitting[::-1]
            right.append(f"model.{key}=[{','.join(map(str, shown))}]")
    if wrong:
        raise ConfigError(f"{''.join(wrong)}Such as {' '.join(right)}{SCALES.get(size, '')}.")


def _of_length(widths: tuple[int, ...], needed: int) -> list[int]:
    """Cut the widths, or go on doubling them: what a person is most likely to want."""
    fitting = list(widths[:needed]) or [16]
    while len(fitting) < needed:
        fitting.append(min(2 * fitting[-1], 4096))
    return fitting


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
    if name == "a_then_b_alone" and config.training.max_steps % 2:
        raise ConfigError(
            f"training.max_steps={config.training.max_steps} with update_order={name}: the first half trains A, the "
            "second B. Use an even number of steps."
        )
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


def _optimizer(config: Config) -> None:
    optimizer = config.optimizer
    for key in ("beta2", "eps"):
        value = getattr(optimizer, key)
        if optimizer.name in NEEDS_SQUARES and value is None:
            usual = NEEDS_SQUARES[optimizer.name][key]
            raise ConfigError(
                f"optimizer.{key}=null: {optimizer.name} needs a number, such as optimizer.{key}={usual}."
            )
        if optimizer.name in WITHOUT_SQUARES and value is not None:
            raise ConfigError(
                f"optimizer.{key}={value}: {optimizer.name} keeps no squared gradients. Leave it null, or use "
                "optimizer=rmsprop."
            )


def _optimizer_state(config: Config) -> None:
    if config.optimizer_state.name == "keras_2018" and config.optimizer.name != "adam":
        raise ConfigError(
            f"optimizer_state=keras_2018 with optimizer={config.optimizer.name}: it is about Adam's step counter. "
            "Add optimizer_state=per_autoencoder or optimizer_state=shared."
        )


def _loss(config: Config) -> None:
    order, weights = config.update_order.name, {"a": config.loss.weight_a, "b": config.loss.weight_b}
    idle = ONE_SIDED.get(order)
    if idle and weights.pop(idle) != 1:
        raise ConfigError(
            f"loss.weight_{idle}={getattr(config.loss, f'weight_{idle}')} with update_order={order}: side "
            f"{idle.upper()} is never trained, so its weight means nothing. Leave it 1, or use update_order=a_then_b."
        )
    if not any(weights.values()):
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
    if config.trainer.gpu is not None and (devices > 1 or config.trainer.accelerator == "cpu"):
        raise ConfigError(
            f"trainer.gpu={config.trainer.gpu}: it names the one GPU of a run, with trainer=auto or trainer=gpu and "
            "trainer.devices=1. Leave it at null."
        )
    portions = devices * (2 if config.update_order.name == "joint_half" else 1)
    if batch % portions:
        raise ConfigError(
            f"training.batch_size={batch}: must be a multiple of {portions} with trainer.devices={devices} and "
            f"update_order={config.update_order.name}, so that every portion is equally large."
        )


def _held_out(config: Config) -> None:
    if not isinstance(config.data, FoldersData):
        return
    share = config.data.held_out
    if share > 0.9 and (share < 1 or share != int(share)):
        raise ConfigError(
            f"data.held_out={share}: a share of the pictures, up to 0.9, or a whole number of them, such as 40."
        )


def _sampler(config: Config) -> None:
    twice, photometric = config.augmentation.two_stage, config.augmentation.photometric
    asked = "two_stage=true" if twice else f"photometric={list(photometric)}" if photometric else None
    if config.data.sampler == "device" and asked:
        raise ConfigError(
            f"data.sampler=device with augmentation.{asked}: that is made on the CPU only. "
            "Use data.sampler=auto or data.sampler=cv2."
        )


def _seeds_at_once(config: Config) -> None:
    at_once, order = config.trainer.seeds_at_once, config.update_order.name
    if at_once == 1:
        return
    if config.trainer.devices > 1 or config.trainer.strategy == "ddp":
        raise ConfigError(
            f"trainer.seeds_at_once={at_once} with trainer.devices={config.trainer.devices}, "
            f"trainer.strategy={config.trainer.strategy}: seeds that are trained at once share one device. "
            "Use trainer.devices=1 trainer.strategy=auto, or trainer.seeds_at_once=1."
        )
    if order in ORDERS_OF_A_SEED:
        raise ConfigError(
            f"trainer.seeds_at_once={at_once} with update_order={order}: {ORDERS_OF_A_SEED[order]}, and seeds that are "
            "trained at once make the same updates. Use trainer.seeds_at_once=1 for this arm."
        )
    if config.trainer.compile != "none":
        raise ConfigError(
            f"trainer.seeds_at_once={at_once} with trainer.compile={config.trainer.compile}: models that are trained "
            "at once are not compiled. Use trainer.compile=none, or trainer.seeds_at_once=1."
        )
    if not config.trainer.channels_last:
        raise ConfigError(
            f"trainer.seeds_at_once={at_once} with trainer.channels_last=false: models that are trained at once lie "
            "channels last. Use trainer.channels_last=true, or trainer.seeds_at_once=1."
        )


def _compile(config: Config) -> None:
    if config.trainer.compile != "cudagraphs":
        return
    if config.trainer.accelerator == "cpu":
        raise ConfigError(
            "trainer.compile=cudagraphs with trainer.accelerator=cpu: a CPU has no CUDA graphs. "
            "Use trainer.compile=default or trainer.compile=none."
        )
    if config.trainer.strategy == "ddp":
        raise ConfigError(
            "trainer.compile=cudagraphs with trainer.strategy=ddp: a graph's gradients and the sums over devices that "
            "are made of them share memory, and nobody has tried it. Use trainer.compile=default."
        )
