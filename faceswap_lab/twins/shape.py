"""The bare shape of a head."""

import numpy as np

from faceswap_lab.twins.curves import Float, smoothstep
from faceswap_lab.twins.identity import Identity
from faceswap_lab.twins.pack import HeadPack, Part

# Everyone's eyes meet here, whatever the shape: faces of different people are aligned as a face detector would.
EYES = np.array([0, 7.284, 1.245], np.float32)
TEETH_BACK = np.float32(0.06)  # keeps the teeth behind the lips of every shape


def shaped(identity: Identity, pack: HeadPack) -> Float:
    """Return a bare head's vertices (N, 3) at rest, in decimetres, eyes where everyone's are."""
    body = pack.positions.copy()
    for name, weight in identity.shape:
        signed = name if name in pack.shapes else name + ("+" if weight >= 0 else "-")
        body += pack.shapes[signed] * np.float32(weight if signed == name else abs(weight))
    eyes = (body[pack.parts == Part.LEFT_EYE].mean(0) + body[pack.parts == Part.RIGHT_EYE].mean(0)) / 2
    body += (EYES - eyes) * smoothstep(5.45, 6.1, pack.positions[:, 1:2])
    body[(pack.parts >= Part.UPPER_TEETH) & (pack.parts <= Part.TONGUE), 2] -= TEETH_BACK
    return body.astype(np.float32)
