"""A process that renders faces: jobs come in on its standard input, pictures go out on its standard output.

Started by `faceswap_lab.data.render_pool`. It knows NumPy and OpenCV only, so it starts in a quarter of a second, and
it ends when its input does, so it does not outlive its parent.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.twins import Head, Identity, State, render


@dataclass(frozen=True)
class Job:
    """Some pictures of one person: in these states, ``size`` pixels a side."""

    identity: Identity
    states: Sequence[State]
    size: int


@dataclass(frozen=True)
class Pictures:
    """What a job gives: images (n, S, S, 3) uint8 RGB and masks (n, S, S) uint8."""

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


@lru_cache(maxsize=2)
def _head(identity: Identity) -> Head:
    return Head(identity)  # costly: geometry and baked texture


def rendered(job: Job) -> Pictures:
    """Render a job's pictures. Each depends on its own state only, not on how the states are cut into jobs."""
    pictures = [render(_head(job.identity), state, job.size) for state in job.states]
    return Pictures(np.stack([picture.image for picture in pictures]), np.stack([picture.mask for picture in pictures]))


def main() -> None:
    """Answer each pickled `Job` with pickled `Pictures`, or with the text of what went wrong."""
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
                answer: Pictures | str = rendered(job)
            except Exception:
                answer = traceback.format_exc()
            try:
                pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
                answers.flush()
            except BrokenPipeError:  # our parent was killed
                return
