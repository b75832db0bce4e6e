"""What detector, mesh and embedders see in the swaps of finished runs on twins: kept in a file per run, for is slow."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from faceswap_lab.data.twin_sets import load_twins
from faceswap_lab.evaluation.held_out import HeldOut, held_out_from
from faceswap_lab.evaluation.real_swaps import RealFaces
from faceswap_lab.faces.judging import FaceJudge
from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.result import read_result
from faceswap_lab.training.saved.trained import TrainedModel

WAYS = ("AB", "BA")


def finished_twins(
    roots: list[Path], arms: list[str], population: str = "confirmation"
) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders of finished runs of these arms (none: all) on pairs of a population, with the people's names.

    A run whose label names anything beside its arm, its scale and the population is left out (quick has 800 steps).
    """
    beside = re.compile(rf"population_{population}|quick|medium|max_steps_800")
    for root in roots:
        for folder in sorted(found.path for found in find_all(root).values()):
            result = read_result(RunFolder(folder))
            people = result.details.get("people", {}) if result else {}
            sides = people.get("sides", {})
            arm, *words = result.label.split("-") if result else [""]
            plain = f"population_{population}" in words and all(map(beside.fullmatch, words))
            if len(sides) == 2 and plain and (arm in arms or not arms):
                yield folder, [one["name"] for one in sides.values()]


class Looker:
    """Judges the swaps of runs as real ones are judged, see ``evaluation.real_swaps``.

    Args:
        judge: looks.
        name: of the judge, for the files.
        work: where scores and rendered faces are kept.
        faces: how many held-out faces of a side are looked at, the first ones.
    """

    def __init__(self, judge: FaceJudge, name: str, work: Path, faces: int) -> None:
        self.judge, self.name, self.work, self.faces = judge, name, work, faces
        self._real: dict[tuple[object, ...], RealFaces] = {}  # the same for all arms

    def scores(self, folder: Path, people: list[str]) -> dict[str, dict[str, float]]:
        """Return way → the scores of a run."""
        kept = self.work / f"{folder.name}-{self.name}-{self.faces}.json"
        if not kept.exists():
            model = TrainedModel(folder)
            pair = (model.resolution, model.seed, *people)
            if pair not in self._real:
                self._real[pair] = RealFaces(self._held_out(model, people), self.judge)
            found = {way: self._real[pair].judged(model.autoencoder, *way).scores for way in WAYS}
            kept.write_text(json.dumps(found), encoding="utf-8")
        return dict(json.loads(kept.read_text(encoding="utf-8")))

    def _held_out(self, model: TrainedModel, people: list[str]) -> HeldOut:
        """Return the run's own held-out faces; of the training faces, which no swap needs, one is rendered."""
        data = model.config["data"]
        size = model.resolution
        while size * model.coverage < model.resolution:
            size *= 2
        shown = {name: data[name] for name in ("pose", "light", "background")}
        rendered = load_twins(
            people=people, faces=1, held_out=data["held_out"], size=size, seed=model.seed, progress=False, processes=1,
            cache_dir=self.work / "cache", **shown,
        )  # fmt: skip
        whole = held_out_from(rendered, model.resolution, model.coverage)
        few = {side: images[: self.faces] for side, images in whole.images.items()}
        masks = {side: mask[: self.faces] for side, mask in whole.masks.items()}
        return HeldOut(images=few, masks=masks, states=None, paired=False)
