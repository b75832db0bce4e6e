"""What must hold between settings: combinations that mean nothing are refused with the reason and the remedy."""

from faceswap_lab.config.check import ConfigError
from faceswap_lab.config.derived import side_weights_of, sides_of, topology_of
from faceswap_lab.config.schema import Config, FoldersData, TwinsData
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.topology import TopologyError

NEEDS_SLOPE = ("leaky_relu", "prelu", "elu")
WITHOUT_SLOPE = ("relu", "gelu", "silu", "tanh")
NEEDS_SQUARES = {"adam": {"beta2": 0.999, "eps": 1e-8}, "rmsprop": {"beta2": 0.9, "eps": 1e-8}}
WITHOUT_SQUARES = ("sgd",)
MOST_PEOPLE = 26  # sides are called A to Z
SCALES = {32: ", or scale=quick", 64: ", or scale=standard"}


def check_rules(config: Config) -> None:
    """Raise ConfigError for the first combination of settings that means nothing or cannot work."""
    _people(config)
    _sizes(config)
    _encoders(config)
    _topology(config)
    _activation(config)
    _update_order(config)
    _optimizer(config)
    _optimizer_state(config)
    _loss(config)
    _devices(config)
    _sampler(config)
    _held_out(config)
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


def _topology(config: Config) -> None:
    try:
        topology = topology_of(config)
    except TopologyError as error:
        raise ConfigError(str(error)) from error
    for name, part in topology.parts.items():
        if part.load is not None and config.topology.load is None:
            raise ConfigError(
                f"topology.parts.{name}.load={part.load}: of which run? Add "
                "topology.load=runs/<run>/weights.safetensors."
            )
    if topology.tie:
        order = config.update_order.name
        if order in ORDERS and not Plan(order, topology.sides, 2).reaches_all:
            raise ConfigError(
                f"topology.tie={topology.tie:g} with update_order={order}: codes can be tied only where all sides are "
                "in one update. Use update_order=joint optimizer_state=shared."
            )
        if config.trainer.devices > 1:
            raise ConfigError(
                f"topology.tie={topology.tie:g} with trainer.devices={config.trainer.devices}: it is taken over the "
                "whole batch, which no device has. Use trainer.devices=1, or topology.tie=0."
            )


def _activation(config: Config) -> None:
    name, slope = config.encoder_activation.name, config.encoder_activation.slope
    if name in NEEDS_SLOPE and slope is None:
        raise ConfigError(f"encoder_activation.slope=null: {name} needs one, such as encoder_activation.slope=0.1.")
    if name in WITHOUT_SLOPE and slope is not None:
        raise ConfigError(f"encoder_activation.slope={slope}: {name} has no slope. Leave it null, or use leaky_relu.")


def _update_order(config: Config) -> None:
    name, block = config.update_order.name, config.update_order.block
    order, state = ORDERS.get(name), config.optimizer_state.name
    if order is None:  # a YAML without a function: said before a training, with the names that have one
        return
    if order.optimizer_state not in (None, state):
        raise ConfigError(
            f"update_order={name} with optimizer_state={state}: a summed loss has one gradient, so one optimizer has "
            f"everything. Add optimizer_state={order.optimizer_state}, or use update_order=accumulate."
        )
    steps, people = config.training.max_steps, len(sides_of(config))
    if order.blocks == "all" and steps % people:
        raise ConfigError(
            f"training.max_steps={steps} with update_order={name}: the sides are trained one after another, equally "
            f"long. Use a multiple of {people} steps."
        )
    if order.blocks != "given":
        if block is not None:
            raise ConfigError(f"update_order.block={block}: only update_order=alternate has blocks. Leave it null.")
        return
    if block is None:
        raise ConfigError(
            "update_order.block=null: alternate needs the length of a block, such as update_order.block=10."
        )
    if steps % (people * block):
        raise ConfigError(
            f"training.max_steps={steps} with update_order.block={block}: all sides must end with equally many "
            f"updates. Use a multiple of {people * block} steps, or another block."
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
    name, weights = config.update_order.name, side_weights_of(config)
    if len(config.loss.weights) > len(weights) - 2:
        raise ConfigError(
            f"loss.weights={list(config.loss.weights)}: they are those of the sides from C on, and there are "
            f"{len(weights)} sides ({', '.join(weights)}). Name {len(weights) - 2} or fewer."
        )
    order = ORDERS.get(name)
    idle = [side for side in weights if order and order.only not in (None, side)]
    for side in idle:
        weight = weights.pop(side)
        if weight != 1:
            raise ConfigError(
                f"loss.{_weight_key(side)}={weight} with update_order={name}: side {side} is never trained, so its "
                "weight means nothing. Leave it 1, or use update_order=a_then_b."
            )
    if not any(weights.values()):
        given = ", ".join(f"loss.{_weight_key(side)}={weight}" for side, weight in weights.items())
        raise ConfigError(
            f"{given} with update_order={name}: nothing would be trained. Give a trained side a weight above 0."
        )


def _weight_key(side: str) -> str:
    return f"weight_{side.lower()}" if side in "AB" else f"weights[{ord(side) - ord('C')}]"


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
    order = ORDERS.get(config.update_order.name)
    portions = devices * (order.parts if order else 1)
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


def _people(config: Config) -> None:
    data = config.data
    if not isinstance(data, TwinsData):
        return
    people = data.people
    if not 2 <= len(people) <= MOST_PEOPLE:
        raise ConfigError(
            f"{data.overrides}: {len(people)} of them; a swap needs 2 people, and there can be {MOST_PEOPLE}. "
            "Such as data.identities=[ada,ben,cleo]."
        )
    twice = [name for name in people if people.count(name) > 1]
    if twice:
        raise ConfigError(
            f"{data.overrides}: {twice[0]} is there twice, and a swap needs different people. "
            f"Name somebody else, such as {'ben' if twice[0] != 'ben' else 'cleo'} or random-1."
        )
    for key in ("pose", "light"):
        if getattr(data, key) == "disjoint" and len(people) > 2:
            raise ConfigError(
                f"data.{key}=disjoint with {len(people)} people: one has the left, another the right, and nothing is "
                f"left for a third. Use data.{key}=equal, or two people."
            )


def _sampler(config: Config) -> None:
    twice, photometric = config.augmentation.two_stage, config.augmentation.photometric
    asked = "two_stage=true" if twice else f"photometric={list(photometric)}" if photometric else None
    if config.data.sampler == "device" and asked:
        raise ConfigError(
            f"data.sampler=device with augmentation.{asked}: that is made on the CPU only. "
            "Use data.sampler=auto or data.sampler=cv2."
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
