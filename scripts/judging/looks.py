"""What detector, mesh and embedders see in the swaps of finished runs on twins: kept in a file per run, for is slow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.twin_sets import load_twins
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from
from faceswap_lab.evaluation.scores import swaps
from faceswap_lab.faces.judging import FaceJudge, Seen
from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.result import read_result
from faceswap_lab.training.saved.trained import TrainedModel

WAYS = ("AB", "BA")


def finished_twins(roots: list[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders of finished runs on pairs of rendered people, with these people's names."""
    for root in roots:
        for folder in sorted(found.path for found in find_all(root).values()):
            result = read_result(RunFolder(folder))
            sides = result.details.get("people", {}).get("sides", {}) if result else {}
            if len(sides) == 2:
                yield folder, [one["name"] for one in sides.values()]


def looked(folder: Path, people: list[str], work: Path, faces: int, judge: FaceJudge) -> dict[str, NDArray[np.generic]]:
    """Return ``<A|B|AB|BA>_<found|picture|name of an embedder|name of what is followed>`` of a run's held-out faces.

    Args:
        folder: the run's.
        people: names of A and B.
        work: what was seen is kept there.
        faces: how many held-out faces of a side are looked at, the first ones.
        judge: looks.
    """
    kept = work / f"{folder.name}-{faces}.npz"
    if not kept.exists():
        model = TrainedModel(folder)
        data = model.config["data"]
        held_out = _held_out(model, people, work / "cache", faces)
        pictures = {side: held_out.images[side] for side in "AB"}
        pictures |= {way: swaps(model.autoencoder, held_out.images[way[0]], *way) for way in WAYS}
        seen = {}
        for name, some in pictures.items():
            of = work / f"inputs-{data['population']}-{model.seed}-{name}-{faces}.npz"  # the same for all arms
            if name in "AB" and of.exists():
                seen |= dict(np.load(of))
                continue
            bytes_ = some.mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
            own = _flat(name, judge.look(bytes_)) | {f"{name}_picture": bytes_}
            if name in "AB":
                np.savez_compressed(of, **own)
            seen |= own
        np.savez_compressed(kept, **seen)
    return dict(np.load(kept))


def seen_of(flat: dict[str, NDArray[np.generic]], name: str, followed: tuple[str, ...]) -> Seen:
    """Return what was seen in the faces of a side, or in the swaps of a way."""
    found = flat[f"{name}_found"].astype(bool)
    whose = {key.split(":")[1]: vectors for key, vectors in flat.items() if key.startswith(f"{name}_who:")}
    return Seen(found, whose, {what: flat[f"{name}_{what}"] for what in followed})


def _held_out(model: TrainedModel, people: list[str], cache: Path, faces: int) -> HeldOut:
    """Return the run's own held-out faces; of the training faces, which no swap needs, one is rendered."""
    data = model.config["data"]
    size = model.resolution
    while size * model.coverage < model.resolution:
        size *= 2
    shown = {name: data[name] for name in ("pose", "light", "background")}
    rendered = load_twins(
        people=people, faces=1, held_out=data["held_out"], size=size, seed=model.seed, cache_dir=cache, progress=False,
        processes=1, **shown,
    )  # fmt: skip
    whole = held_out_from(rendered, model.resolution, model.coverage)
    few = {side: images[:faces] for side, images in whole.images.items()}
    masks = {side: mask[:faces] for side, mask in whole.masks.items()}
    return HeldOut(images=few, masks=masks, states=None, paired=False)


def _flat(name: str, seen: Seen) -> dict[str, NDArray[np.generic]]:
    flat: dict[str, NDArray[np.generic]] = {f"{name}_found": seen.found}
    flat |= {f"{name}_who:{judge}": vectors for judge, vectors in seen.embeddings.items()}
    return flat | {f"{name}_{what}": values for what, values in seen.does.items()}
