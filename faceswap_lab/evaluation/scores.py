"""The numbers a run is judged by, common to every arm, and the baselines that give them meaning."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from faceswap_lab.data.faces import SIDES, Side
from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation.followers import FOLLOWED, Follower, followed, pearson
from faceswap_lab.evaluation.held_out import HeldOut

SwapPath = str | None
DIRECTIONS: tuple[tuple[Side, Side], ...] = (("A", "B"), ("B", "A"))
PATH_SUFFIX: dict[SwapPath, str] = {None: "", "own": "", "target": "_target_path"}
NEIGHBOURS = 5  # the k of recall at k
_CHUNK = 128  # pictures whose errors are taken at once


class Swapper(Protocol):
    """What is judged: pictures in [0, 1], shape (N, 3, r, r), in; pictures of that shape out, clamped here."""

    def reconstruct(self, side: Side, x: Tensor, /) -> Tensor:
        """Return the side's own faces as the model draws them."""

    def swap(self, x: Tensor, /, source: Side, target: Side, path: SwapPath = None) -> Tensor:
        """Return faces of the source side as faces of the target side."""


def evaluate(
    model: Swapper,
    held_out: HeldOut,
    followers: Mapping[Side, Follower] | None = None,
    two_paths: bool = False,
    batch_size: int = 64,
) -> dict[str, float]:
    """Judge a model on faces it never saw.

    Args:
        model: is put into evaluation mode meanwhile, if it is an ``nn.Module``, and runs on its own device.
        held_out: the faces; without pairs there is no truth, and only reconstruction is judged.
        followers: adds how well the swap follows its input; needs ``held_out.states``.
        two_paths: judge the swap through the target's encoder too (models with two encoders).
        batch_size: faces per forward pass, >= 1.

    Returns:
        means over the held-out faces, by name: ``recon_{ssim,fitted_mae,mae,mae_full}_{A,B}`` and, with pairs,
        ``swap_{ssim,fitted_mae,mae,mae_full,recall5,yaw,mouth,light}_{AB,BA}``, with ``_target_path`` appended for the
        second path. ``mae`` is under the face mask, ``mae_full`` over the whole picture. The primary one is
        ``swap_ssim``. A model whose outputs are not finite gets NaN, and 0 in recall.
    """
    scores: dict[str, float] = {}
    for side in SIDES:
        drawn = reconstructions(model, side, held_out.images[side], batch_size)
        scores |= _named("recon", side, _means(likeness(drawn, held_out.images[side], held_out.masks[side])))
    if held_out.paired:
        for path in paths(two_paths):
            for source, target in DIRECTIONS:
                drawn = swaps(model, held_out.images[source], source, target, path, batch_size)
                where = source + target + PATH_SUFFIX[path]
                scores |= _named("swap", where, _judge_swap(drawn, held_out, target, followers))
    return scores


def baselines(
    held_out: HeldOut, train_mean: Mapping[Side, Tensor], followers: Mapping[Side, Follower] | None = None
) -> dict[str, float]:
    """Score two swaps that anybody can make, and the followers' ceiling.

    Copying the input is perfect in pose and nil in identity; the target's mean face is the reverse. A swap works when
    it beats both at once.

    Args:
        held_out: the faces; without pairs there is no truth, and the result is empty.
        train_mean: per side (3, r, r) in [0, 1], see ``mean_faces``.
        followers: as in ``evaluate``.

    Returns:
        the keys of ``evaluate`` with ``copy`` and ``mean`` in place of ``swap``; and with followers
        ``follow_{yaw,mouth,light}_{A,B}_ceiling``, the correlation a follower reaches on the true faces of its side.
    """
    scores: dict[str, float] = {}
    if not held_out.paired:
        return scores
    for source, target in DIRECTIONS:
        mean = train_mean[target].expand_as(held_out.images[target])
        for name, drawn in (("copy", held_out.images[source]), ("mean", mean)):
            scores |= _named(name, source + target, _judge_swap(drawn, held_out, target, followers))
    if followers is not None:
        for side in SIDES:
            ceiling = _following(held_out.images[side], held_out, followers[side])
            scores |= {f"follow_{name}_{side}_ceiling": r for name, r in ceiling.items()}
    return scores


def paths(two_paths: bool) -> tuple[SwapPath, ...]:
    """Return the swap paths to judge: through the source's own encoder, and the target's where there are two."""
    return ("own", "target") if two_paths else (None,)


def likeness(drawn: Tensor, truth: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Return for each picture (N,) its error against the truth, by metric.

    Some pictures at a time: SSIM alone holds some twenty planes of them all in memory.
    """
    chunks = [_likeness(*some) for some in zip(*(pictures.split(_CHUNK) for pictures in (drawn, truth, mask)))]
    return {name: torch.cat([errors[name] for errors in chunks]) for name in chunks[0]}


def reconstructions(model: Swapper, side: Side, images: Tensor, batch_size: int = 64) -> Tensor:
    """Draw (N, 3, r, r) faces of a side again; clamped to [0, 1], on the CPU."""
    return _draw(model, images, lambda x: model.reconstruct(side, x), batch_size)


def swaps(
    model: Swapper,
    images: Tensor,
    source: Side,
    target: Side,
    path: SwapPath = None,
    batch_size: int = 64,
) -> Tensor:
    """Draw (N, 3, r, r) faces of the source side as the target's; clamped to [0, 1], on the CPU."""
    return _draw(model, images, lambda x: model.swap(x, source=source, target=target, path=path), batch_size)


def _draw(model: Swapper, images: Tensor, forward: Callable[[Tensor], Tensor], batch_size: int) -> Tensor:
    with judged(model) as device:
        parts = [forward(batch.to(device)).float().clamp(0, 1).cpu() for batch in images.split(batch_size)]
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


def _judge_swap(
    drawn: Tensor, held_out: HeldOut, target: Side, followers: Mapping[Side, Follower] | None
) -> dict[str, float]:
    truth, mask = held_out.images[target], held_out.masks[target]
    errors = likeness(drawn, truth, mask)
    errors[f"recall{NEIGHBOURS}"] = metrics.recall_at_k(drawn, truth, mask, NEIGHBOURS)
    scores = _means(errors)
    return scores if followers is None else scores | _following(drawn, held_out, followers[target])


def _following(drawn: Tensor, held_out: HeldOut, follower: Follower) -> dict[str, float]:
    if held_out.states is None:
        raise ValueError("followers are given but the held-out faces have no states; pass followers=None")
    read, true = follower(drawn), followed(held_out.states)
    return {name: pearson(read[:, i], true[:, i]) for i, name in enumerate(FOLLOWED)}


def _means(errors: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(values.double().mean()) for name, values in errors.items()}


def _named(kind: str, where: str, scores: Mapping[str, float]) -> dict[str, float]:
    return {f"{kind}_{name}_{where}": value for name, value in scores.items()}
