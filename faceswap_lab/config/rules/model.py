"""What must hold between the sizes of a model, its parts, and the numbers of the options that it is made of."""

from collections.abc import Mapping

from faceswap_lab.config.derived import topology_of
from faceswap_lab.config.rules.codes import any_trained, of_one_size
from faceswap_lab.config.schema import Config
from faceswap_lab.options import Options
from faceswap_lab.orders import ORDERS, Plan
from faceswap_lab.refusal import ConfigError
from faceswap_lab.topology import Topology, TopologyError
from faceswap_lab.topology.blocks import DOWNSAMPLERS

_SCALES = {32: ", or scale=quick", 64: ", or scale=standard"}


def check_model(config: Config, options: Options) -> None:
    """Raise ConfigError for the first of these that does not hold."""
    _sizes(config)
    _stages(config)
    _encoders(config)
    _topology(config)
    _referred_to(config, options)
    _numbers(config, options)


def _sizes(config: Config) -> None:
    model, size = config.model, config.model.resolution
    if model.depth_to_space and model.out_kernel != 5:
        raise ConfigError(
            f"model.out_kernel={model.out_kernel} with model.depth_to_space=true: the decoder ends in four "
            "convolutions of fixed kernels, so it means nothing. Leave it 5."
        )
    seen = model.input_resolution or size
    if model.input_resolution and (seen >= size or size % seen):
        raise ConfigError(
            f"model.input_resolution={seen} with model.resolution={size}: the encoder sees means of whole pixels, "
            f"fewer than there are. Use {size // 2} or {size // 4}, or null to show it the pictures as they are."
        )
    kept = sum(not DOWNSAMPLERS[name].halves for name in model.downsamplers)  # stages that keep the sides
    if kept and len(model.downsamplers) == 1:
        such = [*model.downsamplers, *["conv"] * ((seen // model.grid).bit_length() - 1)]
        raise ConfigError(
            f"model.downsamplers=[{model.downsamplers[0]}]: then no stage halves the sides. Name one for each, such as "
            f"model.downsamplers=[{','.join(such)}]."
        )
    rows = [("encoder_widths", model.encoder_widths, model.grid, seen, kept)]
    if not _enlarged(config):
        decoded = (model.dense_side or model.grid) * (2 if model.bridge_width else 1)  # side of what a decoder sees
        rows.append(("decoder_widths", model.decoder_widths[::-1], decoded << model.depth_to_space, size, 0))
        rows += [("mask_head", model.mask_head[::-1], decoded, size, 0)] if model.mask_head else []
    wrong, right = [], []
    for key, widths, smallest, largest, further in rows:
        needed = (largest // smallest).bit_length() - 1 + further
        if len(widths) != needed:
            fitting = _of_length(widths, needed)
            wrong.append(
                f"model.{key}={list(getattr(model, key))}: {largest} px needs {needed} widths "
                f"({largest} px to {smallest}x{smallest}, halved each time{f' but {further}' if further else ''}), "
                f"got {len(widths)}. "
            )
            shown = fitting if key == "encoder_widths" else fitting[::-1]
            right.append(f"model.{key}=[{','.join(map(str, shown))}]")
    if wrong:
        others = model.mask_head or model.input_resolution or kept  # which no scale has
        scale = "" if others else _SCALES.get(size, "")
        raise ConfigError(f"{''.join(wrong)}Such as {' '.join(right)}{scale}.")


def _enlarged(config: Config) -> bool:
    """Tell whether a part makes maps larger by another factor than the sizes say; the topology then judges them."""
    parts = [part for part in config.topology.parts.values() if isinstance(part, Mapping)]
    return any("up_factor" in part or part.get("kind") in ("enlarge", "from_pixel") for part in parts)


def _of_length(widths: tuple[int, ...], needed: int) -> list[int]:
    """Cut the widths, or go on doubling them: what a person is most likely to want."""
    fitting = (list(widths) or [16])[:needed]
    while len(fitting) < needed:
        fitting.append(min(2 * fitting[-1], 4096))
    return fitting


def _stages(config: Config) -> None:
    model, parts = config.model, config.topology.parts.values()
    rows = [model.residuals, model.encoder_residuals]
    rows += [part.get("residuals", ()) for part in parts if isinstance(part, Mapping)]
    blocks = any(any(row) if isinstance(row, list | tuple) else row for row in rows)
    for key, usual in (("residual_start", "scaled"), ("residual_slope", 0.2)):
        if getattr(model, key) != usual and not blocks:
            raise ConfigError(
                f"model.{key}={getattr(model, key)}: there are no residual blocks. Leave it {usual}, or add "
                "model.residuals=[1]."
            )
    if any(isinstance(part, Mapping) and part.keys() & {"widths", "residuals"} for part in parts):
        return  # the topology judges parts with sizes of their own
    for key, widths, usual, what in (
        ("downsamplers", model.encoder_widths, "conv", "downsamplers for {} convolutions"),
        ("encoder_residuals", model.encoder_widths, 0, "numbers for {} convolutions"),
        ("residuals", model.decoder_widths, 0, "numbers for {} upscales"),
    ):
        told = getattr(model, key)
        if len(told) not in (0, 1, len(widths)):
            such = [*told, *[usual] * len(widths)][: len(widths)]
            raise ConfigError(
                f"model.{key}={list(told)}: it names {len(told)} {what.format(len(widths))}. Name one for all, "
                f"or one for each, such as model.{key}=[{','.join(map(str, such))}]."
            )


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
        for key, usual in (("residual_slope", 0.2), ("up_slope", None)):
            slope = getattr(part.spec, key, usual)
            if slope != usual and config.encoder_activation.name != "leaky_relu":
                raise ConfigError(
                    f"{key}={slope:g} of {name} with encoder_activation={config.encoder_activation.name}: it is a "
                    "LeakyReLU's. Leave it out, or use encoder_activation=leaky_relu."
                )
    across = [name for name, part in topology.parts.items() if part.spec.across_batch]
    if across and config.trainer.devices > 1:
        raise ConfigError(
            f"topology.parts.{across[0]} with trainer.devices={config.trainer.devices}: it computes across the batch, "
            "and no device has the whole of it. Use trainer.devices=1."
        )
    if topology.tie:
        _tie(config, topology)


def _tie(config: Config, topology: Topology) -> None:
    """Codes must be of all sides in one update, several of each, of one size, and move."""
    order = config.update_order.name
    if order in ORDERS and not Plan(order, topology.sides, 2).reaches_all:
        raise ConfigError(
            f"topology.tie={topology.tie:g} with update_order={order}: codes can be tied only where all sides are "
            "in one update. Use update_order=joint optimizer_state=shared."
        )
    portions = ORDERS[order].parts if order in ORDERS else 1
    if config.training.batch_size < 2 * portions:
        raise ConfigError(
            f"topology.tie={topology.tie:g} with training.batch_size={config.training.batch_size}: codes of one "
            f"face have no spread. Use training.batch_size={2 * portions} or more."
        )
    if config.trainer.devices > 1:
        raise ConfigError(
            f"topology.tie={topology.tie:g} with trainer.devices={config.trainer.devices}: it is taken over the "
            "whole batch, which no device has. Use trainer.devices=1, or topology.tie=0."
        )
    if not of_one_size(topology):
        raise ConfigError(
            f"topology.tie={topology.tie:g}: the codes of {' and '.join(dict.fromkeys(topology.code.values()))} are of "
            "different sizes, so no unit of one is a unit of the other. Give them the same, or use topology.tie=0."
        )
    made_by = dict.fromkeys(part for side in topology.sides for part in topology.up_to_code(side))
    if not any_trained(topology, made_by):
        raise ConfigError(
            f"topology.tie={topology.tie:g}: nothing of what makes the codes ({', '.join(made_by)}) is trained, so "
            "they stay as they are. Use encoders.trained=true, or topology.tie=0."
        )


def _referred_to(config: Config, options: Options) -> None:
    """Refuse numbers and files that no part of the topology refers to: the run would differ by its name alone."""
    told = config.topology
    if told.load is not None and all(part.load is None for part in topology_of(config).parts.values()):
        raise ConfigError(
            f"topology.load={told.load} with topology={told.name}: none of its parts says load:, so nothing would "
            "start from there. Use topology=pretrained, or leave it out."
        )
    written = options.written("topology", told.name)
    for key, value in (("split", told.split), ("share", told.share)):
        if value not in (None, written.get(key)) and f"${{topology.{key}}}" not in str(written):
            raise ConfigError(
                f"topology.{key}={value} with topology={told.name}: none of its parts refers to it. Leave it out."
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
