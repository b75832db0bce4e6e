"""The numbers of a swap whose truth nobody knows: those of `faceswap_lab.faces.judging`, over held-out faces.

They need the extra ``faces``; without it there are none, and a training says so once. Networks judge here, not a truth.
"""

import logging
from collections.abc import Mapping
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.scores import Swapper, key_suffix, swaps
from faceswap_lab.evaluation.unpaired import cycle_error, frechet_distance, own_sharpness
from faceswap_lab.faces.judging import SMALLEST, FaceJudge, Seen, judge_swaps
from faceswap_lab.faces.model_files import ModelMissing

_log = logging.getLogger(__name__)

MOST_FACES = 200  # of each side that are looked at: 35 to 100 ms each


def real_swap_scores(model: Swapper, held_out: HeldOut) -> dict[str, float]:
    """Judge the swaps between all sides by what detector, mesh and embedders see in them.

    Args:
        model: see ``scores.evaluate``.
        held_out: the faces; the first ``MOST_FACES`` of each side are used.

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
        return {}
    try:
        judge = FaceJudge()
    except ModelMissing as error:
        _log.warning("swaps of real people are not judged: %s", error)
        return {}
    real = {side: judge.look(_pictures(images[:MOST_FACES])) for side, images in held_out.images.items()}
    scores = {f"face_found_{side}": float(seen.found.mean()) for side, seen in real.items()}
    few = {side: int(seen.found.sum()) for side, seen in real.items() if seen.found.sum() < 2}
    if few:
        _log.warning(
            "swaps are not judged: at this size a face is found in %s of the real faces of side %s", *_first(few)
        )
        return scores
    for source, target in permutations(real, 2):
        for path in model.swap_paths:
            drawn = swaps(model, held_out.images[source][:MOST_FACES], source, target, path)
            way = f"{source}{target}{key_suffix(model, path)}"
            seen = judge.look(_pictures(drawn))
            found = judge_swaps(seen, real[source], real[target])
            scores |= _unpaired(model, held_out, source, target, path, drawn, way)
            if seen.found.sum() >= 2:
                scores |= {
                    f"frechet_{name}_{way}": frechet_distance(vectors[seen.found], _of_faces(real[target], name))
                    for name, vectors in seen.embeddings.items()
                }
            scores[f"face_found_{way}"] = found.found
            scores |= {f"identity_{name}_{way}": float(values.mean()) for name, values in found.identity.items()}
            scores |= {f"follow_{name}_{way}": value for name, value in found.follows.items()}
            for name in found.floor:
                scores |= {
                    f"real_floor_{name}_{way}": found.floor[name],
                    f"real_ceiling_{name}_{way}": found.ceiling[name],
                }
    return scores


def _unpaired(
    model: Swapper, held_out: HeldOut, source: Side, target: Side, path: str, drawn: Tensor, way: str
) -> dict[str, float]:
    images, masks = held_out.images, held_out.masks
    faces, mask = images[source][:MOST_FACES], masks[source][:MOST_FACES]
    back = cycle_error(model, faces, mask, source, target, path)
    sharp = own_sharpness(drawn, mask, images[target][:MOST_FACES], masks[target][:MOST_FACES])
    return {f"cycle_mae_{way}": float(back.double().mean()), f"own_sharpness_{way}": sharp}


def _of_faces(seen: Seen, judge: str) -> NDArray[np.float64]:
    return seen.embeddings[judge][seen.found]


def _pictures(images: Tensor) -> NDArray[np.uint8]:
    """Turn (N, 3, r, r) in [0, 1] into (N, r, r, 3) uint8."""
    return images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()


def _first(few: Mapping[Side, int]) -> tuple[int, Side]:
    side, count = next(iter(few.items()))
    return count, side
