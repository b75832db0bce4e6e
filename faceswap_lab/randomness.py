"""Named, counter-based random streams: everything random in the lab is a pure function of a seed and a name.

Why not one generator passed around: an arm with two encoders would draw more numbers than an arm with one, and
every later draw (decoder_B's weights, the tenth face's warp) would differ between the arms. With a stream per name,
arms differ only in what their question asks (promise 1 of the design).

The generator is Philox-4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) as NumPy
implements it: it can jump to any position of its sequence at no cost, so sample ``index`` owns a fixed block of words.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

_WORDS_PER_COUNT = 4  # one step of Philox-4x64's counter yields four 64-bit words


def key(seed: int, *names: str | int) -> int:
    """Return the 128-bit key of the stream called ``names`` under ``seed``.

    The key is a hash of the names with their types and lengths, so ("a", "b"), ("ab",) and (1,), ("1",) all differ.
    """
    parts = [f"{type(name).__name__}:{len(str(name))}:{name}" for name in (seed, *names)]
    return int.from_bytes(hashlib.blake2b("/".join(parts).encode(), digest_size=16).digest(), "little")


def seed_of(seed: int, *names: str | int) -> int:
    """Return a seed in [0, 2**63) for a foreign generator (torch's, albumentations') from the named stream."""
    return key(seed, *names) >> 65


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return a fresh generator at the start of the stream called ``names`` under ``seed``."""
    return np.random.Generator(np.random.Philox(key=key(seed, *names)))


def uniforms(seed: int, *names: str | int, first: int, count: int, width: int) -> NDArray[np.float64]:
    """Return the blocks of ``width`` uniforms in [0, 1) that belong to indices first … first + count - 1.

    Row i is the same whatever ``first`` and ``count`` brought it here: a sample's randomness depends on its index
    alone, not on the batch, the worker or the rank that made it.

    Args:
        seed: the experiment's seed.
        names: the stream's name.
        first: the first index, >= 0.
        count: how many consecutive indices, >= 0.
        width: numbers per index, >= 1.

    Returns:
        float64 array of shape (count, width).
    """
    padded = -(-width // _WORDS_PER_COUNT) * _WORDS_PER_COUNT
    bits = np.random.Philox(key=key(seed, *names), counter=first * (padded // _WORDS_PER_COUNT))
    words = bits.random_raw(count * padded).reshape(count, padded)[:, :width]
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
