"""Hydra takes plugins from this namespace only: the lab's sweeper by the name under which Hydra finds it."""

from faceswap_lab.cli.sweep import sweeper


class EveryCombination(sweeper.EveryCombination):
    """See there."""
