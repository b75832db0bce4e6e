"""What a study will run: each arm composed once by Hydra, then every cell's configuration and hash. No torch."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faceswap_lab.cli.faces import faces_of, renderer
from faceswap_lab.cli.groups import first_comment, group_options
from faceswap_lab.cli.label import report_name
from faceswap_lab.cli.study_cells import Swept, swept
from faceswap_lab.config import Config, ConfigError, RenderedData, load
from faceswap_lab.config.check import nearest
from faceswap_lab.config.schema import Study
from faceswap_lab.runs.identity import identity, run_hash
from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.plan import Planned, StudyPlan

_NOT_SAID = (
    "+study=",
    "runs_dir=",
    "experiments_dir=",
    "cache_dir=",
    "cache_gib=",
    "progress=",
    "force=",
)  # change no answer


class Composed:
    """The arms as Hydra composed them: the configuration of any of their seeds is a matter of milliseconds.

    Args:
        sweep: arms, and the overrides they share.
        options: the options of every group.
    """

    def __init__(self, sweep: Swept, options: dict[str, list[str]]) -> None:
        from hydra import compose

        self.options = options
        self.arms: dict[str, Any] = {}
        for arm, value in sweep.arms.items():  # the order of overrides is that of the sweeper's jobs
            self.arms[arm] = compose("config", [f"+experiment={value}", *sweep.fixed])
        self._fingerprints: dict[tuple[object, int], str] = {}

    def config(self, arm: str, seed: int) -> Config:
        """Return a cell's configuration; raise ConfigError where it means nothing."""
        from omegaconf import OmegaConf

        OmegaConf.update(self.arms[arm], "seed", seed)
        return load(OmegaConf.to_container(self.arms[arm], resolve=True), self.options)

    def digest(self, config: Config) -> str:
        """Return the hash that the cell's run folder carries."""
        return run_hash(config, self._fingerprint(config))

    def _fingerprint(self, config: Config) -> str:
        """A person's folders are known by their pictures, which are looked at once for all cells."""
        if isinstance(config.data, RenderedData):
            return renderer()
        key = (config.data, config.model.resolution)
        if key not in self._fingerprints:
            self._fingerprints[key] = faces_of(config).fingerprint
        return self._fingerprints[key]


@dataclass(frozen=True)
class Asked:
    """A study as it was asked for.

    Attributes:
        plan: its cells.
        study: what it declares.
        baseline: the baseline's configuration at the first seed.
        folder: where its report goes.
        composed: its arms.
        words: the overrides as typed.
    """

    plan: StudyPlan
    study: Study
    baseline: Config
    folder: Path
    composed: Composed
    words: list[str]

    def command(self, *first: str) -> str:
        """Return the command that asks for this study here and now, after the word ``first`` if there is one."""
        others = [word for word in self.words if not word.startswith("+study=")]
        return shlex.join(["python", "-m", "faceswap_lab", *first, f"+study={self.plan.name}", *others])


def ask(words: Sequence[str], params: Mapping[str, object], folders: Sequence[Path]) -> Asked:
    """Work out a study's cells. Hydra must be initialised.

    Args:
        words: overrides as typed, without Hydra's own.
        params: ``hydra.sweeper.params`` of the study's YAML.
        folders: where groups lie, the first found counts.

    Raises:
        ConfigError: the study, an arm or a seed means nothing.
        hydra.errors.HydraException: an arm cannot be composed.
    """
    from hydra.core.global_hydra import GlobalHydra

    options = group_options(folders)
    sweep = swept(words, params, GlobalHydra.instance().config_loader())
    _check_arms(sweep, options["experiment"])
    composed = Composed(sweep, options)
    first = composed.config(next(iter(sweep.arms)), sweep.seeds[0])
    study = first.study
    if study is None:
        raise ConfigError(f"study/{sweep.study}.yaml declares nothing: it sets no study: {{question: …, metric: …}}.")
    for metric in (study.metric, *study.secondary):
        judged_metric(metric)  # a night is too long to wait for its name to be refused
    if study.baseline not in sweep.arms:
        raise ConfigError(
            f"study {sweep.study}: its baseline {study.baseline} is none of the arms, and each is compared with it. "
            f"Write +experiment={study.baseline},{','.join(sweep.arms)}"
        )
    arms = [study.baseline, *(arm for arm in sweep.arms if arm != study.baseline)]
    configs = [(arm, composed.config(arm, seed)) for arm in arms for seed in sweep.seeds]
    plan = StudyPlan(
        name=sweep.study,
        title=study.title,
        question=study.question,
        baseline=study.baseline,
        arms={arm: _says(arm, sweep.arms[arm], folders) for arm in arms},
        seeds=sweep.seeds,
        metric=study.metric,
        smallest_difference=study.smallest_difference,
        secondary=list(study.secondary),
        notes=list(study.notes),
        group_seeds=study.group_seeds,
        cells=[Planned(arm, config.seed, composed.digest(config), identity(config)) for arm, config in configs],
        runs_dir=Path(first.runs_dir),
        command=_command(sweep.study, words),
        settings=_settings(words),
    )
    folder = Path(first.experiments_dir) / report_name(sweep.study, words, params, options)
    return Asked(plan, replace(study, name=sweep.study), configs[0][1], folder, composed, list(words))


def _check_arms(sweep: Swept, known: Sequence[str]) -> None:
    """Refuse an arm of the study's YAML that there is no experiment for; those typed are judged before Hydra starts."""
    for value in sweep.arms.values():
        for name in value.strip("[]").split(","):
            if name.strip(" '\"") not in known:
                raise ConfigError(
                    f"study {sweep.study}: +experiment={name}: no such option.{nearest(name, known)} "
                    f"Choose one of: {', '.join(known)}."
                )


def _says(arm: str, value: str, folders: Sequence[Path]) -> str:
    """Return what an arm is: the first comment line of its YAML, or of each of its YAMLs."""
    said = []
    for name in value.strip("[]").split(","):
        paths = [folder / "experiment" / f"{name.strip()}.yaml" for folder in folders]
        said += [first_comment(path) for path in paths if path.is_file()][:1]
    return " ".join(said) or arm


def _settings(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith(_NOT_SAID)]


def _command(study: str, words: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "faceswap_lab", f"+study={study}", *_settings(words)])
