"""What a study will run: each arm composed once by Hydra, then every cell's configuration and hash. No torch."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir, first_comment
from faceswap_lab.cli.job.label import report_name
from faceswap_lab.cli.plugins import PLUGGED
from faceswap_lab.cli.study.judges import judged_by
from faceswap_lab.cli.sweep.cells import Axes, Composer, axes_of
from faceswap_lab.config import Config, ConfigError, Options
from faceswap_lab.config.schema import Study
from faceswap_lab.options import items_of
from faceswap_lab.refusal import nearest
from faceswap_lab.runs.identity import identity
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


_SWEPT = {"experiment": "+experiment", "seed": "seed"}  # key → as it is written
_EXAMPLES = {"experiment": "baseline,two_encoders", "seed": "0,1,2"}


@dataclass(frozen=True)
class Swept:
    """What a study sweeps over, and what is the same in all of its cells.

    Attributes:
        arms: arm → the value of ``+experiment`` that makes it.
        seeds: each once, as given.
        fixed: the other overrides, ``+study`` among them.
        own: arm → overrides that it alone has.
    """

    study: str
    arms: dict[str, str]
    seeds: list[int]
    fixed: list[str]
    own: Mapping[str, list[str]] = field(default_factory=dict)


def swept(axes: Axes) -> Swept:
    """Tell a study's arms and seeds from its fixed overrides.

    Raises:
        ConfigError: there is another axis, none of the two, or nothing on one of them.
    """
    fixed, study = [], axes["+study"][0]
    for key, values in axes.items():
        written = _SWEPT.get(key.lstrip("+"), key)
        if key != written:
            raise ConfigError(f"{key}={','.join(values)}: in a study write {written}=…")
        if key not in _SWEPT.values():
            if len(values) != 1:
                raise ConfigError(
                    f"{key}={','.join(values)}: a study goes over arms and seeds only. Give {key} one value, or write "
                    "an experiment for each value and name them in +experiment=…"
                )
            fixed.append(f"{key}={values[0]}")
    for key, written in _SWEPT.items():
        if not [value for value in axes.get(written, ()) if value]:
            raise ConfigError(f"study {study}: no {key}s. Give some: {written}={_EXAMPLES[key]}")
    arms = {arm_name(value): value for value in axes["+experiment"]}
    return Swept(study, arms, [_seed(value) for value in dict.fromkeys(axes["seed"])], fixed)


def arm_name(value: str) -> str:
    """Return the name of the arm that ``+experiment=value`` makes; several experiments at once are joined.

    >>> arm_name("two_encoders"), arm_name("[two_encoders,joint]")
    ('two_encoders', 'two_encoders-joint')
    """
    return "-".join(items_of(value))


def _seed(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ConfigError(f"seed={value}: expected a whole number, at least 0.") from None


@dataclass(frozen=True)
class StudyJob:
    """A study as it was asked for; ``baseline`` is that arm's configuration at the first seed."""

    plan: StudyPlan
    study: Study
    baseline: Config
    folder: Path
    overrides: list[str]
    arms: Swept
    composer: Composer

    def config(self, arm: str, seed: int) -> Config:
        """Return a cell's configuration."""
        return _config(self.arms, arm, seed, self.composer)

    def digest(self, arm: str, seed: int) -> str:
        """Return the hash that a cell's run folder carries; "" where it means nothing: of a seed nobody asked for."""
        try:
            return self.composer.digest(self.config(arm, seed))
        except ConfigError:
            return ""

    def command(self, *first: str) -> str:
        """Return the command that asks for this study here and now, after the word ``first`` if there is one."""
        others = [word for word in self.overrides if not word.startswith("+study=")]
        words = [*first, f"+study={self.plan.name}", *others, *_beside(self.composer.options)]
        return shlex.join(["python", "-m", "faceswap_lab", *words])


def study_job(
    overrides: Sequence[str],
    params: Mapping[str, object],
    axes: Axes,
    composer: Composer,
    own: Mapping[str, list[str]] | None = None,
) -> StudyJob:
    """Work out a study's cells; ``params`` is ``hydra.sweeper.params`` of its YAML.

    Raises:
        ConfigError: the study, an arm or a seed means nothing.
        hydra.errors.HydraException: an arm cannot be composed.
    """
    sweep = replace(swept(axes), own=own or {})
    _check_arms(sweep, composer.options["experiment"])
    first = _config(sweep, next(iter(sweep.arms)), sweep.seeds[0], composer)
    study = first.study
    if study is None:
        raise ConfigError(f"study/{sweep.study}.yaml declares nothing: it sets no study: {{question: …, metric: …}}.")
    study = judged_by(study, first, overrides)  # a night is too long to wait for a metric to be refused
    if study.baseline not in sweep.arms:
        raise ConfigError(
            f"study {sweep.study}: its baseline {study.baseline} is none of the arms, and each is compared with it. "
            f"Write +experiment={study.baseline},{','.join(sweep.arms)}"
        )
    arms = [study.baseline, *(arm for arm in sweep.arms if arm != study.baseline)]
    configs = [(arm, _config(sweep, arm, seed, composer)) for arm in arms for seed in sweep.seeds]
    plan = StudyPlan(
        name=sweep.study,
        title=study.title,
        question=study.question,
        baseline=study.baseline,
        arms={arm: _says(arm, sweep.arms[arm], composer.options) for arm in arms},
        seeds=sweep.seeds,
        metric=study.metric,
        smallest_difference=study.smallest_difference,
        secondary=list(study.secondary),
        notes=list(study.notes),
        group_seeds=study.group_seeds,
        cells=[Planned(arm, config.seed, composer.digest(config), identity(config)) for arm, config in configs],
        runs_dir=Path(first.runs_dir),
        command=_command(sweep.study, overrides, composer.options),
        settings=_settings(overrides),
    )
    _check_alike(plan)
    folder = Path(first.experiments_dir) / report_name(sweep.study, overrides, params, composer.options)
    return StudyJob(plan, replace(study, name=sweep.study), configs[0][1], folder, list(overrides), sweep, composer)


def study_of(overrides: Sequence[str], folders: Sequence[Path], own: Mapping[str, list[str]] | None = None) -> StudyJob:
    """Work out a study's cells outside of a sweep.

    Raises:
        ConfigError: the study, an arm or a seed means nothing, or cannot be composed.
    """
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    from faceswap_lab.cli.typed import as_hydra_reads

    overrides = as_hydra_reads(overrides, Options(folders), sweep=True)
    with composing(folders) as compose:
        typed = [word for word in overrides if not word.startswith(("hydra.", "hydra/"))]
        study = [word for word in typed if word.startswith("+study=")]
        params = compose(study[-1:], return_hydra_config=True).hydra.sweeper.params
        plain: Any = OmegaConf.to_container(params or OmegaConf.create())
        axes = axes_of(typed, plain, GlobalHydra.instance().config_loader())
        return study_job(typed, plain, axes, Composer(compose, folders), own)


def _config(sweep: Swept, arm: str, seed: int, composer: Composer) -> Config:
    own = sweep.own.get(arm, [])
    return composer.config([f"+experiment={sweep.arms[arm]}", f"seed={seed}", *sweep.fixed, *own])


def _check_arms(sweep: Swept, known: Sequence[str]) -> None:
    """Refuse an arm of the study's YAML that there is no experiment for; those typed are judged before Hydra starts."""
    for value in sweep.arms.values():
        for name in items_of(value):
            if name not in known:
                raise ConfigError(
                    f"study {sweep.study}: +experiment={name}: no such option.{nearest(name, known)} "
                    f"Choose one of: {', '.join(known)}."
                )


def _check_alike(plan: StudyPlan) -> None:
    """Refuse a study whose arms are all one run: what is typed counts in each of them, over what they differ in."""
    if len(plan.arms) > 1 and plan.alike == [list(plan.arms)]:
        typed = [word for word in plan.settings if not word.startswith(("+experiment=", "seed="))]
        raise ConfigError(
            f"study {plan.name}: all of its arms are the same run, since what is typed counts in each of them"
            f"{': ' * bool(typed)}{' '.join(typed)}. Leave out what the arms differ in."
        )


def _says(arm: str, value: str, options: Options) -> str:
    """Return what an arm is: the first comment line of its YAML, or of each of its YAMLs."""
    return " ".join(first_comment(options.path("experiment", name)) for name in items_of(value)).strip() or arm


def _settings(overrides: Sequence[str]) -> list[str]:
    return [word for word in overrides if not word.startswith(_NOT_SAID)]


def _command(study: str, overrides: Sequence[str], options: Options) -> str:
    return shlex.join(["python", "-m", "faceswap_lab", f"+study={study}", *_settings(overrides), *_beside(options)])


def _beside(options: Options) -> list[str]:
    """Return what a command needs beside its overrides: plugins, and a folder of one's own groups, seen from here."""
    own = [folder for folder in options.folders if folder not in (conf_dir(), *PLUGGED.folders)]
    seen = [folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder for folder in own]
    return [*PLUGGED.words, *(word for folder in seen for word in ("--config-dir", str(folder)))]
