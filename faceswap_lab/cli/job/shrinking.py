"""``shrink=``: what a model's sizes become, before its run is looked up. torch is loaded only to match a budget."""

from dataclasses import asdict, replace
from typing import Any

from faceswap_lab.config import Config, ConfigError, Conflict, check_rules, read, sizes_of
from faceswap_lab.config.model import Model
from faceswap_lab.config.shrink import NONE, halvings_of, shrunk
from faceswap_lab.options import Options


def shrink(config: Config, composed: Any, options: Options) -> Config:
    """Return the configuration with the sizes that ``shrink=`` comes to; the composed one gets them too, and says so.

    The baseline's sizes are those in the scale's own YAML. What is shrunk is not shrunk again.

    Raises:
        Conflict: nothing comes near the baseline's budget, or what comes out cannot be built.
        ConfigError: the scale's YAML has no sizes.
    """
    if config.shrink.name == NONE or config.shrunk:
        return config
    from omegaconf import OmegaConf

    sizes = options.written("scale", config.scale.name).get("model")
    if sizes is None:
        raise ConfigError(f"shrink={config.shrink.name}: scale={config.scale.name} names no sizes. Use another scale.")
    baseline = read(Model, sizes, options, "model")
    try:
        small = _shrunk(config, baseline)
        check_rules(small, options)
    except ValueError as error:  # a rule's, the topology's, or of a name without a function
        raise Conflict(str(error)) from error
    OmegaConf.update(composed, "model", asdict(small.model), merge=False)
    OmegaConf.update(composed, "topology.parts", small.topology.parts, merge=False)
    OmegaConf.update(composed, "shrunk", small.shrunk, force_add=True)
    return small


def _shrunk(config: Config, baseline: Model) -> Config:
    def by(factor: float) -> Config:
        laid_out = config.bottleneck.name == "convolutional"
        model, parts = shrunk(config.model, config.topology.parts, baseline.resolution, factor, laid_out)
        return replace(config, model=model, topology=replace(config.topology, parts=parts))

    factor, against = config.shrink.factor, ""
    if factor is None:
        from faceswap_lab.training.matched import matched

        factor, costs = matched(config, sizes_of(baseline), by)
        against = f": {costs}"
    small = by(factor)
    before, after = (halvings_of(c.model) for c in (config, small))
    halvings = f", {after} of {before} halvings" if after != before else ""
    return replace(small, shrunk=f"widths × {factor:g} at {baseline.resolution} px{halvings}{against}")
