"""What must hold between settings: combinations that mean nothing are refused with the reason and the remedy."""

from faceswap_lab.config.data import FoldersData
from faceswap_lab.config.derived import draws_masks, side_weights_of, sides_of, topology_of
from faceswap_lab.config.events import events_of
from faceswap_lab.config.rules.adversarial import check_adversarial
from faceswap_lab.config.rules.data import check_data
from faceswap_lab.config.rules.model import check_model
from faceswap_lab.config.rules.same_code import check_same_code
from faceswap_lab.config.schema import Config
from faceswap_lab.config.terms import terms_of
from faceswap_lab.options import Options
from faceswap_lab.orders import ORDERS
from faceswap_lab.plugins import METRICS
from faceswap_lab.refusal import ConfigError, nearest


def check_rules(config: Config, options: Options) -> None:
    """Raise ConfigError for the first combination of settings that means nothing or cannot work."""
    check_data(config)
    check_model(config, options)
    _update_order(config)
    _optimizer_state(config, options)
    _loss(config)
    check_adversarial(config)
    check_same_code(config)
    _devices(config)
    _compile(config)
    _metrics(config)
    events_of(config)


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
    if order.decoders:
        _decoders_alone(config)
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


def _decoders_alone(config: Config) -> None:
    """Refuse an order that trains all of the first side and of the others the decoder, where that leaves out a part."""
    topology = topology_of(config)
    trained = {name for name, part in topology.parts.items() if part.trained and part.spec.weighs}
    first, *others = (topology.routes[side].names for side in topology.sides)
    learns = {name for step in first for name in step} | {name for steps in others for name in steps[-1]}
    left = sorted(trained - learns)
    idle = [side for side, steps in zip(topology.sides[1:], others) if not trained & set(steps[-1])]
    if left or idle:
        what = f"{', '.join(left)} never would be" if left else f"nothing would be in the turn of {idle[0]}"
        raise ConfigError(
            f"update_order={config.update_order.name} with topology={config.topology.name}, encoders.count="
            f"{config.encoders.count}: after the turn of {topology.sides[0]} decoders alone are trained, and {what}. "
            "Use update_order=a_then_b."
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
    terms = terms_of(config.loss, config.model.resolution)
    regional = {name: term.region for name, term in terms.items() if term.region != "face"}
    if regional and isinstance(config.data, FoldersData):
        name, region = next(iter(regional.items()))
        without = [f"'~loss.terms.{name}'" for name in regional]
        remedy = f"leave out {' '.join(without)}" if len(without) < len(terms) else f"loss.terms.{name}.region=face"
        raise ConfigError(
            f"loss.terms.{name}.region={region} with data=folders: where eyes and mouth are is known of rendered "
            f"people alone. Use data=twins or data=people, or {remedy}."
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
