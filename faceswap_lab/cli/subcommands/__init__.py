"""Bare first words: what is asked of finished runs, or of one to come. Only describe and swap load torch."""

from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.config import ConfigError
from faceswap_lab.refusal import nearest

USAGE = {
    "describe": "describe topology=NAME",
    "show": "show RUN_FOLDER",
    "diff": "diff RUN_FOLDER RUN_FOLDER",
    "report": "report +study=NAME",
    "findings": "findings",
    "dashboard": "dashboard +study=NAME",
    "swap": "swap RUN_FOLDER PICTURE ... [source=A] [target=B] [out=FOLDER] [cropped=true]",
    "faces": "faces VIDEO|FOLDER --out faces/NAME",
}


def run_subcommand(name: str, args: Sequence[str], folders: Sequence[Path]) -> int:
    """Run a subcommand and return its exit code.

    Raises:
        ConfigError: there is no such subcommand, or what it is given is not what it takes.
    """
    if name not in USAGE:
        raise ConfigError(
            f"'{name}': neither a subcommand nor key=value.{nearest(name, USAGE)} "
            f"Subcommands: {', '.join(USAGE)}. Settings: seed=3, decoder_activation=tanh, +experiment=two_encoders."
        )
    if name == "report":
        from faceswap_lab.cli.subcommands.report import report

        return report(args, folders)
    if name == "describe":
        from faceswap_lab.cli.subcommands.describe import describe

        return describe(args, folders)
    if name == "findings":
        from faceswap_lab.cli.subcommands.findings import findings

        return findings(args, folders)
    if name == "dashboard":
        from faceswap_lab.cli.subcommands.dashboard import dashboard

        return dashboard(args, folders)
    if name == "faces":
        from faceswap_lab.faces.command import faces

        return faces(args)
    if name == "swap":
        from faceswap_lab.cli.subcommands.swap import swap

        return swap(args)
    wanted = USAGE[name].count("RUN_FOLDER")
    if len(args) != wanted:
        raise ConfigError(f"{name}: expected {wanted} run folder(s), got {len(args)}. Usage: {USAGE[name]}")
    from rich.console import Console

    from faceswap_lab.runs.diff import diff
    from faceswap_lab.runs.show import show

    console = Console()
    return show(Path(args[0]), console) if name == "show" else diff(Path(args[0]), Path(args[1]), console)
