"""What follows from a configuration and several rooms need: who the sides are, and how they are wired."""

from dataclasses import replace
from string import ascii_uppercase

from faceswap_lab.config.data import PeopleData, TwinsData
from faceswap_lab.config.model import Model
from faceswap_lab.config.schema import Config
from faceswap_lab.orders import ORDERS
from faceswap_lab.schedules import SCHEDULES
from faceswap_lab.topology import Blocks, Bottleneck, Declared, Encoders, Residuals, Sizes, Topology, expand


def sides_of(config: Config) -> tuple[str, ...]:
    """Return A, B, C, …: a side for each person."""
    data = config.data
    if isinstance(data, PeopleData):
        people = data.sides + data.extra
    else:
        people = len(data.people if isinstance(data, TwinsData) else data.folders)
    return tuple(ascii_uppercase[:people])


def sizes_of(m: Model) -> Sizes:
    """Return the sizes that parts take where they name none, of 2018's blocks."""
    return Sizes(
        m.resolution,
        m.encoder_widths,
        m.code_size,
        m.bridge_width,
        m.decoder_widths,
        m.out_kernel,
        m.depth_to_space,
        m.grid,
        m.dense_width or 0,
        m.dense_side or 0,
        m.mask_head,
        m.encoder_residuals,
        m.input_resolution or 0,
        m.downsamplers,
        m.kernel,
        blocks=Blocks(up_kernel=m.up_kernel, up_slope=m.up_slope),
        residuals=Residuals(m.residuals, m.residual_start, residual_slope=m.residual_slope),
    )


def topology_of(config: Config) -> Topology:
    """Return the parts and routes of a run.

    Raises:
        TopologyError: they cannot be built.
    """
    t, e = config.topology, config.encoders
    sizes, u = sizes_of(config.model), config.upsampler
    sizes = replace(
        sizes,
        blocks=replace(
            sizes.blocks, upsampler=u.name, icnr=bool(u.icnr), norm=config.norm.name, padding=config.padding.name
        ),
        bottleneck=Bottleneck(config.bottleneck.name, config.bottleneck.pixel_norm),
    )
    declared = Declared(t.parts, t.route, t.swaps, t.code, t.tie)
    return expand(declared, sides_of(config), sizes, Encoders(e.count, e.start == "equal", e.trained))


def draws_masks(config: Config) -> bool:
    """Tell whether a decoder has a mask head."""
    return any(part.spec.masks for part in topology_of(config).parts.values())


def knows_end(config: Config) -> str | None:
    """Return the setting under which a step depends on how many there are in all, as one types it; None: there is none.

    Without one, the first steps of a run are those of a shorter run that is equal otherwise.
    """
    chosen = {
        f"update_order={config.update_order.name}": ORDERS.get(config.update_order.name),
        f"schedule={config.schedule.name}": SCHEDULES.get(config.schedule.name),
    }
    known = [said for said, choice in chosen.items() if choice and choice.knows_end]
    steps = {f"events.planned.{name}.step": told["step"] for name, told in config.events.planned.items()}
    return next(iter([*known, *(f"{key}={step:g}" for key, step in steps.items() if step < 1)]), None)


def side_weights_of(config: Config) -> dict[str, float]:
    """Return the factor of each side's loss."""
    given = (config.loss.weight_a, config.loss.weight_b, *config.loss.weights)
    sides = sides_of(config)
    return dict(zip(sides, (*given, *[1.0] * len(sides))))
