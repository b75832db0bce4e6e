"""The command line: ``python -m faceswap_lab``.

Everything that can be said without torch (help, a refused configuration, a finished run) is said without torch.
"""

import sys
from collections.abc import Sequence

from faceswap_lab import __version__
from faceswap_lab.cli.arguments import parse
from faceswap_lab.cli.groups import conf_dir, group_options
from faceswap_lab.cli.messages import say
from faceswap_lab.config import ConfigError
from faceswap_lab.interruption import Interrupted, interruptible


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 2 refused, 128 + n ended by signal n."""
    try:
        with interruptible():
            return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except ConfigError as error:
        say(error)
        return 2
    except Interrupted as stop:
        say(f"ended by {stop}.")
        return 128 + stop.signal


def _dispatch(args: list[str]) -> int:
    if args[:1] == ["faces"]:  # has flags of its own
        from faceswap_lab.cli.subcommands import run_subcommand

        return run_subcommand("faces", args[1:], ())
    arguments = parse(args)
    folders = [conf_dir(), *([arguments.config_dir] if arguments.config_dir else [])]
    if arguments.version:
        print(f"faceswap_lab {__version__}")
        return 0
    if arguments.help:
        from faceswap_lab.cli.help import help_text

        print(help_text(folders))
        return 0
    if arguments.words and "=" not in arguments.words[0] and not arguments.words[0].startswith(("+", "~")):
        from faceswap_lab.cli.subcommands import run_subcommand

        return run_subcommand(arguments.words[0], arguments.words[1:], folders)
    from faceswap_lab.cli.overrides import check_overrides

    groups = group_options(folders)
    check_overrides(arguments.words, groups)
    if arguments.config_dir:
        from faceswap_lab.cli.own_groups import check_own_groups

        check_own_groups(arguments.config_dir)
    from faceswap_lab.cli.launch import launch

    return launch(args, arguments.words, folders, groups)


if __name__ == "__main__":
    sys.exit(main())
