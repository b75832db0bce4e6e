"""What a camera and a codec do to a picture: blur, noise, JPEG. Applied after rendering; the truth stays clean."""

import cv2
import numpy as np
from numpy.typing import NDArray

_BLUR = 0.9  # pixels, standard deviation at full strength
_READ_NOISE, _SHOT_NOISE = 3.0, 0.35  # levels, and levels per square root of a level, at full strength
_BEST_JPEG, _WORST_JPEG = 95, 35


def degrade(image: NDArray[np.uint8], rng: np.random.Generator, strength: float = 0.5) -> NDArray[np.uint8]:
    """Return a copy of a picture as a modest camera would have recorded it.

    Each of the three is drawn between nothing and ``strength``, so pictures of one set differ. Noise is that of a
    sensor, its variance a constant plus a share of the signal (Foi et al., "Practical Poissonian-Gaussian noise
    modeling", IEEE TIP 2008), applied to the encoded levels for simplicity.

    Args:
        image: (S, S, 3) uint8 RGB.
        rng: drawn from, by the same amount whatever the strength.
        strength: 0 changes nothing … 1 is a bad video call.

    Returns:
        (S, S, 3) uint8 RGB.

    Raises:
        ValueError: strength outside [0, 1].
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength={strength}: must be between 0 (unchanged) and 1 (a bad video call)")
    blur, noise, loss = strength * rng.random(3)
    grain = rng.standard_normal(image.shape, np.float32)
    if strength == 0:
        return image.copy()
    picture = image.astype(np.float32)
    if blur > 0.05:  # a narrower kernel is a single pixel
        picture = cv2.GaussianBlur(picture, (0, 0), _BLUR * blur).astype(np.float32)
    picture += grain * np.float32(noise) * np.sqrt(_READ_NOISE**2 + _SHOT_NOISE**2 * picture)
    levels = np.rint(np.clip(picture, 0, 255)).astype(np.uint8)
    quality = round(_BEST_JPEG + (_WORST_JPEG - _BEST_JPEG) * loss)
    encoded = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded on the line above
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8)
