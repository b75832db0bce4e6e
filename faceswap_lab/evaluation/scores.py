"""The numbers a run is judged by, common to every arm, and the baselines that give them meaning."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation.followers import FOLLOWED, Follower, followed, pearson
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.swap_score import swap_score
from faceswap_lab.plugins import METRICS

NEIGHBOURS = 5  # the k of recall at k
_BATCH = 64  # faces in a forward pass
_CHUNK = 128  # pictures whose errors are taken at once

Direction = tuple[Side, Side]


class Swapper(Protocol):
    """What is judged: pictures in [0, 1], shape (N, 3, r, r), in; pictures of that shape out, clamped here.

    Attributes:
        swap_paths: the names of the ways to swap, the primary one first.
    """

    @property
    def swap_paths(self) -> tuple[str, ...]:
        """Return them."""

    def reconstruct(self, side: Side, x: Tensor, /) -> Tensor:
        """Return the side's own faces as the model draws them."""

    def swap(self, x: Tensor, /, source: Side, target: Side, path: str | None = None) -> Tensor:
        """Return faces of the source side as faces of the target side, by the primary path unless one is named."""


def key_suffix(model: Swapper, path: str) -> str:
    """Return what the keys of metrics end in for this path: nothing for the primary one."""
    return "" if path == model.swap_paths[0] else f"_{path}_path"


def evaluate(
    model: Swapper,
    held_out: HeldOut,
    followers: Mapping[Side, Follower] | None = None,
    directions: Sequence[Direction] | None = None,
    added: Sequence[str] = (),
) -> dict[str, float]:
    """Judge a model on faces it never saw.

    Args:
        model: is put into evaluation mode meanwhile, if it is an ``nn.Module``, and runs on its own device.
        held_out: the faces; without pairs there is no truth, and only reconstruction is judged.
        followers: adds how well the swap follows its input; needs ``held_out.states``.
        directions: which swaps, and with them which sides' reconstructions; None for all there are.
        added: metrics of plugins that are wanted too.

    Returns:
        means over the held-out faces, by name: ``recon_{ssim,fitted_mae,mae,mae_full}_{A,B,…}`` and, with pairs,
        ``swap_<what>_{AB,BA,…}`` with the numbers of ``judge_swap``; each further swap path p of the model has keys
        that end in ``_{p}_path``. A model whose outputs are not finite gets NaN, and 0 in recall.
    """
    directions = held_out.directions if directions is None else directions
    scores: dict[str, float] = {}
    for side in [side for side in held_out.sides if not directions or any(side in way for way in directions)]:
        drawn = reconstructions(model, side, held_out.images[side])
        scores |= _named("recon", side, _means(likeness(drawn, held_out.images[side], held_out.masks[side], added)))
    for path in model.swap_paths if directions else ():
        for source, target in directions:
            drawn = swaps(model, held_out.images[source], source, target, path)
            where = source + target + key_suffix(model, path)
            scores |= _named("swap", where, judge_swap(drawn, held_out, source, target, followers, added))
    return scores


def baselines(
    held_out: HeldOut,
    nulls: Mapping[str, Mapping[Side, Tensor]],
    followers: Mapping[Side, Follower] | None = None,
    added: Sequence[str] = (),
) -> dict[str, float]:
    """Score swaps that anybody can make, and the followers' ceiling.

    Copying the input is perfect in pose and nil in identity; the target's mean face is the reverse; averages of the
    target's training faces nearest in pose and light are good in both. A swap works when it beats them all.

    Args:
        held_out: the faces; without pairs there is no truth, and the result is empty.
        nulls: kind → target → (N, 3, r, r) in [0, 1], see ``null_swaps``.
        followers: as in ``evaluate``.
        added: as in ``evaluate``.

    Returns:
        the keys of ``evaluate`` with ``copy`` and each kind of null in place of ``swap``; and with followers
        ``follow_{yaw,mouth,light}_{A,B,…}_ceiling``, the correlation a follower reaches on the true faces of its side.
    """
    scores: dict[str, float] = {}
    for source, target in held_out.directions:
        drawn = {"copy": held_out.images[source]} | {kind: of[target] for kind, of in nulls.items()}
        for kind, faces in drawn.items():
            scores |= _named(kind, source + target, judge_swap(faces, held_out, source, target, followers, added))
    if followers is not None and held_out.paired:
        for side in held_out.sides:
            ceiling = _following(held_out.images[side], held_out, followers[side])
            scores |= {f"follow_{name}_{side}_ceiling": r for name, r in ceiling.items()}
    return scores


def judge_swap(
    drawn: Tensor,
    held_out: HeldOut,
    source: Side,
    target: Side,
    followers: Mapping[Side, Follower] | None = None,
    added: Sequence[str] = (),
) -> dict[str, float]:
    """Compare swaps of all held-out faces of the source, (N, 3, r, r) in [0, 1], with the truth.

    Returns:
        means over the faces: ``ssim``, ``fitted_mae``, ``mae`` (under the face mask), ``mae_full`` (over the whole
        picture), ``recall5``; the plugins' that are ``added``; the numbers of ``swap_score``; with followers ``yaw``,
        ``mouth`` and ``light``.
    """
    truth, mask = held_out.images[target], held_out.masks[target]
    errors = likeness(drawn, truth, mask, added)
    errors[f"recall{NEIGHBOURS}"] = metrics.recall_at_k(drawn, truth, mask, NEIGHBOURS)
    scores = _means(errors) | swap_score(drawn, held_out, source, target)
    return scores if followers is None else scores | _following(drawn, held_out, followers[target])


def likeness(drawn: Tensor, truth: Tensor, mask: Tensor, added: Sequence[str] = ()) -> dict[str, Tensor]:
    """Return for each picture (N,) its error against the truth, by metric.

    Some pictures at a time: SSIM alone holds some twenty planes of them all in memory.
    """
    some = zip(*(pictures.split(_CHUNK) for pictures in (drawn, truth, mask)))
    chunks = [_likeness(*pictures) | {name: METRICS[name].function(*pictures) for name in added} for pictures in some]
    return {name: torch.cat([errors[name] for errors in chunks]) for name in chunks[0]}


def reconstructions(model: Swapper, side: Side, images: Tensor) -> Tensor:
    """Draw (N, 3, r, r) faces of a side again; clamped to [0, 1], on the CPU."""
    return _draw(model, images, lambda x: model.reconstruct(side, x))


def swaps(model: Swapper, images: Tensor, source: Side, target: Side, path: str | None = None) -> Tensor:
    """Draw (N, 3, r, r) faces of the source side as the target's; clamped to [0, 1], on the CPU."""
    return _draw(model, images, lambda x: model.swap(x, source=source, target=target, path=path))


def _draw(model: Swapper, images: Tensor, forward: Callable[[Tensor], Tensor]) -> Tensor:
    with judged(model) as device:
        parts = [forward(batch.to(device)).float().clamp(0, 1).cpu() for batch in images.split(_BATCH)]
    return torch.cat(parts)


@contextmanager
def judged(model: Swapper) -> Iterator[torch.device]:
    """Hold a module in evaluation mode without gradients, yield its device, and give its mode back."""
    if not isinstance(model, nn.Module):
        with torch.no_grad():
            yield torch.device("cpu")
        return
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    finally:
        model.train(training)


def _likeness(drawn: Tensor, truth: Tensor, mask: Tensor) -> dict[str, Tensor]:
    return {
        "ssim": metrics.masked_ssim(drawn, truth, mask),
        "fitted_mae": metrics.fitted_mae(drawn, truth, mask),
        "mae": metrics.masked_mae(drawn, truth, mask),
        "mae_full": metrics.mae(drawn, truth),
    }


def _following(drawn: Tensor, held_out: HeldOut, follower: Follower) -> dict[str, float]:
    assert held_out.states is not None
    read, true = follower(drawn), followed(held_out.states)
    return {name: pearson(read[:, i], true[:, i]) for i, name in enumerate(FOLLOWED)}


def _means(errors: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(values.double().mean()) for name, values in errors.items()}


def _named(kind: str, where: str, scores: Mapping[str, float]) -> dict[str, float]:
    return {f"{kind}_{name}_{where}": value for name, value in scores.items()}
