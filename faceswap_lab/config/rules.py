"""What must hold between settings: combinations that mean nothing are refused with the reason and the remedy."""

from faceswap_lab.config.adversarial import check_adversarial
from faceswap_lab.config.data import COLOUR_TRANSFERS, FoldersData, PeopleData, TwinsData
from faceswap_lab.config.derived import draws_masks, side_weights_of, sides_of, topology_of
from faceswap_lab.config.events import events_of
from faceswap_lab.config.schema import Config
from faceswap_lab.config.shrink import NONE, check_own_sizes
from faceswap_lab.config.terms import terms_of
from faceswap_lab.options import Options
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.plugins import METRICS
from faceswap_lab.refusal import ConfigError, nearest
from faceswap_lab.topology import TopologyError

MOST_PEOPLE = 26  # sides are called A to Z
OF_TWO = (  # settings of data, which of their values mean two people, and what all others can have
    ("pose", ("disjoint",), "equal"),
    ("light", ("disjoint",), "equal"),
    ("skin", ("alike", "different"), "any"),
    ("likeness", ("alike", "unlike"), "any"),
)
SCALES = {32: ", or scale=quick", 64: ", or scale=standard"}


def check_rules(config: Config, options: Options) -> None:
    """Raise ConfigError for the first combination of settings that means nothing or cannot work."""
    _people(config)
    _sizes(config)
    _encoders(config)
    _topology(config)
    _numbers(config, options)
    _update_order(config)
    _optimizer_state(config, options)
    _loss(config)
    check_adversarial(config)
    _devices(config)
    _sampler(config)
    _held_out(config)
    _compile(config)
    _metrics(config)
    _augmentation(config)
    events_of(config)


def _sizes(config: Config) -> None:
    model, size = config.model, config.model.resolution
    if model.depth_to_space and model.out_kernel != 5:
        raise ConfigError(
            f"model.out_kernel={model.out_kernel} with model.depth_to_space=true: the decoder ends in four "
            "convolutions of fixed kernels, so it means nothing. Leave it 5."
        )
    if model.residual_start != "scaled" and not any((*model.residuals, *model.encoder_residuals)):
        raise ConfigError(
            f"model.residual_start={model.residual_start}: there are no residual blocks. Leave it scaled, or add "
            "model.residuals=[1]."
        )
    own = any(settings and "widths" in settings for settings in config.topology.parts.values())
    for key, widths, what in (
        ("encoder_residuals", model.encoder_widths, "convolutions"),
        ("residuals", model.decoder_widths, "upscales"),
    ):
        told = getattr(model, key)
        if not own and len(told) not in (0, 1, len(widths)):
            such = [*told, *[0] * len(widths)][: len(widths)]
            raise ConfigError(
                f"model.{key}={list(told)}: it names {len(told)} numbers for {len(widths)} {what}. Name one for all, "
                f"or one for each, such as model.{key}=[{','.join(map(str, such))}]."
            )
    seen = model.input_resolution or size
    if model.input_resolution and (seen >= size or size % seen):
        raise ConfigError(
            f"model.input_resolution={seen} with model.resolution={size}: the encoder sees means of whole pixels, "
            f"fewer than there are. Use {size // 2} or {size // 4}, or null to show it the pictures as they are."
        )
    wrong, right = [], []
    decoded = (model.dense_side or model.grid) * (2 if model.bridge_width else 1)  # side of what a decoder sees
    for key, widths, smallest, largest in (
        ("encoder_widths", model.encoder_widths, model.grid, seen),
        ("decoder_widths", model.decoder_widths[::-1], decoded << model.depth_to_space, size),
        *([("mask_head", model.mask_head[::-1], decoded, size)] if model.mask_head else []),
    ):
        needed = (largest // smallest).bit_length() - 1
        if len(widths) != needed:
            fitting = _of_length(widths, needed)
            wrong.append(
                f"model.{key}={list(getattr(model, key))}: {largest} px needs {needed} widths "
                f"({largest} px to {smallest}x{smallest}, halved each time), got {len(widths)}. "
            )
            shown = fitting if key == "encoder_widths" else fitting[::-1]
            right.append(f"model.{key}=[{','.join(map(str, shown))}]")
    if wrong:
        scale = "" if model.mask_head or model.input_resolution else SCALES.get(size, "")  # no scale has these
        raise ConfigError(f"{''.join(wrong)}Such as {' '.join(right)}{scale}.")


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
    if config.shrink.name != NONE:
        check_own_sizes(config.topology.parts)
    for name, part in topology.parts.items():
        if part.load is not None and config.topology.load is None:
            raise ConfigError(
                f"topology.parts.{name}.load={part.load}: of which run? Add "
                "topology.load=runs/<run>/weights.safetensors."
            )
    across = [name for name, part in topology.parts.items() if part.spec.across_batch]
    if across and config.trainer.devices > 1:
        raise ConfigError(
            f"topology.parts.{across[0]} with trainer.devices={config.trainer.devices}: it computes across the batch, "
            "and no device has the whole of it. Use trainer.devices=1."
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


def _numbers(config: Config, options: Options) -> None:
    """Hold an option to the numbers that it has: what its YAML leaves null means nothing, what it sets is needed."""
    for group in ("encoder_activation", "upsampler", "optimizer", "schedule", "shrink"):
        chosen = getattr(config, group)
        written = options.written(group, chosen.name)
        for key, value in vars(chosen).items():
            usual = written.get(key)
            if value is None and usual is not None:
                kind = "true or false" if isinstance(usual, bool) else "a number"
                raise ConfigError(
                    f"{group}.{key}=null: {chosen.name} needs {kind}, such as {group}.{key}={_word(usual)}."
                )
            if usual is None and value is not None:
                with_one = [name for name in options[group] if options.written(group, name).get(key) is not None]
                raise ConfigError(
                    f"{group}.{key}={_word(value)}: {chosen.name} has no {key}. Leave it null, or use "
                    f"{' or '.join(f'{group}={name}' for name in with_one)}."
                )


def _word(value: object) -> str:
    """Return a value as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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


def _optimizer_state(config: Config, options: Options) -> None:
    state, optimizer = config.optimizer_state, config.optimizer.name
    if state.optimizer in (None, optimizer):
        return
    free = [
        name for name in options["optimizer_state"] if options.written("optimizer_state", name).get("optimizer") is None
    ]
    raise ConfigError(
        f"optimizer_state={state.name} with optimizer={optimizer}: it is about {state.optimizer}'s step counter. "
        f"Add {' or '.join(f'optimizer_state={name}' for name in free)}."
    )


def _loss(config: Config) -> None:
    for term, told in terms_of(config.loss, config.model.resolution).items():
        if told.region != "face" and isinstance(config.data, FoldersData):
            raise ConfigError(
                f"loss.terms.{term}.region={told.region} with data=folders: where eyes and mouth are is known of "
                "rendered people alone. Use data=twins or data=people, or region: face."
            )
    if config.loss.weight_mask != 1 and not draws_masks(config):
        raise ConfigError(
            f"loss.weight_mask={config.loss.weight_mask:g} with model.mask_head=[]: no mask is drawn, so its weight "
            "means nothing. Leave it 1, or give the decoders a mask head such as model.mask_head=[16,8]."
        )
    name, weights = config.update_order.name, side_weights_of(config)
    if len(config.loss.weights) > len(weights) - 2:
        raise ConfigError(
            f"loss.weights={list(config.loss.weights)}: they are those of the sides from C on, and there are "
            f"{len(weights)} sides ({', '.join(weights)}). Name {len(weights) - 2} or fewer."
        )
    order = ORDERS.get(name)
    idle = [side for side in weights if order and order.idle(side)]
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
    if isinstance(config.data, TwinsData):
        _named(config.data)
    if isinstance(config.data, PeopleData) and config.data.sides + config.data.extra > MOST_PEOPLE:
        raise ConfigError(
            f"data.sides={config.data.sides} with data.extra={config.data.extra}: there can be {MOST_PEOPLE} people in "
            f"all. Use data.sides={MOST_PEOPLE - config.data.extra} or fewer."
        )
    people = len(sides_of(config))
    for key, values, remedy in OF_TWO if people > 2 else ():
        value = getattr(config.data, key, None)
        if value in values:
            raise ConfigError(
                f"data.{key}={value} with {people} people: that is said of two. Use data.{key}={remedy}, or two people."
            )


def _named(data: TwinsData) -> None:
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


def _sampler(config: Config) -> None:
    a, colours = config.augmentation, config.colour_match.name
    asked = {
        "augmentation.two_stage=true": a.two_stage,
        f"augmentation.photometric={list(a.photometric)}": a.photometric,
        f"augmentation.photometric_input={list(a.photometric_input)}": a.photometric_input,
        f"colour_match={colours}": colours in COLOUR_TRANSFERS,
    }
    wanted = [setting for setting, is_wanted in asked.items() if is_wanted]
    if config.data.sampler == "device" and wanted:
        raise ConfigError(
            f"data.sampler=device with {wanted[0]}: that is made on the CPU only. "
            "Use data.sampler=auto or data.sampler=cv2."
        )


def _augmentation(config: Config) -> None:
    flips, sides, colours = config.augmentation.flips, sides_of(config), config.colour_match
    if len(flips) > len(sides):
        raise ConfigError(
            f"augmentation.flips={list(flips)}: there are {len(sides)} sides ({', '.join(sides)}), and one number each "
            "at most. Leave some out."
        )
    grid, coverage = config.augmentation.grid, config.augmentation.coverage
    if grid is not None and grid < coverage:
        raise ConfigError(
            f"augmentation.grid={grid:g}: the network sees augmentation.coverage={coverage:g} of the picture, and the "
            "grid must reach as far. Give as much or more, or null."
        )
    if colours.moves != "A" and colours.name not in COLOUR_TRANSFERS:
        raise ConfigError(
            f"colour_match.moves={colours.moves} with colour_match={colours.name}: that is said of a transfer that is "
            f"drawn for each sample. Use colour_match={' or '.join(COLOUR_TRANSFERS)}, or leave it A."
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


def _metrics(config: Config) -> None:
    if config.evaluation.real_judges and isinstance(config.data, FoldersData):
        raise ConfigError(
            "evaluation.real_judges=true with data=folders: swaps of real people are always judged so. Leave it false; "
            "it adds these judges to data=twins or data=people."
        )
    for name in config.evaluation.metrics:
        if name not in METRICS:
            raise ConfigError(
                f"evaluation.metrics={name}: no plugin has added a metric of that name.{nearest(name, METRICS)} "
                f"Added: {', '.join(METRICS) or 'none'}. Name the plugin that has it: plugins=[its_module]. "
                "(The lab's own are always measured.)"
            )
