"""A process that renders faces: jobs come in on its standard input, pictures go out on its standard output.

Started by `faceswap_lab.data.render_pool`. It knows NumPy and OpenCV only, so it starts in a quarter of a second, and
it ends when its input does, so it does not outlive its parent.
"""

import os
import pickle
import signal
import sys
import traceback
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.faces import rgba
from faceswap_lab.twins import Head, Identity, render, state_of

Job = tuple[Identity, NDArray[np.float64], int]
"""Some pictures of one person: in which states, as rows for ``state_of``, at how many pixels a side."""


@lru_cache(maxsize=2)
def _head(identity: Identity) -> Head:
    return Head(identity)  # costly: geometry and baked texture


def rendered(identity: Identity, states: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Return pictures with masks (n, S, S, 4). Each depends on its state alone, not on how states are cut into jobs."""
    pictures = [render(_head(identity), state_of(row), size) for row in states]
    return np.stack([rgba(picture.image, picture.mask) for picture in pictures])


def main() -> None:
    """Answer each pickled `Job` with its pictures, or with the text of what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but ending us is our parent's business
    cv2.setNumThreads(1)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing printed gets between the answers
        while True:
            try:
                job = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            try:
                answer: NDArray[np.uint8] | str = rendered(*job)
            except Exception:
                answer = traceback.format_exc()
            try:
                pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
                answers.flush()
            except BrokenPipeError:  # our parent was killed
                return
