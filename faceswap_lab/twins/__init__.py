"""Twins: rendered identities whose true swap is known, because both can be drawn in the same state."""

from faceswap_lab.twins.degrade import degrade
from faceswap_lab.twins.head import Head
from faceswap_lab.twins.identity import Glasses, Identity
from faceswap_lab.twins.landmarks import LANDMARK_NAMES
from faceswap_lab.twins.names import PRESETS, identity
from faceswap_lab.twins.renderer import RENDERER_VERSION, Rendered, landmarks_of, render
from faceswap_lab.twins.state import STATE_FIELDS, State, sample_state, state_of, state_vector

__all__ = [
    "LANDMARK_NAMES",
    "PRESETS",
    "RENDERER_VERSION",
    "STATE_FIELDS",
    "Glasses",
    "Head",
    "Identity",
    "Rendered",
    "State",
    "degrade",
    "identity",
    "landmarks_of",
    "render",
    "sample_state",
    "state_of",
    "state_vector",
]
