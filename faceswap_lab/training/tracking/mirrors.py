"""What mirrors a run's metrics.csv: TensorBoard, and Weights & Biases."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from faceswap_lab.runs.result import Result
from faceswap_lab.training.tracking.history import is_shown, note_shown, show_past
from faceswap_lab.training.tracking.mirror import Described, Mirror
from faceswap_lab.training.tracking.tensorboard_mirror import TensorBoardMirror
from faceswap_lab.training.tracking.wandb_mirror import WandbMirror

MIRRORS: dict[str, type[Mirror]] = {"tensorboard": TensorBoardMirror, "wandb": WandbMirror}


class Mirrors:
    """The mirrors of a run; a context manager. One that breaks is named once and left out: metrics.csv is the record.

    A mirror that is opened in the middle of a run, or that has lost what it knew of it, is shown the run's past first.

    Args:
        kinds: keys of ``MIRRORS``.
        run: what they are told about the run.
    """

    def __init__(self, kinds: Sequence[str], run: Described) -> None:
        self._run = run
        self._open: dict[str, Mirror] = {}
        self._told_result = False
        for kind in kinds:
            try:
                self._open[kind] = MIRRORS[kind](run)
            except Exception as error:
                _say_broken(kind, error)
        self._each(lambda mirror: show_past(mirror, run))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Mirror one row."""
        self._each(lambda mirror: mirror.metrics(values, step))

    def picture(self, name: str, path: Path, step: int) -> None:
        """Mirror a picture file that the run has written."""
        self._each(lambda mirror: mirror.picture(name, path, step))

    def result(self, metrics: Mapping[str, float], step: int) -> None:
        """Mirror what came out of the run, and the final picture."""
        final = self._run.folder.previews / "final.png"
        if final.exists():
            self.picture("preview", final, step)
        self._each(lambda mirror: mirror.result(metrics, step))
        self._told_result = True

    def __enter__(self) -> "Mirrors":
        return self

    def __exit__(self, raised: type[BaseException] | None, *rest: object) -> None:
        """Close all of them: a sweep's next cell has its own."""
        failed = raised is not None  # by a signal, a loss or a score that is not finite
        self._each(lambda mirror: mirror.close(failed))
        if self._told_result and not failed:
            note_shown(self._run.folder, [mirror.place for mirror in self._open.values()])
        self._open.clear()

    def _each(self, action: Callable[[Mirror], None]) -> None:
        for kind, mirror in list(self._open.items()):
            try:
                action(mirror)
            except Exception as error:  # a service's trouble, whatever its library makes of it, is not the training's
                del self._open[kind]
                _say_broken(kind, error)
                with suppress(Exception):
                    mirror.close(failed=True)


def show_finished(run: Described, result: Result) -> None:
    """Mirror a run that has finished before, wherever it has not been shown whole already.

    Args:
        run: the run, its first step its last one.
        result: what came out of it.
    """
    kinds = [kind for kind in run.config.logger.kinds if not is_shown(run.folder, MIRRORS[kind].place_of(run))]
    if not kinds:
        return
    with Mirrors(kinds, run) as made:
        made.result(result.metrics, result.steps)


def _say_broken(kind: str, error: Exception) -> None:
    short = (str(error).splitlines() or [""])[0]
    print(f"{kind} is left out from here on ({type(error).__name__}: {short}).", file=sys.stderr)
    print("            The run goes on, and metrics.csv has it all.", file=sys.stderr, flush=True)
