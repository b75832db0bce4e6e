"""Which plugins a configuration uses: those that have added a name which it chooses. Only they are part of a run."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from faceswap_lab.plugins.finding import import_plugins, installed
from faceswap_lab.plugins.plugin import IMPORTED, REGISTRIES, Plugin, PluginError, owner_of, registry_of

_NOT_GROUPS = ("event", "kind", "part", "metric")
_OF_PARTS = ("upsampler", "norm", "padding", "bottleneck")  # groups of which a part may name its own
_OF_THE_MODEL = ("encoder_activation", "decoder_activation", "initialisation", "kind", "part", *_OF_PARTS)


def chosen(config: Any) -> Iterator[tuple[str, str]]:
    """Yield what a configuration chooses by name, (what, name) with the keys of ``REGISTRIES``.

    Args:
        config: the whole configuration in plain dicts and lists; of one that means nothing, what there is.
    """
    terms = _at(config, "loss", "terms")
    for group in REGISTRIES:
        if group not in _NOT_GROUPS and not (group == "loss" and terms):
            yield from _named(group, _at(config, group, "name"))
    of_kinds = {"loss": terms, "event": _at(config, "events", "planned")}  # each says its kind, or is named after it
    for what, told in of_kinds.items():
        for name, settings in told.items() if isinstance(told, Mapping) else ():
            yield from _named(what, _at(settings, "kind") or name)
    parts = _at(config, "topology", "parts")
    for part in parts.values() if isinstance(parts, Mapping) else ():
        yield from _named("kind", _at(part, "kind"))
        yield from _named("part", _at(part, "kind"))
        for group in _OF_PARTS:
            yield from _named(group, _at(part, group))
    metrics = _at(config, "evaluation", "metrics")
    for name in metrics if isinstance(metrics, list | tuple) else (metrics,):
        yield from _named("metric", name)


def used(config: Any) -> list[Plugin]:
    """Return the plugins that a configuration uses, by their modules' names; see ``chosen``."""
    owners = {plugin.module: plugin for choice in chosen(config) if (plugin := owner_of(*choice))}
    return [owners[module] for module in sorted(owners)]


def import_needed(config: Any, ours: Path) -> None:
    """Import the installed plugins if a configuration chooses a name that is not the lab's own; see ``chosen``.

    Args:
        config: see ``chosen``.
        ours: the folder of the lab's own groups.

    Raises:
        PluginError: one cannot be imported.
    """
    if installed() and not all(owner_of(*choice) or _is_ours(*choice, ours) for choice in chosen(config)):
        import_plugins(installed())


def records_of(config: Any) -> list[dict[str, Any]]:
    """Return what a run's record says of the plugins that it uses, in JSON's types; see ``chosen``."""
    choices = set(chosen(config))
    return [
        {
            "module": plugin.module,
            "distribution": installed().get(plugin.module),
            "sha256": plugin.sha256,
            "adds": sorted(f"{what}={name}" for what, name in plugin.added & choices),
        }
        for plugin in used(config)
    ]


def bring_back(records: Any) -> None:
    """Have the plugins here that a trained model is made with: import those that are installed.

    Args:
        records: of ``records_of``, from a run that may be a stranger's: nothing else is imported for its sake.

    Raises:
        PluginError: one is neither installed nor imported already; says which, and what to do.
    """
    for record in sound(records):
        module = record["module"]
        if not any(str(added).split("=")[0] in _OF_THE_MODEL for added in record["adds"]):
            continue
        if module not in IMPORTED and module in installed():
            import_plugins([module])
        if module not in IMPORTED:
            raise PluginError(description(record))
        if IMPORTED[module].sha256 != record["sha256"]:
            warnings.warn(
                f"the plugin {module} has changed since this model was trained: its {', '.join(record['adds'])} may "
                "not be what it was.",
                stacklevel=3,
            )


def description(record: Mapping[str, Any]) -> str:
    """Return which plugin a run has used, and, if it is not here, what to do."""
    module, distribution = record["module"], record.get("distribution")
    text = f"plugin {module} ({f'{distribution}, ' if distribution else ''}sha256 {str(record['sha256'])[:10]})"
    if module in IMPORTED or module in installed():
        return text
    install = f"Install {distribution}, or give" if distribution else "Give"
    return f"{text}, which is not here. {install} the command where its file lies, with plugins=[{module}]."


def descriptions(records: Any) -> list[str]:
    """Return ``description`` of every record that is one."""
    return [description(record) for record in sound(records)]


def sound(records: Any) -> list[dict[str, Any]]:
    """Return the records that are such, of a file that anybody may have written."""
    found = [record for record in (records if isinstance(records, list) else []) if isinstance(record, dict)]
    kinds = {"module": str, "sha256": str, "adds": list}
    return [record for record in found if all(isinstance(record.get(name), kind) for name, kind in kinds.items())]


def _is_ours(what: str, name: str, ours: Path) -> bool:
    if what in ("event", "kind", "part"):
        return name in registry_of("event" if what == "event" else "kind")
    return (ours / what / f"{name}.yaml").is_file()


def _at(config: Any, *keys: str) -> Any:
    for key in keys:
        config = config.get(key) if isinstance(config, Mapping) else None
    return config


def _named(what: str, name: Any) -> Iterator[tuple[str, str]]:
    if isinstance(name, str):
        yield what, name
