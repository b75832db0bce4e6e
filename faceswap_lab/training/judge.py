"""How good a model is, in numbers and in a picture, on held-out faces."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from faceswap_lab.config import Config
from faceswap_lab.data.cache import cache_root
from faceswap_lab.data.faces import MOST_JUDGED, FaceData, Side
from faceswap_lab.data.regions import Ellipses, centred, stored_ellipses
from faceswap_lab.evaluation.diagnostics import diagnose
from faceswap_lab.evaluation.followers import Follower, train_followers
from faceswap_lab.evaluation.held_out import held_out_from
from faceswap_lab.evaluation.nulls import null_swaps
from faceswap_lab.evaluation.png import write_png
from faceswap_lab.evaluation.preview import picture, preview_rows, tiles
from faceswap_lab.evaluation.real_swaps import RealSwaps, real_swap_scores
from faceswap_lab.evaluation.scores import Direction, baselines, evaluate
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.runs.source_type import SourceType
from faceswap_lab.training.build import objective_of
from faceswap_lab.training.device.compiled import as_written
from faceswap_lab.training.gradients import gradient_diagnostics

_PARTLY: SourceType = "compositeWithTrainedAlgorithmicMedia"


class Judge:
    """Scores and shows the models of one run, always on the same held-out faces.

    Args:
        config: the run's.
        data: the run's faces.
        label: who is shown, for the preview's title.
    """

    def __init__(self, config: Config, data: FaceData, label: str) -> None:
        self.config, self.data = config, data
        self.title = f"{label}, seed {config.seed}"
        self.size, self.coverage = config.model.resolution, config.augmentation.coverage
        self.held_out = held_out_from(data, self.size, self.coverage)
        pair = data.sides[:2]
        self.objective = objective_of(config)
        self.ellipses = self._ellipses() if self.objective.regional else None
        self.declared = [way for way in self.held_out.directions if set(way) == set(pair)]  # A→B and B→A

    def _ellipses(self) -> dict[Side, Ellipses]:
        """Return where the eyes and mouths of the held-out faces are."""
        named = zip(self.data.sides, self.data.people, strict=True)
        stored = {side: stored_ellipses(name, self.data.held_out[side][:MOST_JUDGED]) for side, name in named}
        sizes = {side: self.data.held_out[side].size for side in stored}
        return {side: centred(found, sizes[side], self.size, self.coverage) for side, found in stored.items()}

    def on_the_way(
        self, autoencoder: Autoencoder, average: Autoencoder | None = None, weights: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """Return the scores that cost little, of the declared pair alone, and what explains them.

        Args:
            autoencoder: the model.
            average: that of its averaged weights, if there is one; its scores are called ``ema_…``.
            weights: of terms of the loss, where events have given them others.
        """
        return self._scores(autoencoder, average, weights, self.declared)

    def at_the_end(
        self, autoencoder: Autoencoder, average: Autoencoder | None = None, weights: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """Return all scores, of every side as every other, with the baselines that give them meaning.

        Arguments as above.
        """
        followers = None
        if self.data.paired:
            cache = cache_root(self.config.cache_dir) / "followers"
            followers = train_followers(self.data.train, self.size, self.coverage, self.data.fingerprint, cache)
        scores = self._scores(autoencoder, average, weights, self.held_out.directions, followers)
        nulls = null_swaps(self.data.train, self.held_out, self.coverage)
        return scores | baselines(self.held_out, nulls, followers, self.config.evaluation.metrics)

    def real_swaps(self, autoencoder: Autoencoder, average: Autoencoder | None = None) -> RealSwaps:
        """Return what networks see in swaps of real people; of rendered ones, whose truth is known, only if asked to.

        Arguments as above.
        """
        if self.data.paired and not self.config.evaluation.real_judges:
            return RealSwaps({}, {})
        with as_written(self.config.trainer.compile):
            return real_swap_scores(autoencoder, self.held_out, average)

    def draw(self, autoencoder: Autoencoder, path: Path, step: int) -> None:
        """Write the preview: inputs, reconstructions, swaps and, where there is one, the truth.

        Beside it, ``<name>-tiles.png``: the same faces at their own size, from which reports are made.
        """
        shown = range(self.config.evaluation.preview_faces)
        title = f"{self.title}, step {step}"
        with as_written(self.config.trainer.compile):
            rows = preview_rows(autoencoder, self.held_out, list(shown))
        inputs = "inputs and true swaps are rendered" if self.data.paired else "inputs are real, the user's pictures"
        described = f"Synthetic: reconstructions and swaps are made by a model; {inputs}"
        about = {"Software": "faceswap_lab", "Title": title, "Description": described}
        write_png(path, picture(rows, title), about, _PARTLY)
        faces, names = tiles(rows)
        counts = [len(row.faces) for group in rows for row in group]
        layout = {"Rows": json.dumps(names), "Tile": str(self.size), "Counts": json.dumps(counts)}
        write_png(path.with_name(f"{path.stem}-tiles.png"), faces, about | layout, _PARTLY)

    def _scores(
        self,
        model: Autoencoder,
        average: Autoencoder | None,
        weights: Mapping[str, float] | None,
        directions: Sequence[Direction],
        followers: Mapping[Side, Follower] | None = None,
    ) -> dict[str, float]:
        added = self.config.evaluation.metrics
        with as_written(self.config.trainer.compile):
            scores = evaluate(model, self.held_out, followers, directions, added)
            scores |= diagnose(model, self.held_out)
            scores |= gradient_diagnostics(
                model, self.held_out, self.objective, ellipses=self.ellipses, weights=weights
            )
            of_average = {} if average is None else evaluate(average, self.held_out, followers, directions, added)
        return scores | {f"ema_{name}": value for name, value in of_average.items()}
