"""Choices from outside of the package: somebody's own activation, loss, part, update order or metric, by its name.

A plugin is a module that adds to the lab's registries when it is imported (docs/plugins.md has one of ten lines). It
is imported if a person has installed it, as a package with an entry point of the group ``faceswap_lab.plugins``, or has
typed ``plugins=[its_name]``, and for no other reason: what a run folder or a YAML names is never imported.
"""

from faceswap_lab.plugins.plugin import METRICS, REGISTRIES, Metric, Plugin, PluginError

__all__ = ["METRICS", "REGISTRIES", "Metric", "Plugin", "PluginError"]
