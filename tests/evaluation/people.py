"""A few rendered people that no network of the lab was trained on."""

from functools import cache

import numpy as np

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.data.sampler import centre
from faceswap_lab.evaluation.held_out import to_tensor
from faceswap_lab.randomness import stream
from faceswap_lab.twins import identity, render, sample_state, state_vector
from faceswap_lab.twins.head import Head

UNSEEN = 73_000_000  # random-73000000 …
COVERAGE = 0.625


def states(seed, count):
    rng = stream(seed, "tests", "people")
    return [sample_state(rng) for _ in range(count)]


def faces(who, seen, size):
    """Render someone in these states, as a run would store them."""
    head = Head(who)
    drawn = [render(head, state, size) for state in seen]
    vectors = np.stack([state_vector(state) for state in seen])
    return Faces.joined(np.stack([d.image for d in drawn]), np.stack([d.mask for d in drawn]), vectors)


@cache
def crops(number, count, resolution=32):
    """Return an unseen person's pictures (count, 3, r, r), in states of that person's own, and the states."""
    stored = faces(identity(f"random-{UNSEEN + number}"), states(number, count), 3 * resolution)
    return to_tensor(centre(stored.images, resolution, COVERAGE)), stored.states


@cache
def twins(a="ada", b="ben", train=40, held_out=24, size=96):
    """Two people as a run has them: states of their own to train on, and the same held-out states."""
    people, shared = {"A": identity(a), "B": identity(b)}, states(99, held_out)
    return FaceData(
        train={side: faces(who, states(98 + ord(side), train), size) for side, who in people.items()},
        held_out={side: faces(who, shared, size) for side, who in people.items()},
        paired=True,
        fingerprint="people",
    )
