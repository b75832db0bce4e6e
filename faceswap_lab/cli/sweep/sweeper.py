"""The lab's sweeper, by Hydra's own interface for them: every combination, judged before the first is launched."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.plugins import Plugins
from hydra.experimental.callback import Callback
from hydra.plugins.sweeper import Sweeper
from hydra.types import RunMode

from faceswap_lab.cli.compose import refusing
from faceswap_lab.cli.messages import say
from faceswap_lab.cli.sweep.cells import Cell, Composer, axes_of, combinations, plan
from faceswap_lab.cli.sweep.launchers import ONE_AFTER_ANOTHER
from faceswap_lab.cli.sweep.records import record_closed
from faceswap_lab.cli.sweep.stopping import asked_to_stop
from faceswap_lab.config import ConfigError


class EveryCombination(Sweeper):
    """Launches the cells that are neither finished nor refused, with any launcher.

    ``max_batch_size`` are handed to it at once, or all; ``params`` are overrides of a study's YAML.
    """

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, object] | None = None) -> None:
        self.max_batch_size, self.params = max_batch_size, params or {}

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        """Take what Hydra gives; ``task_function`` is a ``launch.Task``."""
        self.loader, self.task, self.hydra = hydra_context.config_loader, task_function, config.hydra
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Launch the cells; how each ends is on record.

        Raises:
            ConfigError: there is nothing to launch, or it means nothing.
        """
        to_run, closed = self._plan(arguments)
        for message in dict.fromkeys(status.message for _, status in closed if status.code):
            say(message)
        record_closed(Path(self.hydra.sweep.dir), closed)
        self.task.planned = len(to_run) + len(closed)
        if to_run and self.task.study:
            self.task.study.declare()
        one_by_one = self.hydra.runtime.choices["hydra/launcher"] == ONE_AFTER_ANOTHER  # which keeps what jobs return
        size = self.max_batch_size or (1 if one_by_one else len(to_run) or 1)
        for first in range(0, len(to_run), size):
            cells = UntilStopped(to_run[first : first + size], Path(self.hydra.sweep.dir))
            self.launcher.launch(cells, initial_job_idx=first)

    def _plan(self, arguments: list[str]) -> tuple[list[list[str]], list[Cell]]:
        with refusing():
            axes = axes_of(arguments, self.params, self.loader)
            composer = Composer(partial(compose, "config"), self.task.folders)
            if "+study" in axes:
                from faceswap_lab.cli.study.course import Course
                from faceswap_lab.cli.study.plan import study_job

                job = study_job(arguments, self.params, axes, composer, self.task.own)
                self.task.study = Course.begin(job, self.hydra, self.task.origin.sweep_dir)
                # all arms of a seed first: half a study has half of its pairs; the study over the arm, as in its plan
                axes = {key: axes[key] for key in ("seed", "+experiment")} | axes
            empty = [key for key, values in axes.items() if not values]
            if empty:
                raise ConfigError(f"{empty[0]}: no value is given, so there is no cell. Give some: {empty[0]}=0,1,2")
            return plan([[*cell, *self._own(cell)] for cell in combinations(axes)], composer)

    def _own(self, cell: list[str]) -> list[str]:
        """Return the overrides that a study's arm alone has."""
        if not self.task.own:
            return []
        from faceswap_lab.cli.study.course import key_of

        return list(self.task.own.get(key_of(cell)[0], ()))


class UntilStopped(list[list[str]]):
    """Cells to launch, of which no more are given out once their sweep has been asked to stop.

    joblib takes the next one when a worker is free, and composes it before the worker can refuse it: with a study's
    400 cells left, a stop took two minutes.
    """

    def __init__(self, cells: Iterable[list[str]], sweep_dir: Path) -> None:
        super().__init__(cells)
        self.sweep_dir = sweep_dir

    def __iter__(self) -> Iterator[list[str]]:
        """Look for the signal before each cell."""
        return takewhile(lambda cell: asked_to_stop(self.sweep_dir) is None, super().__iter__())


class ForgetConfigurations(Callback):
    """Lets go of a cell's configurations when it has ended.

    Hydra's sweeper keeps what every job returned until the sweep ends, and with it two configurations of some 600
    objects each: 0.15 MB a cell, of which only the returned value is looked at. The rest is circles of Lightning's:
    collected between cells, they leave no holes in the memory that the next cell would have to go around. What the
    first cell of a sweep has loaded stays, and is not looked at again: that took a quarter of a second after each. A
    single run may be one of ``api.train``, in a process with other things in it, and leaves them as they are.
    """

    def on_job_end(self, config: Any, job_return: Any, **kwargs: Any) -> None:
        """Drop them, and collect what the cell has left."""
        job_return.cfg = job_return.hydra_cfg = None
        gc.collect()
        if config.hydra.mode == RunMode.MULTIRUN and not gc.get_freeze_count():
            gc.freeze()
