"""What a plugin is made of: the names that it adds to the lab's registries, and the source they come from. No torch."""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

REGISTRIES = {  # what can be added → where the lab's own are
    "encoder_activation": ("faceswap_lab.models.activations", "HIDDEN"),
    "decoder_activation": ("faceswap_lab.models.activations", "OUTPUT"),
    "upsampler": ("faceswap_lab.models.upsamplers", "UPSAMPLERS"),
    "norm": ("faceswap_lab.models.norms", "NORMS"),
    "padding": ("faceswap_lab.models.blocks", "PADDINGS"),
    "bottleneck": ("faceswap_lab.models.bottlenecks", "BOTTLENECKS"),
    "initialisation": ("faceswap_lab.models.initialisation", "INITIALISATIONS"),
    "kind": ("faceswap_lab.topology.kinds", "KINDS"),
    "part": ("faceswap_lab.models.parts", "MODULES"),
    "update_order": ("faceswap_lab.orders", "ORDERS"),
    "optimizer": ("faceswap_lab.training.step.optimizers", "OPTIMIZERS"),
    "optimizer_state": ("faceswap_lab.training.step.optimizers", "STATES"),
    "schedule": ("faceswap_lab.schedules", "SCHEDULES"),
    "event": ("faceswap_lab.events", "EVENTS"),
    "loss": ("faceswap_lab.training.step.losses", "LOSSES"),
    "metric": ("faceswap_lab.plugins.plugin", "METRICS"),
}

IMPORTED: dict[str, "Plugin"] = {}
"""Every plugin that this process has imported, by its module's name."""


class PluginError(ValueError):
    """A plugin that is not there or cannot be used; the text says which, and what to do."""


class Plugin:
    """What one module adds. The module makes it when it is imported: ``plugin = Plugin(__name__)``.

    Args:
        module: the module's own name.

    Attributes:
        added: what it has added, (what, name).
        sha256: of its source as it was when it was imported: of its file, or of all files of its package but ``conf/``
            and what editors and the system leave there (hidden files, ``*~``, ``*.swp``, ``*.pyc``).

    Raises:
        PluginError: it has no file that another process could import.
    """

    def __init__(self, module: str) -> None:
        forget(module)  # an import that is repeated, as by importlib.reload
        self.module, self.sha256 = module, _sha256(module)
        self.added: set[tuple[str, str]] = set()
        IMPORTED[module] = self

    def add(self, what: str, name: str) -> Callable[[T], T]:
        """Return a decorator that adds a function or class; the configuration chooses it by the name.

        Args:
            what: a key of ``REGISTRIES``. The lab's own, where that says they are, show what to take and to return.
            name: lower case letters, digits and ``_``.

        Raises:
            PluginError: there is no such registry, the name is no name, or somebody has it already.
        """
        if what not in REGISTRIES:
            raise PluginError(f"plugin {self.module}: '{what}' cannot be added. What can: {', '.join(REGISTRIES)}.")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise PluginError(f"plugin {self.module}: {what} '{name}': lower case letters, digits and _ only.")
        registry, owner = registry_of(what), owner_of(what, name)
        if (name in registry and owner is not self) or (what == "metric" and name in OURS):
            whose = f"the plugin {owner.module}" if owner else "the lab"
            raise PluginError(f"plugin {self.module}: {whose} has {what}={name} already. Call yours otherwise.")

        def added(thing: T) -> T:
            registry[name] = thing
            self.added.add((what, name))
            return thing

        return added


def registry_of(what: str) -> dict[str, Any]:
    """Return the registry itself; its module is imported, with torch where it needs that."""
    module, name = REGISTRIES[what]
    registry: dict[str, Any] = getattr(import_module(module), name)
    return registry


def owner_of(what: str, name: str) -> Plugin | None:
    """Return the plugin that has added a name; None: it is the lab's own, or nobody's."""
    return next((plugin for plugin in IMPORTED.values() if (what, name) in plugin.added), None)


def forget(module: str) -> None:
    """Take back what a plugin has added, if there is such a plugin."""
    for what, name in IMPORTED.pop(module).added if module in IMPORTED else ():
        registry_of(what).pop(name)


def _sha256(module: str) -> str:
    """Return the digest of a module's source, names and bytes; in a package ``conf/`` counts by its values alone."""
    here = sys.modules.get(module)
    path = getattr(here, "__file__", None)
    if module == "__main__" or path is None:
        raise PluginError(f"plugin {module}: it has no file that could be imported. Put it in a file of its own.")
    digest = hashlib.sha256()
    for name, file in _files(Path(path), is_package=hasattr(here, "__path__")):
        content = file.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(path: Path, is_package: bool) -> Iterator[tuple[str, Path]]:
    if not is_package:
        yield path.name, path
        return
    for file in sorted(path.parent.rglob("*")):
        parts = file.relative_to(path.parent).parts
        if file.is_file() and parts[0] != "conf" and not _is_left_over(parts):
            yield "/".join(parts), file


def _is_left_over(parts: Sequence[str]) -> bool:
    """Tell what editors and the system leave beside a source: to open a file makes no other plugin of it."""
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return hidden or parts[-1].endswith(("~", ".swp", ".pyc"))


@dataclass(frozen=True)
class Metric:
    """A number for each picture: how far it is from its truth.

    Attributes:
        function: (output, truth, mask) → (N,): tensors (N, 3, r, r) in [0, 1] twice, and (N, 1, r, r) in [0, 1], 1
            where the face is. It must be finite wherever the pictures are.
        says: what it is, in words: "edge agreement".
        higher_is_better: which of two values is the better one.
        smallest_difference: the smallest difference in it that matters in practice, if that is known.
    """

    function: Callable[[Any, Any, Any], Any]
    says: str
    higher_is_better: bool
    smallest_difference: float | None = None


OURS = {
    *("score", "identity", "identity_colour", "still_source", "colour", "pose", "expression", "lighting", "sharpness"),
    *("skin_tone", "ssim", "fitted_mae", "mae", "mae_full", "recall5", "yaw", "mouth", "light"),
}
"""Names that the lab's own metrics have."""

METRICS: dict[str, Metric] = {}
"""Those that plugins have added; a run that is told ``evaluation.metrics=[edges]`` has ``swap_edges_AB`` and so on."""
