"""The numbers of a swap whose truth nobody knows: those of `faceswap_lab.faces.judging`, over held-out faces.

They need the extra ``faces``; without it there are none, and a training says so once. Networks judge here, not a truth.
"""

import logging
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation.held_out import HeldOut, to_pixels
from faceswap_lab.evaluation.scores import Swapper, key_suffix, swaps
from faceswap_lab.evaluation.unpaired import cycle_error, frechet_distance, own_sharpness
from faceswap_lab.faces.judging import SMALLEST, FaceJudge, judge_swaps
from faceswap_lab.faces.model_files import ModelMissing

_log = logging.getLogger(__name__)

MOST_FACES = 200  # of each side that are looked at: 35 to 100 ms each


class RealSwaps(NamedTuple):
    """What swaps of real people are worth.

    Attributes:
        scores: see ``real_swap_scores``.
        pictures: of the scores that judge, by their names: the part (n,) of each held-out face of the source. Their
            mean is the score; of ``follow_…``, which is no mean over pictures, nearly so.
    """

    scores: dict[str, float]
    pictures: dict[str, NDArray[np.float32]]


class RealFaces:
    """The held-out faces of some people, looked at once, by which swaps of theirs are judged.

    Args:
        held_out: the faces; the first ``MOST_FACES`` of each side are used.
        judge: looks.
    """

    def __init__(self, held_out: HeldOut, judge: FaceJudge) -> None:
        self.images = {side: images[:MOST_FACES] for side, images in held_out.images.items()}
        self.masks = {side: masks[:MOST_FACES] for side, masks in held_out.masks.items()}
        self.judge = judge
        self.seen = {side: judge.look(to_pixels(images)) for side, images in self.images.items()}

    def judged(self, model: Swapper, source: Side, target: Side, path: str | None = None) -> RealSwaps:
        """Judge the swaps of one way; the names are those of ``real_swap_scores``, without the way.

        Raises:
            ValueError: a face is found in hardly any of the real faces.
        """
        images, mask = self.images[source], self.masks[source]
        drawn = swaps(model, images, source, target, path)
        seen = self.judge.look(to_pixels(drawn))
        found = judge_swaps(seen, self.seen[source], self.seen[target])
        each = {"face_found": seen.found} | {f"identity_{name}": values for name, values in found.identity.items()}
        scores = {name: float(values.mean()) for name, values in each.items()}
        scores |= {f"follow_{name}": value for name, value in found.follows.items()}
        each |= {f"follow_{name}": values for name, values in found.single.items()}
        for name, vectors in seen.embeddings.items():
            scores |= {f"real_floor_{name}": found.floor[name], f"real_ceiling_{name}": found.ceiling[name]}
            if seen.found.sum() >= 2:
                own = self.seen[target].embeddings[name][self.seen[target].found]
                scores[f"frechet_{name}"] = frechet_distance(vectors[seen.found], own)
        scores["cycle_mae"] = float(cycle_error(model, images, mask, source, target, path).double().mean())
        scores["own_sharpness"] = own_sharpness(drawn, mask, self.images[target], self.masks[target])
        return RealSwaps(scores, {name: np.asarray(values, np.float32) for name, values in each.items()})


def real_swap_scores(model: Swapper, held_out: HeldOut, average: Swapper | None = None) -> RealSwaps:
    """Judge the swaps between all sides by what detector, mesh and embedders see in them.

    Args:
        model: see ``scores.evaluate``.
        held_out: the faces; the first ``MOST_FACES`` of each side are used.
        average: the model with averaged weights, if there is one; its scores are called ``ema_…``.

    Returns:
        for AB, BA, …, and with a path's suffix for further ones: ``face_found_AB``: share of swaps with a face in them;
        ``face_found_A``: of the inputs. ``identity_{sface,dlib}_AB``: 0 as far from the target as the source's own
        faces, 1 as near as the target's own; a swap without a face has 0. ``follow_{yaw,pitch,mouth_open,…}_AB``:
        correlation with the input, times the share with a face. ``real_floor_…``, ``real_ceiling_…``: the mean cosines
        that 0 and 1 stand for. ``frechet_{sface,dlib}_AB``: distance of the embeddings' distributions, of the swaps
        that have a face. ``cycle_mae_AB``: error of A→B→A. ``own_sharpness_AB``: against the target's own.
        Nothing where the models are not installed, or hardly a real face is found.
    """
    if held_out.resolution < SMALLEST:
        _log.warning("swaps of %d px are too small to be judged; %d px are the least", held_out.resolution, SMALLEST)
        return RealSwaps({}, {})
    try:
        real = RealFaces(held_out, FaceJudge())
    except ModelMissing as error:
        _log.warning("swaps of real people are not judged: %s", error)
        return RealSwaps({}, {})
    scores = {f"face_found_{side}": float(seen.found.mean()) for side, seen in real.seen.items()}
    for side, seen in real.seen.items():
        if seen.found.sum() < 2:
            _log.warning(
                "swaps are not judged: at this size a face is found in %d of the %d held-out faces of side %s that are "
                "looked at, and 2 are the least; hold out more, see more of each face (augmentation.coverage=1), or "
                "take more pixels",
                *(seen.found.sum(), len(seen.found), side),
            )
            return RealSwaps(scores, {})
    pictures = dict[str, NDArray[np.float32]]()
    for prefix, one in ({"": model} if average is None else {"": model, "ema_": average}).items():
        for (source, target), path in product(permutations(real.seen, 2), one.swap_paths):
            found, way = real.judged(one, source, target, path), f"{source}{target}{key_suffix(one, path)}"
            scores |= {f"{prefix}{name}_{way}": value for name, value in found.scores.items()}
            pictures |= {f"{prefix}{name}_{way}": values for name, values in found.pictures.items()}
    return RealSwaps(scores, pictures)
