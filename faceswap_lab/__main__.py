"""The command line: ``python -m faceswap_lab``.

Everything that can be said without torch (help, a refused configuration, a finished run) is said without torch.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from faceswap_lab import __version__
from faceswap_lab.cli.groups import conf_dir, group_options
from faceswap_lab.config import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 2 refused, 130/143 interrupted."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(args)
    except ConfigError as error:
        print(f"faceswap_lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("faceswap_lab: interrupted before anything was started.", file=sys.stderr)
        return 130


def _dispatch(args: list[str]) -> int:
    if "--version" in args:
        print(f"faceswap_lab {__version__}")
        return 0
    folders = [conf_dir(), *_own_config_dirs(args)]
    if "-h" in args or "--help" in args:
        from faceswap_lab.cli.help import help_text

        print(help_text(folders))
        return 0
    if args and "=" not in args[0] and not args[0].startswith(("-", "+", "~")):
        from faceswap_lab.cli.subcommands import run_subcommand

        return run_subcommand(args[0], args[1:])
    from faceswap_lab.cli.overrides import check_overrides

    check_overrides(_overrides(args), group_options(folders))
    from faceswap_lab.cli.launch import launch

    return launch(args, folders)


def _own_config_dirs(args: Sequence[str]) -> list[Path]:
    """Return the folders given with --config-dir (Hydra reads them too)."""
    found = []
    for i, arg in enumerate(args):
        if arg in ("--config-dir", "-cd") and i + 1 < len(args):
            found.append(Path(args[i + 1]))
        elif arg.startswith("--config-dir="):
            found.append(Path(arg.split("=", 1)[1]))
    for folder in found:
        if not folder.is_dir():
            raise ConfigError(
                f"--config-dir {folder}: no such folder; it holds groups, such as {folder}/experiment/a.yaml."
            )
    return [folder.resolve() for folder in found]


_FLAGS_WITH_VALUE = {
    *("--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"),
    *("--package", "-p", "--cfg", "-c", "--info", "-i"),
}


def _overrides(args: Sequence[str]) -> list[str]:
    """Return the words that are no flags and no flags' values."""
    words, skip = [], False
    for arg in args:
        if skip:
            skip = False
        elif arg.startswith("-"):
            skip = arg in _FLAGS_WITH_VALUE
        else:
            words.append(arg)
    return words


if __name__ == "__main__":
    sys.exit(main())
