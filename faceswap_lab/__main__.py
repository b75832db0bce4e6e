"""The command line: ``python -m faceswap_lab``.

Everything that can be said without torch (help, a refused configuration, a finished run) is said without torch.
"""

import os
import sys
from collections.abc import Sequence

from faceswap_lab import __version__
from faceswap_lab.cli.arguments import parse
from faceswap_lab.cli.messages import say, tolerate_any_encoding
from faceswap_lab.cli.plugins import PLUGGED, missing_plugin, plug_in
from faceswap_lab.interruption import Interrupted, interruptible
from faceswap_lab.options import Options
from faceswap_lab.refusal import ConfigError

_PRINTING = {"--cfg", "-c", "--info", "-i", "--shell-completion", "-sc"}  # Hydra's flags that run nothing


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 2 refused, 128 + n ended by signal n."""
    try:
        tolerate_any_encoding()
        with interruptible():
            code = _dispatch(list(sys.argv[1:] if argv is None else argv))
            sys.stdout.flush()
            return code
    except ConfigError as error:
        say(f"{error}{missing_plugin(error)}")
        return 2
    except Interrupted as stop:
        say(f"ended by {stop}.")
        return 128 + stop.signal
    except BrokenPipeError:  # whoever read our output has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except OSError as error:
        from faceswap_lab.runs.atomic import StorageError  # here, so that --help needs nothing of runs

        if not isinstance(error, StorageError):
            raise
        say(error)
        return 1
    except ModuleNotFoundError as error:
        from importlib.util import find_spec

        if find_spec("hydra"):
            raise
        say(
            f"{error.name} is not installed for {sys.executable}. Activate the environment that has it, as in "
            "'. .venv/bin/activate' ('make demo' sets it up)."
        )
        return 1


def _dispatch(args: list[str]) -> int:
    if args[:1] == ["faces"]:  # has flags of its own
        from faceswap_lab.cli.subcommands import run_subcommand

        return run_subcommand("faces", args[1:], ())
    arguments = parse(args)
    own = [arguments.config_dir] if arguments.config_dir else []
    if arguments.version:
        print(f"faceswap_lab {__version__}")
        return 0
    composes = not arguments.help and arguments.words[:1] not in (["show"], ["diff"], ["swap"])
    words, folders = plug_in(arguments.words, composes, imports=not arguments.help)
    folders = [*folders, *own]
    if arguments.help:
        from faceswap_lab.cli.help import help_text

        print(help_text(folders))
        return 0
    if words and "=" not in words[0] and not words[0].startswith(("+", "~")):
        from faceswap_lab.cli.subcommands import run_subcommand

        return run_subcommand(words[0], words[1:], folders)
    if folders[1:]:
        from faceswap_lab.cli.own_groups import check_groups

        check_groups(folders)
    from faceswap_lab.cli.launch import launch
    from faceswap_lab.cli.study.levels import levels_of, run_levels
    from faceswap_lab.cli.typed import as_hydra_reads

    read, flags = as_hydra_reads(words, Options(folders), arguments.multirun), arguments.flags
    if _PRINTING & {flag.partition("=")[0] for flag in flags}:
        return launch(args, read, flags, folders)
    levels, typed = levels_of(read), flags
    if any(word.startswith("+study=") for word in read):
        flags = [*flags, "--multirun"]  # the study says so itself; beside a typing error Hydra would blame the seeds
        from faceswap_lab.cli.study.tuning import declares_tuning, run_tuned

        if declares_tuning(read, folders):
            return run_tuned(
                read, levels, lambda words, own: launch([*words, *typed], words, flags, folders, own), folders
            )
    if levels is None:
        return launch(args, read, flags, folders)
    return run_levels(levels, lambda words: launch([*words, *PLUGGED.words, *typed], words, flags, folders), folders)


if __name__ == "__main__":
    sys.exit(main())
