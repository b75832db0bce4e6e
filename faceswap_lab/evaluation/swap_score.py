"""What a swap must get right, each in a number of its own, and all of them in one: the swap score.

SSIM tells arms apart reliably, but it does not measure a swap: a look-up of training faces beats a trained model by it,
a stranger in the right state scores high, skin tone hardly counts, and some of the mean face raises it. So the score
asks what a person would ask. Who is it? Is the skin the target's? Does the head turn, the mouth move, the light fall as
in the input? Is it sharp? It is the geometric mean of the six: no strength buys off a failure in another. How each
answers to known damage, and where eyes disagree: docs/judging.md.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.reader import COLOUR_SIZE, STATE_READ, Reading, read, shape_size, strangers, taken_for

FOLLOWING = {"pose": ("yaw", "pitch"), "expression": ("mouth", "smile"), "lighting": ("light", "light_height")}
"""What the swap must follow: the aspect → what is read of the state for it."""

ASPECTS = ("identity", "colour", *FOLLOWING, "sharpness")
COLOUR_NIL = 0.2
"""Mean error of the mean colour at which the aspect is nil: about that between the palest and a dark brown skin."""

BY_ACCIDENT = 0.1
"""Agreement that means nothing: among some 50 faces whoever follows nothing has about as much, or as little."""

_SAME_SKIN = 2 / 255  # sides whose mean colours differ by less than this have no tone to take over


def swap_score(drawn: Tensor, held_out: HeldOut, source: Side, target: Side) -> dict[str, float]:
    """Judge swaps as a person would look at them.

    Args:
        drawn: (N, 3, r, r) in [0, 1], the swaps of all held-out faces of the source.
        held_out: the faces and their true swaps.
        source: who gave the state.
        target: who they should be.

    Returns:
        by name, all over the held-out faces:

        - ``identity``: the chance to be taken for the target among 20 people (source, target and 18 strangers) by a
          network blind to colour; by chance 0.05. See ``reader.taken_for``.
        - ``identity_colour``: the same by a network that sees colours.
        - ``still_source``: share that the colour-blind network finds nearer to the source than to the target.
        - ``pose`` (yaw, pitch), ``expression`` (mouth, smile), ``lighting`` (direction, height): how well what is read
          off the swaps agrees with what is read off their truths, the mean of the two; see ``agreement``.
        - ``colour``: 1 - |mean colour's error| / 0.2, at least 0. The mean colour is that under the face mask, the
          error the mean over channels.
        - ``skin_tone``: per cent of the way from the source's mean colour to the target's, by least squares: 0 for the
          source's, 100 for the target's. Missing where the two are too much alike to tell.
        - ``sharpness``: fine detail against the truth's own, 1 is as sharp; see ``metrics.sharpness``.
        - ``score``: (identity · colour · pose · expression · lighting · min(sharpness, 1 / sharpness))^(1/6), where
          pose, expression and lighting count as 0.1 at least.

        NaN where outputs are not finite.
    """
    truth, mask = held_out.images[target], held_out.masks[target]
    reading, known = read(drawn), held_out.readings
    scores = _identity(reading, known[source], known[target], shape_size(truth))
    scores |= _followed(reading.state, known[target].state)
    scores |= _colour(drawn, held_out, source, target)
    scores["sharpness"] = float(metrics.sharpness(drawn, truth, mask).double().mean())
    return scores | {"score": _score(scores)}


def _identity(reading: Reading, source: Reading, target: Reading, size: int) -> dict[str, float]:
    chances = {}
    for name, field, others in (
        ("identity", "who", strangers("shape", size)),
        ("identity_colour", "who_in_colour", strangers("colour", COLOUR_SIZE)),
    ):
        who, wanted, given = (getattr(one, field) for one in (reading, target, source))
        chances[name] = float(taken_for(who, _middle(wanted), _middle(given), others).mean())
    nearer = (reading.who @ (_middle(source.who) - _middle(target.who))).double()
    still = torch.where(nearer.isfinite(), (nearer > 0).double(), torch.nan).mean()
    return chances | {"still_source": float(still)}


def _middle(who: Tensor) -> Tensor:
    return normalize(who.mean(0), dim=0)


def agreement(drawn: Tensor, true: Tensor) -> Tensor:
    """Return each column's concordance correlation: 2 cov(o, t) / (var o + var t + (mean o - mean t)^2), at least 0.

    1 only where all values are equal: a head that turns half as far as it should gets 0.8, where Pearson's correlation
    sees no fault. 0 where nothing is followed. Source: Lin, "A concordance correlation coefficient to evaluate
    reproducibility", Biometrics 1989.

    Args:
        drawn: (N, P).
        true: (N, P).

    Returns:
        (P,) float64 in [0, 1].
    """
    drawn, true = drawn.double(), true.double()
    middles = drawn.mean(0), true.mean(0)
    shared = ((drawn - middles[0]) * (true - middles[1])).mean(0)
    apart = drawn.var(0, correction=0) + true.var(0, correction=0) + (middles[0] - middles[1]) ** 2
    return (2 * shared / apart.clamp(min=1e-12)).clamp(min=0)


def _followed(drawn: Tensor, true: Tensor) -> dict[str, float]:
    agreed, names = agreement(drawn, true), list(STATE_READ)
    return {aspect: float(agreed[[names.index(one) for one in of]].mean()) for aspect, of in FOLLOWING.items()}


def _colour(drawn: Tensor, held_out: HeldOut, source: Side, target: Side) -> dict[str, float]:
    wanted = metrics.mean_colour(held_out.images[target], held_out.masks[target]).double()
    given = metrics.mean_colour(held_out.images[source], held_out.masks[source]).double()
    got = metrics.mean_colour(drawn, held_out.masks[target]).double()
    scores = {"colour": float((1 - (got - wanted).abs().mean(1) / COLOUR_NIL).clamp(min=0).mean())}
    way = wanted - given
    if float(way.square().mean().sqrt()) > _SAME_SKIN:
        scores["skin_tone"] = float(100 * ((got - given) * way).sum() / way.square().sum())
    return scores


def _score(scores: dict[str, float]) -> float:
    sharp = scores["sharpness"]
    factors = [max(scores[name], BY_ACCIDENT) if name in FOLLOWING else scores[name] for name in ASPECTS[:-1]]
    factors.append(min(sharp, 1 / sharp) if sharp > 0 else sharp)
    return math.prod(factors) ** (1 / len(factors))
