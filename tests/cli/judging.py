"""Words of a command line, judged as the program judges them, without running anything."""

from collections.abc import Sequence

from hydra.core.global_hydra import GlobalHydra

from faceswap_lab.cli.compose import composing
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.sweep.cells import Composer, axes_of, combinations
from faceswap_lab.cli.typed import as_hydra_reads
from faceswap_lab.config import Config
from faceswap_lab.options import Options


def judged(words: Sequence[str], sweep: bool = False) -> list[Config]:
    """Return the configuration of every combination; several only where a sweep is asked for."""
    folders = [conf_dir()]
    read = as_hydra_reads(words, Options(folders), sweep)
    with composing(folders) as compose:
        if not sweep:
            compose(read)  # as Hydra does, which takes no commas there
        own = [word for word in read if not word.startswith("hydra")]
        axes = axes_of(own, {}, GlobalHydra.instance().config_loader())
        composer = Composer(compose, folders)
        return [composer.config(cell) for cell in combinations(axes)]
