"""Bare first words: what is asked of finished runs. Nothing here loads torch."""

from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.config import ConfigError
from faceswap_lab.config.check import nearest

_USAGE = {
    "show": "show RUN_FOLDER",
    "diff": "diff RUN_FOLDER RUN_FOLDER",
    "report": "report +study=NAME",
    "dashboard": "dashboard +study=NAME",
    "faces": "faces VIDEO|FOLDER --out faces/NAME",
}


def run_subcommand(name: str, args: Sequence[str], folders: Sequence[Path]) -> int:
    """Run a subcommand and return its exit code.

    Args:
        name: of the subcommand.
        args: what follows it.
        folders: where groups lie, ours first.

    Raises:
        ConfigError: there is no such subcommand, or what it is given is not what it takes.
    """
    if name not in _USAGE:
        raise ConfigError(
            f"'{name}': neither a subcommand nor key=value.{nearest(name, _USAGE)} "
            f"Subcommands: {', '.join(_USAGE)}. Settings: seed=3, decoder_activation=tanh, +experiment=two_encoders."
        )
    if name == "report":
        from faceswap_lab.cli.study_command import report

        return report(args, folders)
    if name == "dashboard":
        from faceswap_lab.cli.dashboard import dashboard

        return dashboard(args, folders)
    if name == "faces":
        from faceswap_lab.faces.command import faces

        return faces(args)
    wanted = _USAGE[name].count("RUN_FOLDER")
    if len(args) != wanted:
        raise ConfigError(f"{name}: expected {wanted} run folder(s), got {len(args)}. Usage: {_USAGE[name]}")
    from rich.console import Console

    from faceswap_lab.runs.diff import diff
    from faceswap_lab.runs.show import show

    console = Console()
    return show(Path(args[0]), console) if name == "show" else diff(Path(args[0]), Path(args[1]), console)
