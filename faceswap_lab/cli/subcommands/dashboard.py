"""``dashboard``: a W&B workspace that shows a study's runs, or all of a project's. Nothing here loads torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.cli.compose import composed
from faceswap_lab.cli.messages import say
from faceswap_lab.config import ConfigError

if TYPE_CHECKING:
    from wandb_workspaces.workspaces import Workspace

_SAVE = {"save=true": True, "save=false": False}


def dashboard(words: Sequence[str], folders: Sequence[Path]) -> int:
    """Build the workspace, save it (or, with ``save=false``, print it as JSON), and return the exit code.

    Of the settings ``+study=NAME``, ``logger.project`` and ``logger.entity`` matter here.

    Raises:
        ConfigError: the words mean nothing, or the extra is not installed.
    """
    save = [_SAVE[word] for word in words if word in _SAVE]
    config = composed([word for word in words if word not in _SAVE], folders)
    from faceswap_lab.cli.subcommands.workspace import workspace
    from faceswap_lab.training.tracking.wandb_mirror import entity_of, group_of, project_of

    try:
        made = workspace(project_of(config.logger), entity_of(config.logger), config.study, group_of(config))
    except ImportError as error:
        raise ConfigError(
            f"dashboard: {error.name} is not installed. It is the extra [dashboard]; in a clone: "
            'pip install -e ".[dashboard]"'
        ) from error
    if save[-1:] == [False]:
        print(made._to_model().spec.model_dump_json(by_alias=True, exclude_none=True, indent=2))
        return 0
    return _save(made)


def _save(made: "Workspace") -> int:
    """Save a new view into the project; W&B is quiet meanwhile, and so never asks for a key."""
    import wandb

    wandb.setup(settings=wandb.Settings(silent=True))
    try:
        made.entity = made.entity or wandb.Api().default_entity or ""
        made.save()
        print(f"dashboard   {made.url}")
    except Exception as error:  # of many kinds: no account, no network, no such project
        short = (str(error).splitlines() or [""])[0]
        say(
            f"dashboard: W&B could not save it ({type(error).__name__}: {short}). "
            "Saving needs an account: wandb login. Without one, save=false prints what would be saved."
        )
        return 1
    return 0
